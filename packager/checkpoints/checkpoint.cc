#include "packager/checkpoints/checkpoint.h"

#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Offsets of wq and wk among a layer's tensors.
constexpr size_t kWq = 1;
constexpr size_t kWk = 2;
// Far past any model; keeps products of two dimensions in range.
constexpr uint32_t kMaxDimension = 1 << 30;

std::string Quoted(const std::string& name) {
  return absl::StrCat("tensor \"", absl::CHexEscape(name.substr(0, 200)),
                      "\"");
}

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid checkpoint: ", parts...));
}

// `status` with the path of the tensor's file before it.
absl::Status InFile(const FoundTensor& tensor, const absl::Status& status) {
  return AnnotateWithPath(status, tensor.source.file.path);
}

absl::Status CheckTensor(const std::string& name, const TensorSpec& spec,
                         const FoundTensor& tensor) {
  std::vector<uint64_t> dims(spec.dims.begin(), spec.dims.begin() + spec.rank);
  if (tensor.dims != dims) {
    return Invalid(Quoted(name), " has shape [",
                   absl::StrJoin(tensor.dims, ", "), "] (expected [",
                   absl::StrJoin(dims, ", "), "])");
  }
  if (!tensor.unreadable.empty()) {
    return absl::UnimplementedError(
        absl::StrCat("Unsupported checkpoint: ", Quoted(name), " is ",
                     tensor.unreadable, " (expected F32, F16 or BF16)"));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> SourceNames(const ModelShape& shape,
                                     const TensorNames& names) {
  std::vector<std::string> all = {names.embeddings};
  for (uint32_t layer = 0; layer < shape.layer_count; ++layer) {
    for (const std::string& tensor : names.layer) {
      all.push_back(absl::StrCat(names.layer_prefix, layer, ".", tensor));
    }
  }
  all.push_back(names.norm);
  if (!shape.tied_output) all.push_back(names.output);
  return all;
}

absl::Status CheckSourceShape(const ModelShape& shape, size_t tensor_count) {
  const struct {
    const char* name;
    uint32_t value;
  } kFields[] = {{"vocab_size", shape.vocab_size},
                 {"hidden_size", shape.hidden_size},
                 {"layer_count", shape.layer_count},
                 {"head_count", shape.head_count},
                 {"kv_head_count", shape.kv_head_count},
                 {"head_dim", shape.head_dim},
                 {"ffn_size", shape.ffn_size},
                 {"max_context", shape.max_context}};
  for (const auto& field : kFields) {
    if (field.value >= 1 && field.value <= kMaxDimension) continue;
    return Invalid(field.name, " is ", field.value, " (expected 1 to ",
                   kMaxDimension, ")");
  }
  if (shape.layer_count > tensor_count) {
    return Invalid(shape.layer_count, " layers in ", tensor_count, " tensors");
  }
  if (shape.head_count % shape.kv_head_count != 0) {
    return Invalid("kv_head_count ", shape.kv_head_count,
                   " does not divide head_count ", shape.head_count);
  }
  if (shape.head_dim % 2 != 0) {
    return absl::UnimplementedError(absl::StrCat(
        "Unsupported checkpoint: head_dim ", shape.head_dim, " is odd"));
  }
  if (uint64_t{shape.head_count} * shape.head_dim >
      std::numeric_limits<uint32_t>::max()) {
    return Invalid("head_count ", shape.head_count, " x head_dim ",
                   shape.head_dim, " is past 2^32");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SourceTensor>> TakeTensors(
    const ModelShape& shape, const TensorNames& names, const std::string& path,
    FoundTensors found) {
  const std::vector<TensorSpec> specs = CanonicalTensors(shape);
  const std::vector<std::string> source_names = SourceNames(shape, names);
  std::vector<SourceTensor> tensors;
  tensors.reserve(specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    const auto tensor = found.find(source_names[i]);
    if (tensor == found.end()) {
      return AnnotateWithPath(Invalid(Quoted(source_names[i]), " is missing"),
                              path);
    }
    PEDIGREE_RETURN_IF_ERROR(
        InFile(tensor->second,
               CheckTensor(tensor->first, specs[i], tensor->second)));
    tensors.push_back(std::move(tensor->second.source));
    tensors.back().name = tensor->first;
    found.erase(tensor);
  }
  if (found.empty()) return tensors;
  const auto& [name, tensor] = *found.begin();
  return InFile(tensor, absl::UnimplementedError(absl::StrCat(
                            "Unsupported checkpoint: ", Quoted(name),
                            " has no place in the model")));
}

void ReorderHalves(const ModelShape& shape,
                   std::vector<SourceTensor>& tensors) {
  using Rows = const std::vector<int64_t>;
  const auto query_rows = std::make_shared<Rows>(
      RowsOfHalves(shape.head_count, shape.head_dim));
  const auto key_rows = std::make_shared<Rows>(
      RowsOfHalves(shape.kv_head_count, shape.head_dim));
  for (size_t layer = 0; layer < shape.layer_count; ++layer) {
    const size_t first = 1 + layer * kTensorsPerLayer;
    tensors[first + kWq].rows = query_rows;
    tensors[first + kWk].rows = key_rows;
  }
}

absl::StatusOr<ModelSource> MakeSource(ModelShape shape,
                                       ImportedTokenizer tokenizer,
                                       std::vector<SourceTensor> tensors) {
  const int64_t row_count = shape.vocab_size;
  bool identity = tokenizer.source_row_of_id.size() == shape.vocab_size;
  for (size_t id = 0; id < tokenizer.source_row_of_id.size(); ++id) {
    const int64_t row = tokenizer.source_row_of_id[id];
    if (row < kAbsentRow || row >= row_count) {
      return Invalid("id ", id, " of the tokenizer is row ", row,
                     " of the embeddings (which have ", row_count, ")");
    }
    identity = identity && row == static_cast<int64_t>(id);
  }
  ModelSource source;
  source.shape = shape;
  source.shape.vocab_size =
      static_cast<uint32_t>(tokenizer.source_row_of_id.size());
  source.shape.special_token_count = tokenizer.special_token_count;
  source.tokenizer_section = std::move(tokenizer.section);
  source.tensors = std::move(tensors);
  if (identity) return source;
  source.id_map = IdMapOf(tokenizer.source_row_of_id);
  const auto rows = std::make_shared<const std::vector<int64_t>>(
      std::move(tokenizer.source_row_of_id));
  source.tensors.front().rows = rows;
  if (!shape.tied_output) source.tensors.back().rows = rows;
  return source;
}

}  // namespace pedigree
