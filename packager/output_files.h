// Several files written as one result.

#ifndef PEDIGREE_PACKAGER_OUTPUT_FILES_H_
#define PEDIGREE_PACKAGER_OUTPUT_FILES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace pedigree {

struct OutputFile {
  std::string path;
  std::string contents;
};

// Writes each file atomically, in order. When one fails, those written before
// it are removed, so a failure leaves no part of the result.
//
// Errors: those of WriteFileAtomically.
absl::Status WriteOutputFiles(const std::vector<OutputFile>& files);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_OUTPUT_FILES_H_
