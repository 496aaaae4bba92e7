// Merging one tensor of several models.
//
// Operands are binary32, arithmetic is binary64 in the order of the models, and
// a result is rounded to binary32 once, so that a merge is the same on every
// machine. Specification: docs/formats/merge.md.

#ifndef PEDIGREE_PACKAGER_MERGE_MERGE_TENSORS_H_
#define PEDIGREE_PACKAGER_MERGE_MERGE_TENSORS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/types/span.h"

namespace pedigree {

enum class MergeMethod {
  // Weighted average of all models.
  // Source: Wortsman et al. 2022, "Model soups".
  kSoup,
  // base + lambda x the weighted sum of the models' differences from the base.
  // Source: Ilharco et al. 2023, "Editing models with task arithmetic".
  kTaskArithmetic,
  // Along the arc between two models, tensor by tensor.
  // Source: Shoemake 1985, "Animating rotation with quaternion curves".
  kSlerp,
  // As task arithmetic, of the largest differences, those of the losing sign
  // left out.
  // Source: Yadav et al. 2023, "TIES-Merging".
  kTies,
  // As task arithmetic, of differences kept at random and made larger.
  // Source: Yu et al. 2024, "Language models are super Mario".
  kDare,
  // The differences that kDare keeps, merged as kTies merges them.
  kDareTies,
};

// "soup", "task_arithmetic", "slerp", "ties", "dare" or "dare_ties".
std::string_view MergeMethodName(MergeMethod method);
std::optional<MergeMethod> FindMergeMethod(std::string_view name);

// Whether differences from a base are merged, and not the models themselves.
bool HasBase(MergeMethod method);
// Whether only a share of the differences is kept.
bool HasDensity(MergeMethod method);

struct MergeSettings {
  MergeMethod method = MergeMethod::kSoup;
  // One for each model; not of kSlerp.
  std::vector<float> weights;
  // kTies, kDare, kDareTies: the share of differences kept, above 0 to 1.
  float density = 1;
  // With a base: what the merged difference is multiplied by.
  float lambda = 1;
  // kSlerp: 0 is the first model, 1 the second.
  float interpolation = 0.5f;
  // kDare, kDareTies.
  uint64_t seed = 0;
};

// One tensor's merge: what depends on the whole tensor is worked out once.
class TensorMerge {
 public:
  // `models`: the tensor's values in each model, and in the base where the
  // method has one, all of one length. All are borrowed; so is `settings`.
  TensorMerge(const MergeSettings& settings, std::string_view tensor_name,
              absl::Span<const float> base,
              std::vector<absl::Span<const float>> models);

  // Merged values from `first` on; as many as `out` has place for. One that
  // binary32 can't hold becomes infinite. May be called by several threads.
  void Merge(uint64_t first, absl::Span<float> out) const;

 private:
  // What is kept of the difference of model `model` at `index`.
  double Difference(size_t model, uint64_t index) const;
  double DifferenceSum(uint64_t index) const;
  double ElectedMean(uint64_t index) const;
  void PlanSlerp();
  void PlanTrim();

  const MergeSettings& settings_;
  absl::Span<const float> base_;
  std::vector<absl::Span<const float>> models_;
  // Of kSoup and kSlerp: what each model is multiplied by.
  std::vector<double> factors_;
  // kTies, by model: differences of larger magnitude are kept, and those equal
  // to it before an index.
  struct Threshold {
    float magnitude = 0;
    uint64_t ties_before = 0;
  };
  std::vector<Threshold> thresholds_;
  // kDare, kDareTies, by model: the state of its generator.
  std::vector<uint64_t> states_;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_MERGE_MERGE_TENSORS_H_
