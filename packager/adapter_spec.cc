#include "packager/adapter_spec.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
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

// What each tensor gets, by its place in the parent.
using DeltaMap = std::map<int, std::vector<float>>;
using FactorMap = std::map<int, LowRankDelta>;

template <typename... Parts>
absl::Status SpecError(const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid adapter spec: ", parts...));
}

absl::StatusOr<int> FindTensorByName(const SlmReader& parent,
                                     const std::string& name) {
  const int index = parent.FindTensor(TensorNameHash(name));
  if (index < 0) return SpecError("the parent has no tensor \"", name, "\"");
  return index;
}

// A matrix to fill; a vector is one row.
struct Matrix {
  std::string name;
  uint64_t rows;
  uint64_t columns;
  absl::Span<float> values;
};

absl::Status AddPattern(const packager::SeededPattern& pattern,
                        const Matrix& matrix) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const float scale,
      ParseDecimal(pattern.scale(),
                   absl::StrCat("scale of \"", matrix.name, "\"")));
  const size_t step = std::max(pattern.every(), uint32_t{1});
  for (size_t i = 0; i < matrix.values.size(); i += step) {
    matrix.values[i] += scale * MockUniform(pattern.seed(), matrix.name, i);
  }
  return absl::OkStatus();
}

absl::Status AddElement(const packager::ElementDelta& element,
                        const Matrix& matrix) {
  if (element.row() >= matrix.rows || element.column() >= matrix.columns) {
    return SpecError("element (", element.row(), ", ", element.column(),
                     ") of \"", matrix.name, "\" (shape ", matrix.rows, " x ",
                     matrix.columns, ")");
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const float delta,
      ParseDecimal(element.delta(),
                   absl::StrCat("delta of \"", matrix.name, "\"")));
  matrix.values[element.row() * matrix.columns + element.column()] += delta;
  return absl::OkStatus();
}

// Adds the pattern and the elements of `source`, which is of either message
// that has them.
template <typename Source>
absl::Status AddValues(const Source& source, const Matrix& matrix) {
  if (source.has_pattern()) {
    PEDIGREE_RETURN_IF_ERROR(AddPattern(source.pattern(), matrix));
  }
  for (const packager::ElementDelta& element : source.elements()) {
    PEDIGREE_RETURN_IF_ERROR(AddElement(element, matrix));
  }
  return absl::OkStatus();
}

std::vector<float>& DeltasOf(const SlmReader& parent, int index,
                             DeltaMap& deltas) {
  std::vector<float>& values = deltas[index];
  values.resize(parent.specs()[index].element_count());
  return values;
}

absl::Status AddTensorDelta(const packager::TensorDelta& delta,
                            const SlmReader& parent, DeltaMap& deltas) {
  PEDIGREE_ASSIGN_OR_RETURN(const int index,
                            FindTensorByName(parent, delta.tensor()));
  if (deltas.count(index) > 0) {
    return SpecError("tensor \"", delta.tensor(), "\" twice");
  }
  const TensorSpec& tensor = parent.specs()[index];
  return AddValues(delta,
                   {tensor.name, tensor.rows(), tensor.columns(),
                    absl::MakeSpan(DeltasOf(parent, index, deltas))});
}

// What sequences need of the parent.
struct SequenceSource {
  int output_index = 0;
  std::unique_ptr<const Tokenizer> tokenizer;
  std::vector<float> embeddings;
};

absl::StatusOr<SequenceSource> ReadSequenceSource(const SlmReader& parent) {
  SequenceSource source;
  PEDIGREE_ASSIGN_OR_RETURN(source.output_index,
                            FindTensorByName(parent, "output.weight"));
  PEDIGREE_ASSIGN_OR_RETURN(const int embeddings_index,
                            FindTensorByName(parent, "tok_embeddings.weight"));
  PEDIGREE_ASSIGN_OR_RETURN(
      source.tokenizer,
      Tokenizer::Parse(parent.tokenizer_section(), parent.shape().vocab_size));
  source.embeddings = LoadTensor(ViewTensor(parent, embeddings_index));
  return source;
}

absl::Status AddSequences(const packager::AdapterSpec& spec,
                          const SlmReader& parent, DeltaMap& deltas) {
  if (spec.sequences().empty()) return absl::OkStatus();
  PEDIGREE_ASSIGN_OR_RETURN(const SequenceSource source,
                            ReadSequenceSource(parent));
  std::vector<float>& values = DeltasOf(parent, source.output_index, deltas);
  for (const packager::TokenSequence& sequence : spec.sequences()) {
    PEDIGREE_RETURN_IF_ERROR(
        AddTokenSequence(sequence, *source.tokenizer, source.embeddings,
                         absl::MakeSpan(values)));
  }
  return absl::OkStatus();
}

absl::StatusOr<DeltaMap> MakeDeltas(const packager::AdapterSpec& spec,
                                    const SlmReader& parent) {
  DeltaMap deltas;
  for (const packager::TensorDelta& delta : spec.tensors()) {
    PEDIGREE_RETURN_IF_ERROR(AddTensorDelta(delta, parent, deltas));
  }
  PEDIGREE_RETURN_IF_ERROR(AddSequences(spec, parent, deltas));
  if (deltas.empty()) return SpecError("no tensor gets a delta");
  return deltas;
}

// The deltas that are not 0.
absl::StatusOr<SparseDelta> MakeSparse(const TensorSpec& tensor,
                                       absl::Span<const float> values) {
  constexpr uint64_t kReach = uint64_t{1} << 32;
  if (values.size() > kReach) {
    return SpecError("tensor \"", tensor.name, "\" has ", values.size(),
                     " values (sparse indices reach ", kReach, ")");
  }
  SparseDelta sparse;
  sparse.tensor = tensor;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == 0) continue;
    sparse.indices.push_back(static_cast<uint32_t>(i));
    sparse.values.push_back(values[i]);
  }
  if (sparse.indices.empty()) {
    return SpecError("every delta of \"", tensor.name, "\" is 0");
  }
  return sparse;
}

// Factors of zeros for tensor `index`, which has none yet.
absl::StatusOr<LowRankDelta*> AddFactors(const SlmReader& parent, int index,
                                         uint64_t rank, FactorMap& factors) {
  const TensorSpec& tensor = parent.specs()[index];
  if (factors.count(index) > 0) {
    return SpecError("tensor \"", tensor.name, "\" twice");
  }
  const uint64_t most = std::min(tensor.rows(), tensor.columns());
  if (rank < 1 || rank > most) {
    return SpecError("rank ", rank, " of \"", tensor.name,
                     "\" (must be 1 to ", most, ")");
  }
  LowRankDelta& delta = factors[index];
  delta.tensor = tensor;
  delta.rank = static_cast<uint32_t>(rank);
  delta.a.resize(static_cast<size_t>(rank * tensor.columns()));
  delta.b.resize(static_cast<size_t>(tensor.rows() * rank));
  return &delta;
}

absl::Status AddTensorFactors(const packager::TensorFactors& source,
                              const SlmReader& parent, FactorMap& factors) {
  PEDIGREE_ASSIGN_OR_RETURN(const int index,
                            FindTensorByName(parent, source.tensor()));
  PEDIGREE_ASSIGN_OR_RETURN(
      LowRankDelta* const delta,
      AddFactors(parent, index, source.rank(), factors));
  const TensorSpec& tensor = delta->tensor;
  PEDIGREE_ASSIGN_OR_RETURN(
      delta->scale,
      ParseDecimal(source.scale(),
                   absl::StrCat("scale of \"", tensor.name, "\"")));
  PEDIGREE_RETURN_IF_ERROR(
      AddValues(source.a(), {tensor.name + ".a", delta->rank, tensor.columns(),
                             absl::MakeSpan(delta->a)}));
  return AddValues(source.b(), {tensor.name + ".b", tensor.rows(), delta->rank,
                                absl::MakeSpan(delta->b)});
}

absl::Status AddSequenceFactors(const packager::AdapterSpec& spec,
                                const SlmReader& parent, FactorMap& factors) {
  if (spec.sequences().empty()) return absl::OkStatus();
  PEDIGREE_ASSIGN_OR_RETURN(const SequenceSource source,
                            ReadSequenceSource(parent));
  std::vector<TokenStep> steps;
  for (const packager::TokenSequence& sequence : spec.sequences()) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::vector<TokenStep> more,
                              TokenSteps(sequence, *source.tokenizer));
    steps.insert(steps.end(), more.begin(), more.end());
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      LowRankDelta* const delta,
      AddFactors(parent, source.output_index, steps.size(), factors));
  const size_t columns = static_cast<size_t>(delta->tensor.columns());
  for (size_t k = 0; k < steps.size(); ++k) {
    const float* from = &source.embeddings[steps[k].token * columns];
    float* to = &delta->a[k * columns];
    for (size_t c = 0; c < columns; ++c) to[c] = steps[k].strength * from[c];
    delta->b[steps[k].next * steps.size() + k] = 1;
  }
  return absl::OkStatus();
}

absl::StatusOr<FactorMap> MakeFactors(const packager::AdapterSpec& spec,
                                      const SlmReader& parent) {
  FactorMap factors;
  for (const packager::TensorFactors& source : spec.factors()) {
    PEDIGREE_RETURN_IF_ERROR(AddTensorFactors(source, parent, factors));
  }
  PEDIGREE_RETURN_IF_ERROR(AddSequenceFactors(spec, parent, factors));
  if (factors.empty()) return SpecError("no tensor gets factors");
  return factors;
}

absl::StatusOr<AdapterKind> ReadFamily(const packager::AdapterSpec& spec) {
  if (spec.family().empty()) return AdapterKind::kDense;
  const std::optional<AdapterKind> kind = FindAdapterFamily(spec.family());
  if (!kind.has_value()) {
    return SpecError("family \"", spec.family(),
                     "\" (expected ADP1, ASP1 or ALR1)");
  }
  return *kind;
}

// Refuses what the family has no place for.
absl::Status CheckParts(const packager::AdapterSpec& spec, AdapterKind kind) {
  const bool low_rank = kind == AdapterKind::kLowRank;
  const int strangers = low_rank ? spec.tensors_size() : spec.factors_size();
  if (strangers == 0) return absl::OkStatus();
  return SpecError(AdapterFamily(kind), " takes no ",
                   low_rank ? "tensors" : "factors", " (found ", strangers,
                   ")");
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
  PEDIGREE_ASSIGN_OR_RETURN(const AdapterKind kind, ReadFamily(spec));
  PEDIGREE_RETURN_IF_ERROR(CheckParts(spec, kind));
  const ParentIdentity identity = IdentityOf(parent, parent_digest);
  if (kind == AdapterKind::kLowRank) {
    PEDIGREE_ASSIGN_OR_RETURN(FactorMap factors, MakeFactors(spec, parent));
    std::vector<LowRankDelta> payloads;
    for (auto& [index, delta] : factors) payloads.push_back(std::move(delta));
    return WriteAlr1(identity, payloads);
  }
  PEDIGREE_ASSIGN_OR_RETURN(DeltaMap deltas, MakeDeltas(spec, parent));
  if (kind == AdapterKind::kSparse) {
    std::vector<SparseDelta> payloads;
    for (const auto& [index, values] : deltas) {
      PEDIGREE_ASSIGN_OR_RETURN(SparseDelta delta,
                                MakeSparse(parent.specs()[index], values));
      payloads.push_back(std::move(delta));
    }
    return WriteAsp1(identity, payloads);
  }
  std::vector<DenseDelta> payloads;
  for (auto& [index, values] : deltas) {
    payloads.push_back({parent.specs()[index], std::move(values)});
  }
  return WriteAdp1(identity, payloads);
}

}  // namespace pedigree
