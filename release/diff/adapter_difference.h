// What differs between two adapter files, payload by payload.

#ifndef PEDIGREE_RELEASE_DIFF_ADAPTER_DIFFERENCE_H_
#define PEDIGREE_RELEASE_DIFF_ADAPTER_DIFFERENCE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "release/diff/value_difference.h"
#include "release/json_difference.h"
#include "runtime/adapters/adapter_reader.h"

namespace pedigree {

// One tensor's payload that is not the same in both.
struct PayloadDifference {
  std::string tensor;
  // "dense [2, 4]", "sparse [64, 32], 17 values", "low-rank [64, 32], rank 8,
  // scale 2"; empty where the adapter has no payload for the tensor.
  std::string form_a;
  std::string form_b;
  // Columns of the tensor, by which an index of `deltas` is a row and a column.
  uint64_t columns = 0;
  // Of dense and sparse payloads of one shape; an absent sparse delta is 0.
  std::optional<ValueDifference> deltas;
  // Of low-rank payloads of one shape and rank.
  std::optional<ValueDifference> factor_a;
  std::optional<ValueDifference> factor_b;
};

struct AdapterDifference {
  // Family and what is said of the parent.
  std::vector<JsonDifference> header;
  uint64_t payloads = 0;
  // In the order of `a`, those that only `b` has last.
  std::vector<PayloadDifference> differing;
};

// The name of a tensor by its hash.
using TensorNames = std::function<std::string(uint64_t name_hash)>;

AdapterDifference CompareAdapters(const AdapterReader& a,
                                  const AdapterReader& b,
                                  const TensorNames& names);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_ADAPTER_DIFFERENCE_H_
