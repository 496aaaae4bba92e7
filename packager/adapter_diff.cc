#include "packager/adapter_diff.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "packager/adapter_spec.h"
#include "packager/adapter_writer.h"
#include "packager/quantize.h"
#include "packager/same_layout.h"
#include "runtime/base/status_macros.h"
#include "runtime/model/weights.h"

namespace pedigree {
namespace {

// The float whose bits, read as an integer, are `steps` more: a neighbour, since
// floats of one sign are in the order of their bits.
float Neighbour(float value, uint32_t steps) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  bits += steps;
  std::memcpy(&value, &bits, sizeof(bits));
  return value;
}

// A delta that takes `from` to `to`, which differ, or comes as near as it can.
float FindDelta(float from, float to) {
  const float difference = to - from;
  for (const uint32_t steps : {0u, 1u, 0xffffffffu}) {
    const float delta = Neighbour(difference, steps);
    if (from + delta == to) return delta;
  }
  return difference;
}

}  // namespace

absl::StatusOr<AdapterDiff> DiffModels(const SlmReader& parent,
                                       const Digest& parent_digest,
                                       const SlmReader& child,
                                       AdapterKind kind) {
  PEDIGREE_RETURN_IF_ERROR(CheckSameLayout(parent, child));
  AdapterDiff diff;
  DifferenceFigures& figures = diff.figures;
  std::vector<DenseDelta> dense;
  std::vector<SparseDelta> sparse;
  for (size_t i = 0; i < parent.specs().size(); ++i) {
    const TensorSpec& spec = parent.specs()[i];
    const std::vector<float> from = LoadTensor(ViewTensor(parent, i));
    const std::vector<float> to = LoadTensor(ViewTensor(child, i));
    SparseDelta delta = {spec, {}, {}};
    for (size_t k = 0; k < from.size(); ++k) {
      if (from[k] == to[k]) continue;
      if (k > std::numeric_limits<uint32_t>::max()) {
        return absl::UnimplementedError(absl::StrCat(
            "Unsupported difference: tensor \"", spec.name, "\" value ", k,
            " is past 2^32"));
      }
      const float value = FindDelta(from[k], to[k]);
      if (!std::isfinite(value)) {
        return absl::InvalidArgumentError(
            absl::StrCat("Invalid difference: tensor \"", spec.name,
                         "\" value ", k, " goes from ", from[k], " to ", to[k],
                         ", which no binary32 is"));
      }
      const float error = std::abs(from[k] + value - to[k]);
      if (error > 0) ++figures.inexact_values;
      figures.largest_error = std::max(figures.largest_error, error);
      delta.indices.push_back(static_cast<uint32_t>(k));
      delta.values.push_back(value);
    }
    figures.changed_values += delta.indices.size();
    if (delta.indices.empty()) continue;
    if (kind == AdapterKind::kSparse) {
      sparse.push_back(std::move(delta));
      continue;
    }
    DenseDelta& full = dense.emplace_back();
    full.tensor = spec;
    full.values.resize(from.size());
    for (size_t k = 0; k < delta.indices.size(); ++k) {
      full.values[delta.indices[k]] = delta.values[k];
    }
  }
  if (figures.changed_values == 0) {
    return absl::InvalidArgumentError(
        "Invalid difference: both models have the same values");
  }
  const ParentIdentity identity = IdentityOf(parent, parent_digest);
  PEDIGREE_ASSIGN_OR_RETURN(diff.adapter, kind == AdapterKind::kSparse
                                              ? WriteAsp1(identity, sparse)
                                              : WriteAdp1(identity, dense));
  return diff;
}

}  // namespace pedigree
