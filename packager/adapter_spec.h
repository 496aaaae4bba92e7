// Adapters from a spec written by hand.

#ifndef PEDIGREE_PACKAGER_ADAPTER_SPEC_H_
#define PEDIGREE_PACKAGER_ADAPTER_SPEC_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

// What an adapter made for `model` says of its parent. `model_digest` is the
// SHA-256 of the model's file.
ParentIdentity IdentityOf(const SlmReader& model, const Digest& model_digest);

// The adapter that `spec_text`, an AdapterSpec in text format, describes for
// `parent`. Tensors that it does not name are not in the file.
//
// ADP1, ASP1: a tensor's deltas are, in this order of additions: 0, its
// pattern, its elements, and for output.weight the spec's sequences. ASP1
// stores those that are not 0.
//
// ALR1: a factor's values are 0, its pattern (value i of A of tensor T is that
// of value i of a tensor "T.a"; B likewise), its elements. The sequences are
// factors of output.weight of scale 1, one rank a step: row k of A is
// strength x embeddings[token], and B[next][k] is 1.
//
// Errors: kInvalidArgument, naming the tensor or field and both values.
absl::StatusOr<std::string> MakeAdapter(std::string_view spec_text,
                                        const SlmReader& parent,
                                        const Digest& parent_digest);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_ADAPTER_SPEC_H_
