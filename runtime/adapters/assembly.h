// The name of a model with the adapters applied to it.
// Specification: docs/formats/adapter.md, "Assembly digest".

#ifndef PEDIGREE_RUNTIME_ADAPTERS_ASSEMBLY_H_
#define PEDIGREE_RUNTIME_ADAPTERS_ASSEMBLY_H_

#include <string>

#include "absl/types/span.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// The canonical JSON {"adapters":["sha256:..",..],"base":"sha256:.."}, adapters
// in the order they are applied.
std::string AssemblyDocument(const Digest& base,
                             absl::Span<const Digest> adapters);

// SHA-256 of the assembly document. A model without adapters has one too.
Digest AssemblyDigest(const Digest& base, absl::Span<const Digest> adapters);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ADAPTERS_ASSEMBLY_H_
