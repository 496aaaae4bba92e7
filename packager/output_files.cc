#include "packager/output_files.h"

#include <cstdio>

#include "runtime/base/file.h"

namespace pedigree {

absl::Status WriteOutputFiles(const std::vector<OutputFile>& files) {
  for (size_t i = 0; i < files.size(); ++i) {
    const absl::Status status =
        WriteFileAtomically(files[i].path, files[i].contents);
    if (status.ok()) continue;
    while (i > 0) std::remove(files[--i].path.c_str());
    return status;
  }
  return absl::OkStatus();
}

}  // namespace pedigree
