// Several files written as one result.

#ifndef PEDIGREE_PACKAGER_OUTPUT_FILES_H_
#define PEDIGREE_PACKAGER_OUTPUT_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "runtime/base/file.h"

namespace pedigree {

struct OutputFile {
  std::string path;
  std::string contents;
  // Holds the contents already, at the same path; else null.
  std::shared_ptr<StagedFile> staged = nullptr;
};

// Writes each file atomically or commits it, in order. When one fails, those
// written before it are removed, so a failure leaves no part of the result.
//
// Errors: those of WriteFileAtomically and StagedFile::Commit.
absl::Status WriteOutputFiles(const std::vector<OutputFile>& files);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_OUTPUT_FILES_H_
