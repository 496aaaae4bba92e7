#include "packager/model_facts.h"

#include "absl/types/span.h"
#include "runtime/base/bytes.h"

namespace pedigree {

ModelFacts FactsOf(const SlmReader& model, const Digest& digest) {
  ModelFacts facts;
  facts.shape = model.shape();
  facts.tokenizer_section = std::string(AsText(model.tokenizer_section()));
  facts.file_bytes = model.file_bytes().size();
  facts.digest = digest;
  facts.entries.assign(model.entries().begin(), model.entries().end());
  for (size_t i = 0; i < model.entries().size(); ++i) {
    const absl::Span<const float> scales = model.scales(i);
    Sha256Stream stream;
    stream.Update(model.payload(i));
    stream.Update(ByteSpan(reinterpret_cast<const uint8_t*>(scales.data()),
                           scales.size() * sizeof(float)));
    facts.tensor_digests.push_back(stream.Finish());
  }
  return facts;
}

}  // namespace pedigree
