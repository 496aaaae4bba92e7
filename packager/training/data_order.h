// In which order a training's texts are taken.
// Specification: docs/training.md, "Data order".

#ifndef PEDIGREE_PACKAGER_TRAINING_DATA_ORDER_H_
#define PEDIGREE_PACKAGER_TRAINING_DATA_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pedigree {

// One shuffle of all indices after the other, each of its own.
class DataOrder {
 public:
  // `count` is at least 1.
  DataOrder(uint64_t seed, size_t count);

  // The next index, below `count`.
  size_t Next();

 private:
  void Shuffle();

  uint64_t seed_;
  uint64_t epoch_ = 0;
  size_t next_ = 0;
  std::vector<size_t> order_;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_DATA_ORDER_H_
