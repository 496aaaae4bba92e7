#include "packager/merge/merge_models.h"

#include <string>
#include <utility>

#include "absl/types/span.h"
#include "packager/quantize.h"
#include "runtime/base/bytes.h"
#include "runtime/model/weights.h"

namespace pedigree {

absl::StatusOr<StoredModel> MergeModels(const MergeSettings& settings,
                                        const std::vector<SlmReader>& models,
                                        const StorageRequest& request) {
  const SlmReader& first = models.front();
  const size_t base_count = HasBase(settings.method) ? 1 : 0;
  const auto merged = [&](size_t tensor) {
    std::vector<std::vector<float>> values;
    std::vector<absl::Span<const float>> spans;
    for (const SlmReader& model : models) {
      values.push_back(LoadTensor(ViewTensor(model, tensor)));
      spans.push_back(values.back());
    }
    absl::Span<const float> base;
    if (base_count > 0) base = spans.front();
    spans.erase(spans.begin(), spans.begin() + base_count);
    const TensorMerge merge(settings, first.specs()[tensor].name, base,
                            std::move(spans));
    std::vector<float> result(values.front().size());
    merge.Merge(0, absl::MakeSpan(result));
    return result;
  };
  return StoreValues(first.shape(),
                     std::string(AsText(first.tokenizer_section())), merged,
                     request);
}

}  // namespace pedigree
