// Whether an adapter may be applied to a model.
// Specification: docs/formats/adapter.md, "Validation".

#ifndef PEDIGREE_RUNTIME_ADAPTERS_VALIDATE_ADAPTER_H_
#define PEDIGREE_RUNTIME_ADAPTERS_VALIDATE_ADAPTER_H_

#include "absl/status/status.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

// Checks that every identity field of `adapter` is the model's, its digest
// included, and that each payload names a tensor of the model and has its
// shape. That fused values are finite is checked by FuseTensor.
//
// Errors: code AdapterIdentityMismatch, with the first field that differs and
// both values; code AdapterPayloadInvalid, with the payload.
absl::Status ValidateAdapter(const AdapterReader& adapter,
                             const SlmReader& model,
                             const Digest& model_digest);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ADAPTERS_VALIDATE_ADAPTER_H_
