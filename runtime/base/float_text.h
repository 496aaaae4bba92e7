// Floats as text that reads back as the same number.

#ifndef PEDIGREE_RUNTIME_BASE_FLOAT_TEXT_H_
#define PEDIGREE_RUNTIME_BASE_FLOAT_TEXT_H_

#include <string>

namespace pedigree {

// The shortest decimal that reads back as `x`, for example "0.7" or "1e-05"; "inf",
// "-inf", and "nan" for every NaN. Does not depend on a locale.
std::string FloatText(float x);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_FLOAT_TEXT_H_
