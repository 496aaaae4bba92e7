#include "packager/checkpoints/peft_adapter.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "packager/adapter_spec.h"
#include "packager/adapter_writer.h"
#include "packager/checkpoints/checkpoint.h"
#include "packager/checkpoints/hf_tensors.h"
#include "packager/checkpoints/peft_config.h"
#include "packager/checkpoints/safetensors_reader.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/finite.h"

namespace pedigree {
namespace {

constexpr uint64_t kMaxConfigBytes = 1 << 20;
constexpr std::string_view kPrefix = "base_model.model.";

using Tensors = std::map<std::string, SafetensorsTensor>;
using Rows = std::shared_ptr<const std::vector<int64_t>>;

// A matrix of the parent, and how PEFT names and stores its change.
struct Target {
  TensorSpec spec;
  // "model.layers.0.self_attn.q_proj".
  std::string module;
  // Of embeddings and output: a row for each token.
  bool is_vocabulary = false;
  // Of the embeddings: their factors are stored transposed.
  bool is_embedding = false;
  // The source's row for each of the parent's; null when they are the same.
  std::shared_ptr<const std::vector<int64_t>> rows;
  // How many rows the source has; of a renumbered vocabulary at least so many,
  // since what no token has is left out.
  uint64_t source_rows = 0;
  bool is_renumbered = false;
};

std::string FactorName(const Target& target, std::string_view factor) {
  return target.is_embedding
             ? absl::StrCat(kPrefix, target.module, ".lora_embedding_", factor)
             : absl::StrCat(kPrefix, target.module, ".lora_", factor,
                            ".weight");
}

absl::Status FactorError(const std::string& name, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid adapter: tensor \"", name, "\" ", what));
}

// One factor: [rows, columns] in f32, row-major.
struct Factor {
  std::string name;
  uint64_t rows = 0;
  uint64_t columns = 0;
  std::vector<float> values;
};

// Takes `name` out of `tensors`; nothing when it is not there.
absl::StatusOr<std::optional<Factor>> TakeFactor(const std::string& name,
                                                 Tensors& tensors) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) return std::nullopt;
  const SafetensorsTensor tensor = std::move(found->second);
  tensors.erase(found);
  if (tensor.shape.size() != 2) {
    return FactorError(name, absl::StrCat("has rank ", tensor.shape.size(),
                                          " (expected 2)"));
  }
  const std::optional<SourceEncoding> encoding =
      FindSafetensorsEncoding(tensor.dtype);
  if (!encoding.has_value()) {
    return absl::UnimplementedError(
        absl::StrCat("Unsupported adapter: tensor \"", name, "\" is of type ",
                     tensor.dtype, " (expected F32, F16 or BF16)"));
  }
  SourceTensor source;
  source.encoding = *encoding;
  source.values = tensor.bytes;
  Factor factor = {name, tensor.shape[0], tensor.shape[1], {}};
  factor.values.resize(factor.rows * factor.columns);
  if (factor.values.empty()) return factor;
  ReadRows(source, factor.columns, 0, factor.rows, factor.values.data());
  const ByteSpan bytes(
      reinterpret_cast<const uint8_t*>(factor.values.data()),
      factor.values.size() * sizeof(float));
  if (const auto index = FindNonFinite(bytes); index.has_value()) {
    return FactorError(name, absl::StrCat("value ", *index, " is not finite"));
  }
  return factor;
}

absl::Status CheckFactor(const Factor& factor, uint64_t rows,
                         uint64_t columns) {
  if (factor.rows == rows && factor.columns == columns) {
    return absl::OkStatus();
  }
  return FactorError(
      factor.name,
      absl::StrCat("has shape [", factor.rows, ", ", factor.columns,
                   "] (expected [", rows, ", ", columns, "])"));
}

// [columns, rows] of [rows, columns].
Factor Transposed(Factor factor) {
  std::vector<float> values(factor.values.size());
  for (uint64_t row = 0; row < factor.rows; ++row) {
    for (uint64_t column = 0; column < factor.columns; ++column) {
      values[column * factor.rows + row] =
          factor.values[row * factor.columns + column];
    }
  }
  factor.values = std::move(values);
  std::swap(factor.rows, factor.columns);
  return factor;
}

// The rows of B as the parent has them.
std::vector<float> OrderedRows(const Target& target, Factor b) {
  if (target.rows == nullptr) return std::move(b.values);
  std::vector<float> values;
  values.reserve(target.rows->size() * b.columns);
  for (const int64_t row : *target.rows) {
    if (row == kAbsentRow) {
      values.insert(values.end(), b.columns, 0.0f);
      continue;
    }
    const auto begin = b.values.begin() + row * b.columns;
    values.insert(values.end(), begin, begin + b.columns);
  }
  return values;
}

// Takes both factors of `target` out of `tensors`; nothing when it has none.
absl::StatusOr<std::optional<LowRankDelta>> TakeDelta(const Target& target,
                                                      const PeftConfig& config,
                                                      Tensors& tensors) {
  const std::string a_name = FactorName(target, "A");
  const std::string b_name = FactorName(target, "B");
  PEDIGREE_ASSIGN_OR_RETURN(std::optional<Factor> a,
                            TakeFactor(a_name, tensors));
  PEDIGREE_ASSIGN_OR_RETURN(std::optional<Factor> b,
                            TakeFactor(b_name, tensors));
  if (!a.has_value() && !b.has_value()) return std::nullopt;
  if (!a.has_value()) return FactorError(a_name, "is missing");
  if (!b.has_value()) return FactorError(b_name, "is missing");
  const uint64_t rank = a->rows;
  const uint64_t most = std::min(target.spec.rows(), target.spec.columns());
  if (rank == 0 || rank > most) {
    return FactorError(a_name, absl::StrCat("has ", rank,
                                            " rows (expected a rank of 1 to ",
                                            most, ")"));
  }
  uint64_t source_rows = target.source_rows;
  const uint64_t found_rows = target.is_embedding ? a->columns : b->rows;
  if (target.is_renumbered && found_rows > source_rows) {
    source_rows = found_rows;
  }
  const uint64_t columns = target.spec.columns();
  PEDIGREE_RETURN_IF_ERROR(
      CheckFactor(*a, rank, target.is_embedding ? source_rows : columns));
  PEDIGREE_RETURN_IF_ERROR(
      CheckFactor(*b, target.is_embedding ? columns : source_rows, rank));
  LowRankDelta delta;
  delta.tensor = target.spec;
  delta.rank = static_cast<uint32_t>(rank);
  PEDIGREE_ASSIGN_OR_RETURN(delta.scale,
                            PeftScale(config, target.module, delta.rank));
  if (target.is_embedding) {
    std::swap(*a, *b);
    *a = Transposed(*std::move(a));
    *b = Transposed(*std::move(b));
  }
  delta.a = std::move(a->values);
  delta.b = OrderedRows(target, *std::move(b));
  return delta;
}

// The matrices of `parent` that PEFT can adapt, in canonical order.
std::vector<Target> Targets(const SlmReader& parent) {
  const ModelShape& shape = parent.shape();
  const std::vector<TensorSpec> specs = CanonicalTensors(shape);
  const std::vector<std::string> names = SourceNames(shape, HfTensorNames());
  std::vector<Target> targets;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].rank == 1) continue;
    // PEFT adapts a tied matrix in one of its two roles only.
    if (i == 0 && shape.tied_output) continue;
    Target& target = targets.emplace_back();
    target.spec = specs[i];
    target.module = std::string(absl::StripSuffix(names[i], ".weight"));
    target.source_rows = specs[i].rows();
    target.is_embedding = i == 0;
    target.is_vocabulary = i == 0 || (!shape.tied_output && i + 1 == specs.size());
    if (absl::EndsWith(target.module, ".q_proj")) {
      target.rows = std::make_shared<const std::vector<int64_t>>(
          RowsOfHalves(shape.head_count, shape.head_dim));
    } else if (absl::EndsWith(target.module, ".k_proj")) {
      target.rows = std::make_shared<const std::vector<int64_t>>(
          RowsOfHalves(shape.kv_head_count, shape.head_dim));
    }
  }
  return targets;
}

// Puts the rows of embeddings and output where the import put them.
absl::Status RenumberVocabulary(
    const std::optional<std::vector<TokenIdRange>>& id_map,
    std::vector<Target>& targets) {
  if (id_map.has_value() && id_map->empty()) return absl::OkStatus();
  std::vector<int64_t> rows;
  int64_t last = kAbsentRow;
  if (id_map.has_value()) {
    for (const TokenIdRange& range : *id_map) {
      for (uint32_t i = 0; i < range.count; ++i) {
        const int64_t row =
            range.absent ? kAbsentRow : int64_t{range.source_first_id} + i;
        rows.push_back(row);
        last = std::max(last, row);
      }
    }
  }
  const auto shared = std::make_shared<const std::vector<int64_t>>(rows);
  for (Target& target : targets) {
    if (!target.is_vocabulary) continue;
    if (id_map.has_value() && rows.size() != target.spec.rows()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid receipt: it numbers ", rows.size(),
                       " tokens (parent has ", target.spec.rows(), ")"));
    }
    target.rows = shared;
    target.source_rows = static_cast<uint64_t>(last + 1);
    target.is_renumbered = true;
  }
  return absl::OkStatus();
}

// What is left when all factors are taken has no place in an ALR1 adapter.
absl::Status RefuseRest(const Tensors& tensors, bool tied) {
  if (tensors.empty()) return absl::OkStatus();
  const std::string& name = tensors.begin()->first;
  std::string_view why = "has no place in the model";
  if (absl::StrContains(name, "lora_magnitude_vector")) {
    why = "is of DoRA";
  } else if (absl::EndsWith(name, ".base_layer.weight")) {
    // PEFT's default where embeddings or output are adapted.
    why =
        "is the base model's own, which may have been trained too (save "
        "without it: save_embedding_layers=False)";
  } else if (absl::EndsWith(name, ".bias")) {
    why = "is a bias";
  } else if (absl::StrContains(name, "modules_to_save")) {
    why = "is a whole module";
  } else if (tied && (absl::StrContains(name, "embed_tokens.") ||
                      absl::StrContains(name, "lm_head."))) {
    why = "changes one role only of a matrix that the parent has in two";
  }
  return absl::UnimplementedError(
      absl::StrCat("Unsupported adapter: tensor \"",
                   absl::CHexEscape(name.substr(0, 200)), "\" ", why));
}

absl::StatusOr<std::vector<LowRankDelta>> ReadDeltas(
    const SourceFile& weights, const SlmReader& parent,
    const PeftConfig& config, const std::vector<Target>& targets,
    bool knows_vocabulary) {
  PEDIGREE_ASSIGN_OR_RETURN(Tensors tensors, ParseSafetensors(weights.bytes));
  std::vector<LowRankDelta> deltas;
  for (const Target& target : targets) {
    if (!knows_vocabulary && target.is_vocabulary &&
        tensors.count(FactorName(target, "B")) > 0) {
      return FactorError(
          FactorName(target, "B"),
          "has a row for each token, and how the parent numbers tokens is not "
          "known (give the receipt of its import)");
    }
    PEDIGREE_ASSIGN_OR_RETURN(std::optional<LowRankDelta> delta,
                              TakeDelta(target, config, tensors));
    if (delta.has_value()) deltas.push_back(*std::move(delta));
  }
  PEDIGREE_RETURN_IF_ERROR(RefuseRest(tensors, parent.shape().tied_output));
  if (deltas.empty()) {
    return absl::InvalidArgumentError("Invalid adapter: it has no tensors");
  }
  return deltas;
}

absl::StatusOr<PeftConfig> ReadConfig(const SourceFile& file) {
  if (file.bytes.size() > kMaxConfigBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("Cannot read: ", file.bytes.size(), " bytes long (at most ",
                     kMaxConfigBytes, ")"));
  }
  return ParsePeftConfig(AsText(file.bytes));
}

}  // namespace

absl::StatusOr<std::string> ImportPeft(
    const PeftFiles& files, const SlmReader& parent,
    const Digest& parent_digest,
    const std::optional<std::vector<TokenIdRange>>& id_map) {
  const absl::StatusOr<PeftConfig> config = ReadConfig(files.config);
  if (!config.ok()) return AnnotateWithPath(config.status(), files.config.path);
  std::vector<Target> targets = Targets(parent);
  PEDIGREE_RETURN_IF_ERROR(RenumberVocabulary(id_map, targets));
  const absl::StatusOr<std::vector<LowRankDelta>> deltas =
      ReadDeltas(files.weights, parent, *config, targets, id_map.has_value());
  if (!deltas.ok()) {
    return AnnotateWithPath(deltas.status(), files.weights.path);
  }
  absl::StatusOr<std::string> adapter =
      WriteAlr1(IdentityOf(parent, parent_digest), *deltas);
  if (!adapter.ok()) {
    return AnnotateWithPath(adapter.status(), files.weights.path);
  }
  return adapter;
}

}  // namespace pedigree
