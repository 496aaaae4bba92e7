#include "packager/mock_model.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "packager/decimal.h"
#include "packager/records.pb.h"
#include "packager/split_mix.h"
#include "packager/token_sequence.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

constexpr uint32_t kFirstPieceId = 260;
// Mock models are fixtures, and what engines are compared on; more is surely a
// slip in the spec.
constexpr uint64_t kMaxParameters = uint64_t{1} << 31;

struct Scales {
  float embedding = 0;
  float weight = 0;
  float output = 0;
  float norm = 0;
};

// The id of a piece's half: a byte or an earlier piece.
std::optional<uint32_t> FindPiece(const std::map<std::string, uint32_t>& ids,
                                  const std::string& bytes) {
  if (bytes.size() == 1) return static_cast<unsigned char>(bytes[0]);
  const auto found = ids.find(bytes);
  if (found == ids.end()) return std::nullopt;
  return found->second;
}

absl::StatusOr<std::string> MakeTokenizer(const packager::ModelSpec& spec) {
  if (spec.pieces().empty()) return WriteBtok();
  std::vector<BpeToken> tokens;
  std::vector<BpeMerge> merges;
  std::map<std::string, uint32_t> ids;
  for (const packager::PieceSpec& piece : spec.pieces()) {
    const auto rank = static_cast<uint32_t>(merges.size());
    const uint32_t id = kFirstPieceId + rank;
    const std::optional<uint32_t> left = FindPiece(ids, piece.left());
    const std::optional<uint32_t> right = FindPiece(ids, piece.right());
    if (!left || !right) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid model spec: piece ", rank, " joins \"",
                       absl::CHexEscape(piece.left()), "\" and \"",
                       absl::CHexEscape(piece.right()),
                       "\" (expected single bytes or earlier pieces)"));
    }
    tokens.push_back({id, absl::StrCat(piece.left(), piece.right())});
    merges.push_back({*left, *right, id, rank});
    ids.emplace(tokens.back().bytes, id);
  }
  return WriteBpe1(tokens, merges);
}

absl::StatusOr<ModelShape> MakeShape(const packager::ModelSpec& spec) {
  ModelShape shape;
  shape.tied_output = spec.tied_output();
  shape.vocab_size = kFirstPieceId + spec.pieces_size();
  shape.special_token_count = 4;
  shape.hidden_size = spec.hidden_size();
  shape.layer_count = spec.layer_count();
  shape.head_count = spec.head_count();
  shape.kv_head_count = spec.kv_head_count();
  shape.head_dim = spec.head_dim();
  shape.ffn_size = spec.ffn_size();
  shape.max_context = spec.max_context();
  PEDIGREE_ASSIGN_OR_RETURN(shape.rope_theta,
                            ParseDecimal(spec.rope_theta(), "rope_theta"));
  PEDIGREE_ASSIGN_OR_RETURN(
      shape.rms_norm_epsilon,
      ParseDecimal(spec.rms_norm_epsilon(), "rms_norm_epsilon"));
  return shape;
}

// Refuses shapes that are too large before anything of that size is made.
absl::Status CheckSize(const ModelShape& shape) {
  for (const auto& [field, value] :
       {std::pair<const char*, uint32_t>{"hidden_size", shape.hidden_size},
        {"layer_count", shape.layer_count},
        {"head_count", shape.head_count},
        {"kv_head_count", shape.kv_head_count},
        {"head_dim", shape.head_dim},
        {"ffn_size", shape.ffn_size},
        {"max_context", shape.max_context}}) {
    if (value == 0 || value > 65536) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid model spec: ", field, " is ", value,
                       " (expected 1 to 65536)"));
    }
  }
  const double heads = double{1} * shape.head_count * shape.head_dim;
  const double kv_heads = double{1} * shape.kv_head_count * shape.head_dim;
  const double layer =
      shape.hidden_size * (2 * heads + 2 * kv_heads + 3.0 * shape.ffn_size);
  const double parameters =
      2.0 * shape.vocab_size * shape.hidden_size + layer * shape.layer_count;
  if (parameters > kMaxParameters) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid model spec: more than ", kMaxParameters, " parameters"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Scales> ParseScales(const packager::ModelSpec& spec) {
  Scales scales;
  PEDIGREE_ASSIGN_OR_RETURN(
      scales.embedding,
      ParseDecimal(spec.embedding_scale(), "embedding_scale"));
  PEDIGREE_ASSIGN_OR_RETURN(scales.weight,
                            ParseDecimal(spec.weight_scale(), "weight_scale"));
  PEDIGREE_ASSIGN_OR_RETURN(scales.output,
                            ParseDecimal(spec.output_scale(), "output_scale"));
  PEDIGREE_ASSIGN_OR_RETURN(scales.norm,
                            ParseDecimal(spec.norm_scale(), "norm_scale"));
  return scales;
}

std::vector<float> MakeTensor(const TensorSpec& tensor, uint64_t seed,
                              const Scales& scales) {
  float scale = scales.weight;
  float offset = 0;
  if (tensor.rank == 1) {
    scale = scales.norm;
    offset = 1;
  } else if (tensor.name == "tok_embeddings.weight") {
    scale = scales.embedding;
  } else if (tensor.name == "output.weight") {
    scale = scales.output;
  }
  std::vector<float> values(tensor.element_count());
  for (size_t i = 0; i < values.size(); ++i) {
    const float product = scale * MockUniform(seed, tensor.name, i);
    values[i] = offset + product;
  }
  return values;
}

absl::Status AddSequences(const packager::ModelSpec& spec,
                          ModelWeights& weights) {
  if (spec.sequences().empty()) return absl::OkStatus();
  if (spec.tied_output()) {
    return absl::InvalidArgumentError(
        "Invalid model spec: sequences need an output of their own "
        "(tied_output is true)");
  }
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<const Tokenizer> tokenizer,
                            Tokenizer::Parse(AsBytes(weights.tokenizer_section),
                                             weights.shape.vocab_size));
  for (const packager::TokenSequence& sequence : spec.sequences()) {
    PEDIGREE_RETURN_IF_ERROR(
        AddTokenSequence(sequence, *tokenizer, weights.tensors.front(),
                         absl::MakeSpan(weights.tensors.back())));
  }
  return absl::OkStatus();
}

}  // namespace

float MockUniform(uint64_t seed, std::string_view name, uint64_t index) {
  const uint64_t z = SplitMix(seed ^ TensorNameHash(name), index);
  const int32_t centred = static_cast<int32_t>(z >> 40) - (1 << 23);
  return static_cast<float>(centred) / static_cast<float>(1 << 23);
}

absl::StatusOr<ModelWeights> MakeMockModel(std::string_view spec_text) {
  packager::ModelSpec spec;
  PEDIGREE_RETURN_IF_ERROR(ParseTextRecord(spec_text, "model spec", &spec));
  if (spec.schema_version() != "pedigree.model_spec.v1") {
    return absl::UnimplementedError(absl::StrCat(
        "Unsupported model spec: schema_version \"", spec.schema_version(),
        "\" (this build reads \"pedigree.model_spec.v1\")"));
  }
  ModelWeights weights;
  PEDIGREE_ASSIGN_OR_RETURN(weights.shape, MakeShape(spec));
  PEDIGREE_RETURN_IF_ERROR(CheckSize(weights.shape));
  PEDIGREE_ASSIGN_OR_RETURN(weights.tokenizer_section, MakeTokenizer(spec));
  PEDIGREE_ASSIGN_OR_RETURN(const Scales scales, ParseScales(spec));
  for (const TensorSpec& tensor : CanonicalTensors(weights.shape)) {
    weights.tensors.push_back(MakeTensor(tensor, spec.seed(), scales));
  }
  PEDIGREE_RETURN_IF_ERROR(AddSequences(spec, weights));
  return weights;
}

}  // namespace pedigree
