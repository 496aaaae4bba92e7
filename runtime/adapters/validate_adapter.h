// Whether an adapter may be applied to a model.
// Specification: docs/formats/adapter.md, "Validation".

#ifndef PEDIGREE_RUNTIME_ADAPTERS_VALIDATE_ADAPTER_H_
#define PEDIGREE_RUNTIME_ADAPTERS_VALIDATE_ADAPTER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

// A model that was shown to be another one but for the storage of its tensors:
// both derive from one model by `quantize`. Showing it is the caller's part.
struct Sibling {
  Digest model_digest;
  // SHA-256 of each receipt that shows it.
  std::vector<Digest> receipt_digests;
};

// The one of `siblings` with this digest, or null.
const Sibling* FindSibling(const Digest& model_digest,
                           absl::Span<const Sibling> siblings);

// Checks that every identity field of `adapter` is the model's, and that each
// payload names a tensor of the model and has its shape. The digest may be that
// of one of `siblings` instead, which are the model's. That fused values are
// finite is checked by CheckFused.
//
// Errors: code AdapterIdentityMismatch, with the first field that differs and
// both values; code AdapterPayloadInvalid, with the payload.
absl::Status ValidateAdapter(const AdapterReader& adapter,
                             const SlmReader& model,
                             const Digest& model_digest,
                             absl::Span<const Sibling> siblings = {});

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ADAPTERS_VALIDATE_ADAPTER_H_
