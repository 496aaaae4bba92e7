#include "packager/merge/merge_models.h"

#include <string>
#include <utility>

#include "absl/types/span.h"
#include "packager/quantize.h"
#include "runtime/base/bytes.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {

ComputedModel MergeModels(const MergeSettings& settings,
                          const std::vector<SlmReader>& models) {
  const SlmReader& first = models.front();
  ComputedModel merged;
  merged.shape = first.shape();
  merged.tokenizer_section = std::string(AsText(first.tokenizer_section()));
  merged.values = [&settings, &models](size_t tensor) {
    std::vector<std::vector<float>> values;
    std::vector<absl::Span<const float>> spans;
    for (const SlmReader& model : models) {
      values.push_back(
          LoadTensor(ViewTensor(model, static_cast<int>(tensor))));
      spans.push_back(values.back());
    }
    const size_t base_count = HasBase(settings.method) ? 1 : 0;
    absl::Span<const float> base;
    if (base_count > 0) base = spans.front();
    spans.erase(spans.begin(), spans.begin() + base_count);
    const TensorMerge merge(settings, models.front().specs()[tensor].name, base,
                            std::move(spans));
    std::vector<float> result(values.front().size());
    merge.Merge(0, absl::MakeSpan(result));
    return result;
  };
  return merged;
}

}  // namespace pedigree
