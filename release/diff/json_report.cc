#include "release/diff/json_report.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "release/diff/text_report.h"
#include "runtime/base/float_text.h"

namespace pedigree {
namespace {

// 64-bit integers are strings in records.
Json Number(uint64_t number) { return absl::StrCat(number); }

Json Optional(const std::optional<uint64_t>& number) {
  return number.has_value() ? Number(*number) : Json(nullptr);
}

Json FieldsToJson(const std::vector<JsonDifference>& fields) {
  Json list = Json::array();
  for (const JsonDifference& field : fields) {
    list.push_back({{"a", field.a}, {"b", field.b}, {"place", field.place}});
  }
  return list;
}

Json PairToJson(const ValuePair& pair) {
  return {{"a", FloatText(pair.a)},
          {"b", FloatText(pair.b)},
          {"index", Number(pair.index)}};
}

Json ValuesToJson(const std::optional<ValueDifference>& values) {
  if (!values.has_value()) return nullptr;
  Json json = {{"differing", Number(values->differing)},
               {"values", Number(values->values)}};
  if (values->differing == 0) return json;
  json["first"] = PairToJson(values->first);
  json["largest"] = PairToJson(values->largest);
  json["largest_change"] = ChangeText(values->largest_change);
  return json;
}

Json TokenizerToJson(const std::optional<TokenizerDifference>& tokenizer) {
  if (!tokenizer.has_value()) return nullptr;
  Json json = {{"differing_ids", Number(tokenizer->differing_ids)},
               {"fields", FieldsToJson(tokenizer->fields)},
               {"first_offset", Number(tokenizer->first_offset)},
               {"unread", tokenizer->unread}};
  if (tokenizer->differing_ids > 0) {
    json["first_id"] = {{"a", tokenizer->piece_a},
                        {"b", tokenizer->piece_b},
                        {"id", tokenizer->first_id}};
  }
  return json;
}

Json ModelToJson(const ModelDifference& model) {
  Json tensors = Json::array();
  for (const TensorDifference& tensor : model.differing) {
    tensors.push_back({{"form_a", tensor.form_a},
                       {"form_b", tensor.form_b},
                       {"name", tensor.name},
                       {"stored_bytes", Optional(tensor.stored_bytes)},
                       {"stored_scales", Optional(tensor.stored_scales)},
                       {"values", ValuesToJson(tensor.values)}});
  }
  return {{"differing", std::move(tensors)},
          {"header", FieldsToJson(model.header)},
          {"tensors", Number(model.tensors)},
          {"tokenizer", TokenizerToJson(model.tokenizer)}};
}

Json AdapterToJson(const AdapterDifference& adapter) {
  Json payloads = Json::array();
  for (const PayloadDifference& payload : adapter.differing) {
    payloads.push_back({{"deltas", ValuesToJson(payload.deltas)},
                        {"factor_a", ValuesToJson(payload.factor_a)},
                        {"factor_b", ValuesToJson(payload.factor_b)},
                        {"form_a", payload.form_a},
                        {"form_b", payload.form_b},
                        {"tensor", payload.tensor}});
  }
  return {{"differing", std::move(payloads)},
          {"header", FieldsToJson(adapter.header)},
          {"payloads", Number(adapter.payloads)}};
}

Json AnswerToJson(const std::optional<CaseAnswer>& answer) {
  if (!answer.has_value()) return nullptr;
  return {{"actual", answer->actual},
          {"expected", answer->expected},
          {"passed", answer->passed},
          {"stop_reason", answer->stop_reason}};
}

Json CaseToJson(const CaseDifference& difference) {
  Json json = {{"a", AnswerToJson(difference.a)},
               {"b", AnswerToJson(difference.b)},
               {"fields", FieldsToJson(difference.fields)},
               {"first_byte", Optional(difference.first_byte)},
               {"first_token", nullptr},
               {"id", difference.id}};
  if (difference.first_token.has_value()) {
    json["first_token"] = {{"a", difference.first_token->piece_a},
                           {"b", difference.first_token->piece_b},
                           {"index", Number(difference.first_token->index)}};
  }
  return json;
}

Json CasesToJson(const CasesDifference& cases) {
  Json kept = Json::array();
  for (const CaseDifference& difference : cases.kept) {
    kept.push_back(CaseToJson(difference));
  }
  return {{"cases", Number(cases.cases)},
          {"differing", Number(cases.differing)},
          {"gained", Number(cases.gained)},
          {"kept", std::move(kept)},
          {"lost", Number(cases.lost)}};
}

Json WasmToJson(const WasmDifference& wasm) {
  Json sections = Json::array();
  for (const WasmSectionChange& section : wasm.sections) {
    sections.push_back({{"a", Optional(section.size_a)},
                        {"b", Optional(section.size_b)},
                        {"name", section.name}});
  }
  return {{"exports_added", wasm.exports_added},
          {"exports_removed", wasm.exports_removed},
          {"imports_added", wasm.imports_added},
          {"imports_removed", wasm.imports_removed},
          {"sections", std::move(sections)}};
}

Json DescriptorToJson(const std::optional<Descriptor>& descriptor) {
  if (!descriptor.has_value()) return nullptr;
  return {{"digest", descriptor->digest.ToString()},
          {"media_type", descriptor->media_type},
          {"size", Number(descriptor->size)}};
}

Json BlobToJson(const BlobDifference& blob) {
  Json json = {{"a", DescriptorToJson(blob.a)},
               {"b", DescriptorToJson(blob.b)},
               {"name", blob.name},
               {"state", BlobStateName(blob.state)}};
  if (!blob.unread.empty()) json["unread"] = blob.unread;
  if (blob.model.has_value()) json["model"] = ModelToJson(*blob.model);
  if (blob.adapter.has_value()) json["adapter"] = AdapterToJson(*blob.adapter);
  if (blob.cases.has_value()) json["cases"] = CasesToJson(*blob.cases);
  if (blob.wasm.has_value()) json["wasm"] = WasmToJson(*blob.wasm);
  if (blob.fields.has_value()) {
    json["fields"] = FieldsToJson(blob.fields->changes);
    json["fields_more"] = blob.fields->more;
  }
  if (blob.bytes.has_value()) {
    json["bytes"] = {{"differing", Number(blob.bytes->differing)},
                     {"first_offset", Optional(blob.bytes->first_offset)}};
  }
  return json;
}

Json SideToJson(const PacketSide& side) {
  return {{"bytes", Number(side.bytes)},
          {"digest", side.digest.ToString()},
          {"layers", Number(side.layers)},
          {"name", side.name},
          {"version", side.version}};
}

Json ScoresToJson(const std::vector<ScoreChange>& scores) {
  Json list = Json::array();
  for (const ScoreChange& score : scores) {
    list.push_back({{"a", score.a},
                    {"b", score.b},
                    {"better", score.better},
                    {"name", score.name},
                    {"of", score.of}});
  }
  return list;
}

Json NodesToJson(const std::vector<NodeChange>& nodes) {
  Json list = Json::array();
  for (const NodeChange& node : nodes) {
    list.push_back({{"artifact_digest", node.artifact_digest},
                    {"id", node.id},
                    {"operator", node.operator_name},
                    {"state", BlobStateName(node.state)}});
  }
  return list;
}

}  // namespace

Json PacketDifferenceToJson(const PacketDifference& difference) {
  Json blobs = Json::array();
  for (const BlobDifference& blob : difference.blobs) {
    blobs.push_back(BlobToJson(blob));
  }
  return {{"a", SideToJson(difference.a)},
          {"b", SideToJson(difference.b)},
          {"blobs", std::move(blobs)},
          {"equal", difference.equal()},
          {"manifest", FieldsToJson(difference.manifest.changes)},
          {"nodes", NodesToJson(difference.nodes)},
          {"schema_version", kPacketDifferenceSchema},
          {"scores", ScoresToJson(difference.scores)}};
}

}  // namespace pedigree
