#include "packager/adapter_spec.h"

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "packager/adapter_writer.h"
#include "packager/decimal.h"
#include "packager/mock_model.h"
#include "packager/quantize.h"
#include "packager/records.pb.h"
#include "packager/token_sequence.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

// Deltas by the tensor's place in the parent.
using DeltaMap = std::map<int, std::vector<float>>;

absl::StatusOr<int> FindTensorByName(const SlmReader& parent,
                                     const std::string& name) {
  const int index = parent.FindTensor(TensorNameHash(name));
  if (index < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid adapter spec: the parent has no tensor \"", name, "\""));
  }
  return index;
}

std::vector<float>& DeltasOf(const SlmReader& parent, int index,
                             DeltaMap& deltas) {
  std::vector<float>& values = deltas[index];
  values.resize(parent.specs()[index].element_count());
  return values;
}

absl::Status AddPattern(const packager::SeededPattern& pattern,
                        const std::string& tensor, std::vector<float>& values) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const float scale,
      ParseDecimal(pattern.scale(), absl::StrCat("scale of \"", tensor, "\"")));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] += scale * MockUniform(pattern.seed(), tensor, i);
  }
  return absl::OkStatus();
}

absl::Status AddElement(const packager::ElementDelta& element,
                        const TensorSpec& tensor, std::vector<float>& values) {
  if (element.row() >= tensor.rows() || element.column() >= tensor.columns()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid adapter spec: element (", element.row(), ", ",
                     element.column(), ") of \"", tensor.name, "\" (shape ",
                     tensor.rows(), " x ", tensor.columns(), ")"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const float delta,
      ParseDecimal(element.delta(),
                   absl::StrCat("delta of \"", tensor.name, "\"")));
  values[element.row() * tensor.columns() + element.column()] += delta;
  return absl::OkStatus();
}

absl::Status AddTensorDelta(const packager::TensorDelta& delta,
                            const SlmReader& parent, DeltaMap& deltas) {
  PEDIGREE_ASSIGN_OR_RETURN(const int index,
                            FindTensorByName(parent, delta.tensor()));
  if (deltas.count(index) > 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid adapter spec: tensor \"", delta.tensor(), "\" twice"));
  }
  std::vector<float>& values = DeltasOf(parent, index, deltas);
  if (delta.has_pattern()) {
    PEDIGREE_RETURN_IF_ERROR(
        AddPattern(delta.pattern(), delta.tensor(), values));
  }
  for (const packager::ElementDelta& element : delta.elements()) {
    PEDIGREE_RETURN_IF_ERROR(
        AddElement(element, parent.specs()[index], values));
  }
  return absl::OkStatus();
}

absl::Status AddSequences(const packager::AdapterSpec& spec,
                          const SlmReader& parent, DeltaMap& deltas) {
  if (spec.sequences().empty()) return absl::OkStatus();
  PEDIGREE_ASSIGN_OR_RETURN(const int output,
                            FindTensorByName(parent, "output.weight"));
  PEDIGREE_ASSIGN_OR_RETURN(const int embeddings_index,
                            FindTensorByName(parent, "tok_embeddings.weight"));
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::unique_ptr<const Tokenizer> tokenizer,
      Tokenizer::Parse(parent.tokenizer_section(), parent.shape().vocab_size));
  const std::vector<float> embeddings =
      LoadTensor(ViewTensor(parent, embeddings_index));
  std::vector<float>& values = DeltasOf(parent, output, deltas);
  for (const packager::TokenSequence& sequence : spec.sequences()) {
    PEDIGREE_RETURN_IF_ERROR(AddTokenSequence(sequence, *tokenizer, embeddings,
                                              absl::MakeSpan(values)));
  }
  return absl::OkStatus();
}

}  // namespace

ParentIdentity IdentityOf(const SlmReader& model, const Digest& model_digest) {
  ParentIdentity identity;
  identity.model_flags = model.flags();
  identity.tensor_count = static_cast<uint32_t>(model.entries().size());
  identity.parameter_count = model.parameter_count();
  identity.tensor_layout_checksum = model.tensor_layout_checksum();
  identity.tokenizer_checksum = model.tokenizer_checksum();
  identity.model_digest = model_digest;
  return identity;
}

absl::StatusOr<std::string> MakeAdapter(std::string_view spec_text,
                                        const SlmReader& parent,
                                        const Digest& parent_digest) {
  packager::AdapterSpec spec;
  PEDIGREE_RETURN_IF_ERROR(ParseTextRecord(spec_text, "adapter spec", &spec));
  if (spec.schema_version() != "pedigree.adapter_spec.v1") {
    return absl::UnimplementedError(absl::StrCat(
        "Unsupported adapter spec: schema_version \"", spec.schema_version(),
        "\" (this build reads \"pedigree.adapter_spec.v1\")"));
  }
  DeltaMap deltas;
  for (const packager::TensorDelta& delta : spec.tensors()) {
    PEDIGREE_RETURN_IF_ERROR(AddTensorDelta(delta, parent, deltas));
  }
  PEDIGREE_RETURN_IF_ERROR(AddSequences(spec, parent, deltas));
  if (deltas.empty()) {
    return absl::InvalidArgumentError(
        "Invalid adapter spec: no tensor gets a delta");
  }
  std::vector<DenseDelta> payloads;
  for (auto& [index, values] : deltas) {
    payloads.push_back({parent.specs()[index], std::move(values)});
  }
  return WriteAdp1(IdentityOf(parent, parent_digest), payloads);
}

}  // namespace pedigree
