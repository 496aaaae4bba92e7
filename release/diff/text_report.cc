#include "release/diff/text_report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "release/printable.h"
#include "runtime/base/float_text.h"
#include "runtime/base/json.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

constexpr size_t kShownAround = 60;

void Line(std::string& out, int indent, std::string_view text) {
  absl::StrAppend(&out, std::string(indent, ' '), text, "\n");
}

void AppendFields(const JsonDifferences& fields, std::string& out) {
  for (const JsonDifference& change : fields.changes) {
    Line(out, 2, absl::StrCat(change.place, ": ", change.a, " -> ", change.b));
  }
  if (fields.more) Line(out, 2, "and more fields");
}

// `what` opens the line: "17 of 256 values differ, largest change ..".
void AppendValues(std::string_view what, const ValueDifference& values,
                  uint64_t columns, std::string& out) {
  if (values.differing == 0) {
    return Line(out, 2, absl::StrCat(what, ": equal values"));
  }
  Line(out, 2,
       absl::StrFormat("%s: %d of %d values differ, largest change %s", what,
                       values.differing, values.values,
                       ChangeText(values.largest_change)));
  Line(out, 4, absl::StrCat("first at ", DescribePair(values.first, columns)));
  Line(out, 4,
       absl::StrCat("largest at ", DescribePair(values.largest, columns)));
}

// One that is missing, or of another shape.
void AppendForms(std::string_view name, const std::string& a,
                 const std::string& b, std::string& out) {
  if (a == b) return;
  Line(out, 2,
       absl::StrCat(name, ": ", a.empty() ? "absent" : a, " -> ",
                    b.empty() ? "absent" : b));
}

void AppendModel(const ModelDifference& model, std::string& out) {
  AppendFields({model.header, false}, out);
  if (model.tokenizer.has_value()) {
    const TokenizerDifference& tokenizer = *model.tokenizer;
    Line(out, 2,
         absl::StrCat("tokenizer: differs from byte ", tokenizer.first_offset));
    AppendFields({tokenizer.fields, false}, out);
    if (tokenizer.differing_ids > 0) {
      Line(out, 4,
           absl::StrCat(tokenizer.differing_ids, " ids differ, first ",
                        tokenizer.first_id, ": \"", tokenizer.piece_a,
                        "\" -> \"", tokenizer.piece_b, "\""));
    }
    if (!tokenizer.unread.empty()) {
      Line(out, 4, absl::StrCat("not read: ", Printable(tokenizer.unread)));
    }
  }
  Line(out, 2,
       absl::StrCat(model.differing.size(), " of ", model.tensors,
                    " tensors differ"));
  for (const TensorDifference& tensor : model.differing) {
    AppendForms(tensor.name, tensor.form_a, tensor.form_b, out);
    if (tensor.values.has_value()) {
      AppendValues(tensor.name, *tensor.values, tensor.columns, out);
    }
    if (tensor.stored_scales.has_value() &&
        (*tensor.stored_scales > 0 || tensor.values->differing == 0)) {
      Line(out, 4,
           absl::StrCat("as stored: ", *tensor.stored_bytes, " bytes and ",
                        *tensor.stored_scales, " scales differ"));
    }
  }
}

void AppendAdapter(const AdapterDifference& adapter, std::string& out) {
  AppendFields({adapter.header, false}, out);
  Line(out, 2,
       absl::StrCat(adapter.differing.size(), " of ", adapter.payloads,
                    " payloads differ"));
  for (const PayloadDifference& payload : adapter.differing) {
    AppendForms(payload.tensor, payload.form_a, payload.form_b, out);
    if (payload.deltas.has_value()) {
      AppendValues(payload.tensor, *payload.deltas, payload.columns, out);
    }
    if (payload.factor_a.has_value()) {
      AppendValues(payload.tensor + " factor A", *payload.factor_a, 0, out);
      AppendValues(payload.tensor + " factor B", *payload.factor_b, 0, out);
    }
  }
}

std::string Verdict(const CaseAnswer& answer) {
  return absl::StrCat(answer.passed ? "passed" : "failed", " (",
                      Printable(answer.stop_reason), ")");
}

void AppendCase(const CaseDifference& difference, std::string& out) {
  if (!difference.a.has_value() || !difference.b.has_value()) {
    return Line(out, 2,
                absl::StrCat(Printable(difference.id), ": only in ",
                             difference.a.has_value() ? "a" : "b"));
  }
  const uint64_t place = difference.first_byte.value_or(0);
  Line(out, 2,
       absl::StrCat("case ", Printable(difference.id), ": ",
                    Verdict(*difference.a), " -> ", Verdict(*difference.b)));
  Line(out, 4,
       absl::StrCat("expected ", QuotedAround(difference.a->expected, place)));
  if (difference.a->expected != difference.b->expected) {
    Line(out, 4,
         absl::StrCat("      in b ",
                      QuotedAround(difference.b->expected, place)));
  }
  Line(out, 4,
       absl::StrCat("       a ", QuotedAround(difference.a->actual, place)));
  Line(out, 4,
       absl::StrCat("       b ", QuotedAround(difference.b->actual, place)));
  if (difference.first_token.has_value()) {
    const TokenPlace& token = *difference.first_token;
    Line(out, 4,
         absl::StrCat("first differing token ", token.index, ": \"",
                      token.piece_a, "\" -> \"", token.piece_b, "\""));
  }
  if (difference.first_byte.has_value()) {
    Line(out, 4, absl::StrCat("first differing byte ", place));
  }
  for (const JsonDifference& change : difference.fields) {
    Line(out, 4, absl::StrCat(change.place, ": ", change.a, " -> ", change.b));
  }
}

void AppendCases(const CasesDifference& cases, std::string& out) {
  Line(out, 2,
       absl::StrCat(cases.differing, " of ", cases.cases, " cases differ, ",
                    cases.lost, " pass only in a, ", cases.gained,
                    " only in b"));
  for (const CaseDifference& difference : cases.kept) {
    AppendCase(difference, out);
  }
  if (cases.differing > cases.kept.size()) Line(out, 2, "and more cases");
}

std::string SizeText(const std::optional<uint64_t>& size) {
  return size.has_value() ? absl::StrCat(*size) : "absent";
}

void AppendWasm(const WasmDifference& wasm, std::string& out) {
  const auto list = [&](std::string_view what,
                        const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      Line(out, 2, absl::StrCat(what, " ", Printable(name)));
    }
  };
  list("export removed:", wasm.exports_removed);
  list("export added:", wasm.exports_added);
  list("import removed:", wasm.imports_removed);
  list("import added:", wasm.imports_added);
  for (const WasmSectionChange& section : wasm.sections) {
    Line(out, 2,
         absl::StrCat("section ", Printable(section.name), ": ",
                      SizeText(section.size_a), " -> ",
                      SizeText(section.size_b), " bytes"));
  }
}

void AppendBytes(const BlobDifference& blob, std::string& out) {
  if (!blob.bytes->first_offset.has_value()) return;
  Line(out, 2,
       absl::StrCat(blob.bytes->differing, " bytes differ, first at offset ",
                    *blob.bytes->first_offset));
}

void AppendChanged(const BlobDifference& blob, std::string& out) {
  Line(out, 0,
       absl::StrCat(blob.name, ": changed, ", blob.a->size, " -> ",
                    blob.b->size, " bytes"));
  if (!blob.unread.empty()) {
    Line(out, 2, absl::StrCat("compared by bytes: ", Printable(blob.unread)));
  }
  if (blob.model.has_value()) AppendModel(*blob.model, out);
  if (blob.adapter.has_value()) AppendAdapter(*blob.adapter, out);
  if (blob.cases.has_value()) AppendCases(*blob.cases, out);
  if (blob.wasm.has_value()) AppendWasm(*blob.wasm, out);
  if (blob.fields.has_value()) AppendFields(*blob.fields, out);
  if (blob.bytes.has_value()) AppendBytes(blob, out);
}

void AppendBlob(const BlobDifference& blob, std::string& out) {
  if (blob.state == BlobState::kChanged) return AppendChanged(blob, out);
  if (blob.state == BlobState::kEqual) return;
  const bool in_a = blob.state == BlobState::kOnlyInA;
  const Descriptor& descriptor = in_a ? *blob.a : *blob.b;
  Line(out, 0,
       absl::StrCat(blob.name, ": only in ", in_a ? "a" : "b", ", ",
                    descriptor.size, " bytes, ", descriptor.digest.ToString()));
}

void AppendSide(std::string_view label, const PacketSide& side,
                std::string& out) {
  Line(out, 0,
       absl::StrCat(label, " ", side.digest.ToString(), " ",
                    Printable(side.name), " ", Printable(side.version), ", ",
                    side.layers, " layers, ", side.bytes, " bytes"));
}

void AppendScores(const PacketDifference& difference, std::string& out) {
  if (difference.scores.empty()) return;
  Line(out, 0, "verdicts and scores");
  for (const ScoreChange& score : difference.scores) {
    Line(out, 2,
         absl::StrCat(Printable(score.of), " ", Printable(score.name), ": ",
                      score.a.empty() ? "none" : Printable(score.a), " -> ",
                      score.b.empty() ? "none" : Printable(score.b)));
  }
}

void AppendNodes(const PacketDifference& difference, std::string& out) {
  if (difference.nodes.empty()) return;
  Line(out, 0, "lineage");
  for (const NodeChange& node : difference.nodes) {
    Line(out, 2,
         absl::StrCat("only in ", node.state == BlobState::kOnlyInA ? "a" : "b",
                      ": ", Printable(node.operator_name), " ",
                      Printable(node.artifact_digest), ", node ",
                      Printable(node.id)));
  }
}

}  // namespace

std::string ChangeText(double change) {
  return FloatText(static_cast<float>(change));
}

std::string DescribePair(const ValuePair& pair, uint64_t columns) {
  std::string text = absl::StrCat("index ", pair.index);
  if (columns > 0) {
    absl::StrAppend(&text, " [", pair.index / columns, ", ",
                    pair.index % columns, "]");
  }
  return absl::StrCat(text, ": ", FloatText(pair.a), " -> ", FloatText(pair.b));
}

std::string QuotedAround(std::string_view text, uint64_t place) {
  const size_t middle = std::min<size_t>(place, text.size());
  const size_t begin = middle - std::min(middle, kShownAround);
  const std::string_view cut = text.substr(begin, 2 * kShownAround);
  return absl::StrCat(
      begin > 0 ? "..." : "",
      Json(ReplaceInvalidUtf8(cut)).dump(-1, ' ', /*ensure_ascii=*/true),
      begin + cut.size() < text.size() ? "..." : "");
}

std::string DescribePacketDifference(const PacketDifference& difference) {
  std::string out;
  Line(out, 0, difference.equal() ? "packets are equal" : "packets differ");
  AppendSide("a", difference.a, out);
  AppendSide("b", difference.b, out);
  if (difference.equal()) return out;
  AppendScores(difference, out);
  AppendNodes(difference, out);
  if (!difference.manifest.changes.empty()) {
    Line(out, 0, "manifest");
    AppendFields(difference.manifest, out);
  }
  uint64_t equal = 0;
  for (const BlobDifference& blob : difference.blobs) {
    AppendBlob(blob, out);
    equal += blob.state == BlobState::kEqual;
  }
  Line(out, 0, absl::StrCat("equal: ", equal, " of ", difference.blobs.size()));
  return out;
}

}  // namespace pedigree
