#include "packager/output_files.h"

#include <cstdio>

namespace pedigree {

absl::Status WriteOutputFiles(const std::vector<OutputFile>& files) {
  for (size_t i = 0; i < files.size(); ++i) {
    const OutputFile& file = files[i];
    const absl::Status status =
        file.staged != nullptr ? file.staged->Commit()
                               : WriteFileAtomically(file.path, file.contents);
    if (status.ok()) continue;
    while (i > 0) std::remove(files[--i].path.c_str());
    return status;
  }
  return absl::OkStatus();
}

}  // namespace pedigree
