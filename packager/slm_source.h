// A `.slm` file as what another one is made of.

#ifndef PEDIGREE_PACKAGER_SLM_SOURCE_H_
#define PEDIGREE_PACKAGER_SLM_SOURCE_H_

#include "absl/status/statusor.h"
#include "packager/model_source.h"
#include "packager/source_file.h"

namespace pedigree {

// The model in `file`, whose bytes it borrows. They are read only once: the
// file's checksum is computed of what StoreSource reads, which fails in the end
// when it is wrong.
//
// Errors: those of SlmReader::ParseStructure, and for scales that no file may
// hold.
absl::StatusOr<ModelSource> OpenSlm(const SourceFile& file);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_SLM_SOURCE_H_
