// Floats as text that reads back to the same bits.

#ifndef PEDIGREE_RUNTIME_TENSOR_FLOAT_TEXT_H_
#define PEDIGREE_RUNTIME_TENSOR_FLOAT_TEXT_H_

#include <string>

namespace pedigree {

// The shortest decimal that reads back as `x`, for example "0.7", "1e-05" or
// "nan". Does not depend on a locale.
std::string FloatText(float x);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_FLOAT_TEXT_H_
