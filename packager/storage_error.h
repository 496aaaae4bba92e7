// What storing values in fewer bits costs.

#ifndef PEDIGREE_PACKAGER_STORAGE_ERROR_H_
#define PEDIGREE_PACKAGER_STORAGE_ERROR_H_

#include <cstdint>

#include "absl/types/span.h"
#include "packager/slm_writer.h"

namespace pedigree {

// How far stored values are from those they were made of.
struct StorageError {
  // max |stored - value|.
  float largest = 0;
  // sqrt(sum of (stored - value)^2 / sum of value^2), 0 where all values are.
  float relative = 0;
};

// Measures a tensor row by row. The sums are binary64, of the columns in eight
// lanes and of the rows in order, so neither pieces nor instruction sets change
// a bit of them.
class StorageErrorMeter {
 public:
  // Adds the next rows, `values` as they were and `data` as StoreRows made it.
  // Nothing for f32.
  void Add(absl::Span<const float> values, uint64_t columns,
           const TensorData& data);

  StorageError Result() const;

 private:
  float largest_ = 0;
  double squared_error_ = 0;
  double squared_values_ = 0;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_STORAGE_ERROR_H_
