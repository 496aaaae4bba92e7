// Folding adapters into a model: what the runtime materialises when it applies
// them, and the products of their low-rank factors, written down as a model of
// its own.

#ifndef PEDIGREE_PACKAGER_FUSE_H_
#define PEDIGREE_PACKAGER_FUSE_H_

#include <string>

#include "absl/status/statusor.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/model/model.h"

namespace pedigree {

// The `.slm` file of `model` with the adapters of `stack`, which stands on it.
// Tensors that no adapter touches keep their bytes; a touched one is stored
// with the dtype and block size that it had. So deltas fuse into an f32 model
// exactly; low-rank products, which the runtime adds beside the tensor, may
// differ from the assembly's in the last bits.
absl::StatusOr<std::string> WriteFused(const Model& model,
                                       const AdapterStack& stack);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_FUSE_H_
