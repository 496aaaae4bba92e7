// Whether models can take each other's tensors.

#ifndef PEDIGREE_PACKAGER_SAME_LAYOUT_H_
#define PEDIGREE_PACKAGER_SAME_LAYOUT_H_

#include "absl/status/status.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

// Whether `b` has the shape and the tokenizer of `a`. How tensors are stored
// may differ.
//
// Errors: kFailedPrecondition with the first field that differs and both
// values.
absl::Status CheckSameLayout(const SlmReader& a, const SlmReader& b);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_SAME_LAYOUT_H_
