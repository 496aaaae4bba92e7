#include "runtime/commands/inspect.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/float_text.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/commands/memory_json.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/preflight.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"
#include "runtime/model/model.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

std::string Hex(uint64_t value) {
  return absl::StrCat("0x", absl::Hex(value, absl::kZeroPad16));
}

std::string DimsText(uint32_t rank, const std::array<uint32_t, 4>& dims) {
  std::string text;
  for (uint32_t i = 0; i < rank; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : "x", dims[i]);
  }
  return text;
}

Json ShapeJson(const ModelShape& shape) {
  return {{"tied_output", shape.tied_output},
          {"vocab_size", shape.vocab_size},
          {"special_token_count", shape.special_token_count},
          {"hidden_size", shape.hidden_size},
          {"layer_count", shape.layer_count},
          {"head_count", shape.head_count},
          {"kv_head_count", shape.kv_head_count},
          {"head_dim", shape.head_dim},
          {"ffn_size", shape.ffn_size},
          {"max_context", shape.max_context},
          {"rope_theta", FloatText(shape.rope_theta)},
          {"rms_norm_epsilon", FloatText(shape.rms_norm_epsilon)}};
}

Json TokenizerJson(const Tokenizer& tokenizer) {
  const std::vector<bool>& excluded = tokenizer.excluded();
  return {{"kind", std::string(tokenizer.kind())},
          {"bos", tokenizer.bos()},
          {"eos", tokenizer.eos()},
          {"pad", tokenizer.pad()},
          {"unk", tokenizer.unk()},
          {"stop_ids", std::vector<uint32_t>(tokenizer.stop_ids().begin(),
                                             tokenizer.stop_ids().end())},
          {"excluded_count", static_cast<uint32_t>(std::count(
                                 excluded.begin(), excluded.end(), true))}};
}

Json IdentityJson(const Model& model) {
  const SlmReader& reader = model.reader();
  return {
      {"digest", model.digest().ToString()},
      {"file_bytes", absl::StrCat(reader.file_bytes().size())},
      {"checksum", Hex(reader.checksum())},
      {"parameter_count", absl::StrCat(reader.parameter_count())},
      {"tensor_layout_checksum", Hex(reader.tensor_layout_checksum())},
      {"tokenizer_checksum", Hex(reader.tokenizer_checksum())},
  };
}

Json TensorsJson(const SlmReader& reader) {
  Json tensors = Json::array();
  for (size_t i = 0; i < reader.entries().size(); ++i) {
    const TensorEntry& entry = reader.entries()[i];
    tensors.push_back({{"name", reader.specs()[i].name},
                       {"dtype", std::string(DTypeName(entry.dtype))},
                       {"shape", DimsText(entry.rank, entry.dims)},
                       {"block_size", entry.block_size},
                       {"byte_offset", absl::StrCat(entry.byte_offset)},
                       {"byte_length", absl::StrCat(entry.byte_length)}});
  }
  return tensors;
}

// As `preflight` tells it for one thread and else its defaults; where this build
// could not run the model, why.
Json ModelMemoryJson(ByteSpan file_bytes) {
  EngineConfig config;
  config.repack = true;
  const absl::StatusOr<MemoryUse> use = Preflight(file_bytes, config);
  if (!use.ok()) return {{"limit", std::string(use.status().message())}};
  config.context_tokens = use->context_tokens;
  return MemoryJson(*use, config);
}

Json PayloadJson(const AdapterPayload& payload) {
  Json json = {{"name_hash", Hex(payload.name_hash)},
               {"kind", std::string(AdapterKindName(payload.kind))},
               {"shape", DimsText(payload.rank, payload.dims)}};
  if (payload.kind == AdapterKind::kLowRank) {
    json["rank"] = payload.low_rank.rank;
    json["scale"] = FloatText(payload.low_rank.scale);
  } else {
    json["value_count"] = absl::StrCat(payload.deltas.size());
  }
  return json;
}

// One cell: a string as it is, anything else as JSON.
std::string CellText(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

bool IsTable(const Json& value) {
  return value.is_array() && !value.empty() && value[0].is_object();
}

void AppendTable(const Json& rows, const std::string& indent,
                 std::string& out) {
  std::vector<std::string> names;
  for (const auto& [name, value] : rows[0].items()) names.push_back(name);
  std::vector<size_t> widths;
  for (const std::string& name : names) {
    size_t width = name.size();
    for (const Json& row : rows) {
      width = std::max(width, CellText(row.at(name)).size());
    }
    widths.push_back(width);
  }
  const auto append_row = [&](const auto& cell) {
    std::string line = indent;
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string text = cell(names[i]);
      absl::StrAppend(&line, text,
                      std::string(widths[i] + 2 - text.size(), ' '));
    }
    line.resize(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, line, "\n");
  };
  append_row([](const std::string& name) { return name; });
  for (const Json& row : rows) {
    append_row(
        [&row](const std::string& name) { return CellText(row.at(name)); });
  }
}

void AppendMembers(const Json& json, const std::string& indent,
                   std::string& out) {
  for (const auto& [name, value] : json.items()) {
    if (value.is_object()) {
      absl::StrAppend(&out, indent, name, ":\n");
      AppendMembers(value, indent + "  ", out);
    } else if (IsTable(value)) {
      absl::StrAppend(&out, indent, name, ":\n");
      AppendTable(value, indent + "  ", out);
    } else {
      absl::StrAppend(&out, indent, name, ": ", CellText(value), "\n");
    }
  }
}

}  // namespace

absl::StatusOr<Json> InspectModel(ByteSpan file_bytes) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<const Model> model,
                            Model::Load(file_bytes));
  return Json{{"kind", "model"},
              {"format", "SLM1"},
              {"identity", IdentityJson(*model)},
              {"shape", ShapeJson(model->shape())},
              {"memory", ModelMemoryJson(file_bytes)},
              {"tokenizer", TokenizerJson(model->tokenizer())},
              {"tensors", TensorsJson(model->reader())}};
}

absl::StatusOr<Json> InspectAdapter(ByteSpan file_bytes) {
  PEDIGREE_ASSIGN_OR_RETURN(const AdapterReader adapter,
                            AdapterReader::Parse(file_bytes));
  const ParentIdentity& parent = adapter.parent();
  Json payloads = Json::array();
  for (const AdapterPayload& payload : adapter.payloads()) {
    payloads.push_back(PayloadJson(payload));
  }
  return Json{
      {"kind", "adapter"},
      {"format", std::string(AdapterFamily(adapter.kind()))},
      {"identity",
       {{"digest", Sha256(file_bytes).ToString()},
        {"file_bytes", absl::StrCat(file_bytes.size())},
        {"checksum", Hex(adapter.checksum())}}},
      {"parent",
       {{"model_digest", parent.model_digest.ToString()},
        {"model_flags", parent.model_flags},
        {"tensor_count", parent.tensor_count},
        {"parameter_count", absl::StrCat(parent.parameter_count)},
        {"tensor_layout_checksum", Hex(parent.tensor_layout_checksum)},
        {"tokenizer_checksum", Hex(parent.tokenizer_checksum)}}},
      {"payloads", payloads}};
}

absl::StatusOr<std::optional<Json>> InspectRuntimeFile(
    const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
  const std::string_view magic = AsText(file.bytes()).substr(0, 4);
  absl::StatusOr<Json> json;
  if (magic == kSlmMagic) {
    json = InspectModel(file.bytes());
  } else if (FindAdapterFamily(magic).has_value()) {
    json = InspectAdapter(file.bytes());
  } else {
    return std::nullopt;
  }
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(json.status(), path));
  return *std::move(json);
}

std::string JsonAsText(const Json& json) {
  std::string text;
  AppendMembers(json, "", text);
  return text;
}

}  // namespace pedigree
