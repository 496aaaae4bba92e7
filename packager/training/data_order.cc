#include "packager/training/data_order.h"

#include <utility>

#include "packager/split_mix.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

DataOrder::DataOrder(uint64_t seed, size_t count)
    : seed_(seed ^ TensorNameHash("data order")), order_(count) {
  Shuffle();
}

void DataOrder::Shuffle() {
  const uint64_t state = SplitMix(seed_, epoch_);
  ++epoch_;
  next_ = 0;
  for (size_t i = 0; i < order_.size(); ++i) order_[i] = i;
  for (size_t i = order_.size(); i-- > 1;) {
    const unsigned __int128 product =
        static_cast<unsigned __int128>(SplitMix(state, i)) * (i + 1);
    std::swap(order_[i], order_[static_cast<size_t>(product >> 64)]);
  }
}

size_t DataOrder::Next() {
  if (next_ == order_.size()) Shuffle();
  return order_[next_++];
}

}  // namespace pedigree
