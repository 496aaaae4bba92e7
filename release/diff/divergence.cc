#include "release/diff/divergence.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "release/diff/text_report.h"
#include "release/layer.h"
#include "release/printable.h"
#include "runtime/base/float_text.h"

namespace pedigree {
namespace {

// Causes have lower ranks than what follows from them.
int Rank(const std::string& name) {
  const std::optional<LayerKind> kind = LayerKindOfFilePath(name);
  if (!kind.has_value()) return name == kConfigName ? 9 : 4;
  switch (*kind) {
    case LayerKind::kModel:
      return 0;
    case LayerKind::kAdapter:
      return 1;
    case LayerKind::kSuite:
    case LayerKind::kPolicy:
      return 2;
    case LayerKind::kRuntime:
    case LayerKind::kLicense:
    case LayerKind::kNotice:
      return 3;
    case LayerKind::kSidecar:
      return 5;
    case LayerKind::kBaseline:
    case LayerKind::kDiagnostics:
      return 6;
    case LayerKind::kRecord:
      return 10;
    default:
      return 8;
  }
}

Divergence Make(const BlobDifference& blob, std::string what, Json place) {
  return {blob.name, std::move(what), std::move(place)};
}

Json PairPlace(std::string_view tensor, const ValuePair& pair) {
  return {{"a", FloatText(pair.a)},
          {"b", FloatText(pair.b)},
          {"index", absl::StrCat(pair.index)},
          {"tensor", tensor}};
}

Divergence OfField(const BlobDifference& blob, std::string_view what,
                   const JsonDifference& field) {
  return Make(
      blob,
      absl::StrCat(what, " ", field.place, ": ", field.a, " -> ", field.b),
      {{"a", field.a}, {"b", field.b}, {"place", field.place}});
}

Divergence OfPair(const BlobDifference& blob, std::string_view what,
                  const std::string& tensor, const ValueDifference& values,
                  uint64_t columns) {
  return Make(blob,
              absl::StrCat(what, " ", tensor, ", ",
                           DescribePair(values.first, columns)),
              PairPlace(tensor, values.first));
}

Divergence OfForms(const BlobDifference& blob, std::string_view what,
                   const std::string& tensor, const std::string& a,
                   const std::string& b) {
  const std::string form_a = a.empty() ? "absent" : a;
  const std::string form_b = b.empty() ? "absent" : b;
  return Make(blob,
              absl::StrCat(what, " ", tensor, ": ", form_a, " -> ", form_b),
              {{"a", form_a}, {"b", form_b}, {"tensor", tensor}});
}

std::optional<Divergence> OfModel(const BlobDifference& blob) {
  const ModelDifference& model = *blob.model;
  if (!model.header.empty()) return OfField(blob, "header", model.header[0]);
  for (const TensorDifference& tensor : model.differing) {
    if (tensor.form_a != tensor.form_b) {
      return OfForms(blob, "tensor", tensor.name, tensor.form_a, tensor.form_b);
    }
    if (tensor.values.has_value() && tensor.values->differing > 0) {
      return OfPair(blob, "tensor", tensor.name, *tensor.values,
                    tensor.columns);
    }
    return Make(blob, absl::StrCat("tensor ", tensor.name, ", as stored alone"),
                {{"tensor", tensor.name}});
  }
  if (model.tokenizer.has_value()) {
    const uint64_t offset = model.tokenizer->first_offset;
    return Make(blob, absl::StrCat("tokenizer, byte ", offset),
                {{"offset", absl::StrCat(offset)}});
  }
  return std::nullopt;
}

std::optional<Divergence> OfAdapter(const BlobDifference& blob) {
  for (const PayloadDifference& payload : blob.adapter->differing) {
    for (const auto* values :
         {&payload.deltas, &payload.factor_a, &payload.factor_b}) {
      if (!values->has_value() || (*values)->differing == 0) continue;
      const bool deltas = values == &payload.deltas;
      return OfPair(blob,
                    deltas                        ? "payload"
                    : values == &payload.factor_a ? "factor A of payload"
                                                  : "factor B of payload",
                    payload.tensor, **values, deltas ? payload.columns : 0);
    }
    if (payload.form_a != payload.form_b) {
      return OfForms(blob, "payload", payload.tensor, payload.form_a,
                     payload.form_b);
    }
  }
  if (blob.adapter->header.empty()) return std::nullopt;
  return OfField(blob, "header", blob.adapter->header[0]);
}

Divergence OfCase(const BlobDifference& blob, const CaseDifference& found) {
  std::string what = absl::StrCat("case ", Printable(found.id));
  Json place = {{"case", found.id}};
  if (!found.a.has_value() || !found.b.has_value()) {
    absl::StrAppend(&what, ": only in ", found.a.has_value() ? "a" : "b");
  } else if (found.first_byte.has_value()) {
    const uint64_t byte = *found.first_byte;
    if (found.first_token.has_value()) {
      const uint64_t token = found.first_token->index;
      absl::StrAppend(&what, ", token ", token);
      place["token"] = absl::StrCat(token);
    }
    absl::StrAppend(&what, ", byte ", byte, ": ",
                    QuotedAround(found.a->actual, byte), " -> ",
                    QuotedAround(found.b->actual, byte));
    place["byte"] = absl::StrCat(byte);
  } else if (!found.fields.empty()) {
    const JsonDifference& field = found.fields[0];
    absl::StrAppend(&what, ", ", field.place, ": ", field.a, " -> ", field.b);
    place["place"] = field.place;
  }
  return Make(blob, std::move(what), std::move(place));
}

std::optional<Divergence> OfCases(const BlobDifference& blob) {
  if (blob.cases->kept.empty()) return std::nullopt;
  return OfCase(blob, blob.cases->kept[0]);
}

std::optional<Divergence> OfWasm(const BlobDifference& blob) {
  const WasmDifference& wasm = *blob.wasm;
  const std::pair<std::string_view, const std::vector<std::string>*> lists[] = {
      {"export removed: ", &wasm.exports_removed},
      {"export added: ", &wasm.exports_added},
      {"import removed: ", &wasm.imports_removed},
      {"import added: ", &wasm.imports_added}};
  for (const auto& [what, names] : lists) {
    if (names->empty()) continue;
    return Make(blob, absl::StrCat(what, Printable(names->front())),
                {{"place", names->front()}});
  }
  return std::nullopt;
}

Divergence OfBytes(const BlobDifference& blob) {
  const uint64_t offset = blob.bytes->first_offset.value_or(0);
  return Make(blob,
              absl::StrCat("byte ", offset, " of ", blob.a->size, " and ",
                           blob.b->size),
              {{"offset", absl::StrCat(offset)}});
}

// Bytes that differ though nothing that was read does, as in padding.
Divergence OfDigest(const BlobDifference& blob) {
  const std::string a = blob.a->digest.ToString();
  const std::string b = blob.b->digest.ToString();
  return Make(blob, absl::StrCat("digest: ", a, " -> ", b),
              {{"a", a}, {"b", b}});
}

Divergence OfChanged(const BlobDifference& blob) {
  std::optional<Divergence> found;
  if (blob.model.has_value()) found = OfModel(blob);
  if (blob.adapter.has_value()) found = OfAdapter(blob);
  if (blob.cases.has_value()) found = OfCases(blob);
  if (blob.wasm.has_value()) found = OfWasm(blob);
  if (!found.has_value() && blob.fields.has_value() &&
      !blob.fields->changes.empty()) {
    found = OfField(blob, "field", blob.fields->changes[0]);
  }
  if (!found.has_value() && blob.bytes.has_value()) found = OfBytes(blob);
  return found.has_value() ? *std::move(found) : OfDigest(blob);
}

Divergence OfBlob(const BlobDifference& blob) {
  if (blob.state == BlobState::kChanged) return OfChanged(blob);
  return Make(blob,
              blob.state == BlobState::kOnlyInA ? "only in a" : "only in b",
              Json::object());
}

}  // namespace

std::vector<Divergence> Divergences(const PacketDifference& difference) {
  std::vector<std::pair<int, Divergence>> ranked;
  for (const BlobDifference& blob : difference.blobs) {
    if (blob.state == BlobState::kEqual) continue;
    ranked.push_back({Rank(blob.name), OfBlob(blob)});
  }
  std::stable_sort(
      ranked.begin(), ranked.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Divergence> divergences;
  for (auto& [rank, divergence] : ranked) {
    divergences.push_back(std::move(divergence));
  }
  for (const JsonDifference& field : difference.manifest.changes) {
    divergences.push_back(
        {"manifest",
         absl::StrCat("field ", field.place, ": ", field.a, " -> ", field.b),
         {{"a", field.a}, {"b", field.b}, {"place", field.place}}});
  }
  return divergences;
}

Json DivergenceToJson(const Divergence& divergence) {
  Json json = divergence.place;
  json["artifact"] = divergence.artifact;
  json["what"] = divergence.what;
  return json;
}

}  // namespace pedigree
