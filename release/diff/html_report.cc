#include "release/diff/html_report.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "release/diff/divergence.h"
#include "release/diff/html_assets.h"
#include "release/diff/html_text.h"
#include "release/diff/text_report.h"
#include "runtime/base/float_text.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

// The rest stands in the sections below.
constexpr size_t kShownCauses = 6;
// Bytes of a case's text shown before and behind the first difference.
constexpr size_t kTextBefore = 1500;
constexpr size_t kTextBehind = 3000;

// "1,234,567".
std::string Grouped(uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string Plural(uint64_t count, std::string_view what) {
  return absl::StrCat(Grouped(count), " ", what, count == 1 ? "" : "s");
}

std::string Cell(std::string_view css, std::string_view label,
                 std::string_view html) {
  return absl::StrCat("<td class=\"", css, "\" data-l=\"", label, "\">", html,
                      "</td>");
}

// The same, of more than one element, which stay together where a row is
// folded.
std::string SpanCell(std::string_view css, std::string_view label,
                     std::string_view html) {
  return Cell(css, label, absl::StrCat("<span>", html, "</span>"));
}

// A bar filled to `share`, from 0 to 1, and visible when that is not 0.
std::string Bar(double share, std::string_view css) {
  const double width = share > 0 ? std::clamp(share * 100, 1.0, 100.0) : 0.0;
  return absl::StrFormat(
      "<svg class=bar viewBox=\"0 0 100 7\" preserveAspectRatio=none "
      "aria-hidden=true><rect class=track width=100 height=7 /><rect class=%s "
      "width=%.1f height=7 /></svg>",
      css, width);
}

std::string Chip(std::string_view css, std::string_view text) {
  return absl::StrCat("<span class=\"chip ", css, "\">", HtmlText(text),
                      "</span>");
}

// An element's id by the place of a blob in the report.
std::string Anchor(size_t index) { return absl::StrCat("blob-", index); }

std::string Arrow(std::string_view a, std::string_view b) {
  return absl::StrCat("<span class=a>", HtmlText(a),
                      "</span> &rarr; <span class=b>", HtmlText(b), "</span>");
}

// One row of the table of tensors.
struct ValueRow {
  std::string name;
  std::string form;
  std::string stored;
  uint64_t columns = 0;
  const ValueDifference* values = nullptr;  // null when not comparable
};

std::string FormText(const std::string& a, const std::string& b) {
  if (a == b) return HtmlText(a);
  return Arrow(a.empty() ? "absent" : a, b.empty() ? "absent" : b);
}

std::vector<ValueRow> RowsOf(const ModelDifference& model) {
  std::vector<ValueRow> rows;
  for (const TensorDifference& tensor : model.differing) {
    ValueRow row = {tensor.name, FormText(tensor.form_a, tensor.form_b), "",
                    tensor.columns,
                    tensor.values.has_value() ? &*tensor.values : nullptr};
    if (tensor.stored_scales.value_or(0) > 0) {
      row.stored =
          absl::StrCat(Grouped(*tensor.stored_bytes), " stored bytes, ",
                       Plural(*tensor.stored_scales, "scale"));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<ValueRow> RowsOf(const AdapterDifference& adapter) {
  std::vector<ValueRow> rows;
  for (const PayloadDifference& payload : adapter.differing) {
    const std::string form = FormText(payload.form_a, payload.form_b);
    const auto add = [&](std::string_view part, uint64_t columns,
                         const std::optional<ValueDifference>& values) {
      rows.push_back({absl::StrCat(payload.tensor, part), form, "", columns,
                      values.has_value() ? &*values : nullptr});
    };
    if (payload.factor_a.has_value()) {
      add(" A", 0, payload.factor_a);
      add(" B", 0, payload.factor_b);
    } else {
      add("", payload.columns, payload.deltas);
    }
  }
  return rows;
}

double FiniteChange(const ValueDifference* values) {
  if (values == nullptr || values->differing == 0) return 0;
  return std::isfinite(values->largest_change) ? values->largest_change : 0;
}

double Share(const ValueDifference* values) {
  if (values == nullptr || values->values == 0) return 0;
  return static_cast<double>(values->differing) /
         static_cast<double>(values->values);
}

class Page {
 public:
  explicit Page(const PacketDifference& difference) : difference_(difference) {}

  std::string Write() {
    Head();
    Sides();
    if (!difference_.equal()) {
      Counts();
      Causes();
      Scores();
      Models();
      Cases();
      Documents();
      Lineage();
      OtherBlobs();
    }
    AllBlobs();
    Add("<footer>Written by <code>pedigree packet diff</code>. This page holds "
        "everything it shows and loads nothing.</footer></main><script>",
        DiffPageScript(), "</script></body></html>\n");
    return std::move(out_);
  }

 private:
  template <typename... Pieces>
  void Add(const Pieces&... pieces) {
    absl::StrAppend(&out_, pieces...);
  }

  static std::string SourceHash(std::string_view source) {
    const Digest digest = Sha256(source);
    return absl::StrCat(
        "'sha256-", absl::Base64Escape(AsText(ByteSpan(digest.bytes))), "'");
  }

  void Head() {
    const PacketSide& a = difference_.a;
    const PacketSide& b = difference_.b;
    std::string title = absl::StrCat(a.name, " ", a.version);
    const std::string other = absl::StrCat(b.name, " ", b.version);
    if (title != other) absl::StrAppend(&title, " \xe2\x86\x92 ", other);
    Add("<!doctype html><html lang=en><head><meta charset=utf-8><meta "
        "name=viewport content=\"width=device-width,initial-scale=1\"><meta "
        "http-equiv=Content-Security-Policy content=\"default-src 'none'; "
        "style-src ",
        SourceHash(DiffPageStyle()), "; script-src ",
        SourceHash(DiffPageScript()),
        "; base-uri 'none'; form-action 'none'\"><meta name=referrer "
        "content=no-referrer><title>",
        HtmlText(title), ": difference of two packets</title><style>",
        DiffPageStyle(), "</style></head><body><main>");
    Add("<p class=over>Difference of two packets</p><h1>", HtmlText(title), " ",
        difference_.equal() ? Chip("good", "equal") : "", "</h1>");
  }

  void Side(std::string_view css, std::string_view label,
            const PacketSide& side) {
    Add("<div class=\"card side is-", css, "\"><b class=", css, ">", label,
        "</b><div class=name>", HtmlText(side.name), " ",
        HtmlText(side.version), "</div><div class=soft>",
        Plural(side.layers, "layer"), ", ", Grouped(side.bytes),
        " bytes</div><code>", side.digest.ToString(), "</code></div>");
  }

  void Sides() {
    Add("<div class=sides>");
    Side("a", "a", difference_.a);
    Side("b", "b", difference_.b);
    Add("</div>");
  }

  void Counts() {
    constexpr std::pair<BlobState, std::string_view> kStates[] = {
        {BlobState::kChanged, "changed"},
        {BlobState::kOnlyInA, "only in a"},
        {BlobState::kOnlyInB, "only in b"},
        {BlobState::kEqual, "equal"}};
    std::string legend;
    const double total = static_cast<double>(difference_.blobs.size());
    double left = 0;
    Add("<div class=stack><svg viewBox=\"0 0 100 12\" "
        "preserveAspectRatio=none role=img aria-label=\"Shares of blobs\">");
    for (const auto& [state, label] : kStates) {
      const auto count =
          std::count_if(difference_.blobs.begin(), difference_.blobs.end(),
                        [state = state](const BlobDifference& b) {
                          return b.state == state;
                        });
      const double width = 100.0 * static_cast<double>(count) / total;
      Add(absl::StrFormat("<rect class=f-%s x=%.2f width=%.2f height=12 />",
                          BlobStateName(state), left, width));
      left += width;
      absl::StrAppend(&legend, "<li><span class=\"dot f-", BlobStateName(state),
                      "\"></span><b>", count, "</b> ", label, "</li>");
    }
    Add("</svg></div><ul class=legend>", legend, "</ul>");
  }

  void Causes() {
    const std::vector<Divergence> causes = Divergences(difference_);
    Add("<h2>What it comes down to<small>causes first</small></h2><ol "
        "class=\"causes card\">");
    for (size_t i = 0; i < std::min(causes.size(), kShownCauses); ++i) {
      Add("<li><a href=\"#", AnchorOf(causes[i].artifact), "\">",
          HtmlText(causes[i].artifact), "</a><span>", HtmlText(causes[i].what),
          "</span></li>");
    }
    if (causes.size() > kShownCauses) {
      Add("<li><a href=\"#all\">", causes.size() - kShownCauses,
          " blobs more</a><span>which differ as well, or name those above by "
          "digest</span></li>");
    }
    Add("</ol>");
  }

  std::string AnchorOf(const std::string& name) const {
    if (name == "manifest") return name;
    for (size_t i = 0; i < difference_.blobs.size(); ++i) {
      const BlobDifference& blob = difference_.blobs[i];
      if (blob.name != name) continue;
      return blob.state == BlobState::kChanged ? Anchor(i) : "all";
    }
    return "all";
  }

  // A decimal's value, whatever the locale.
  static std::optional<double> ValueOf(const std::string& decimal) {
    const Json number = Json::parse(decimal, nullptr, false);
    if (!number.is_number()) return std::nullopt;
    return number.get<double>();
  }

  static std::string_view Direction(const ScoreChange& score) {
    const std::optional<double> a = ValueOf(score.a);
    const std::optional<double> b = ValueOf(score.b);
    if (score.better.empty() || !a.has_value() || !b.has_value() || *a == *b) {
      return "";
    }
    return (*b > *a) == (score.better == "higher") ? "good" : "bad";
  }

  static std::string DirectionChip(const ScoreChange& score) {
    const std::string_view direction = Direction(score);
    if (direction.empty()) return "";
    return Chip(direction, direction == "good" ? "better" : "worse");
  }

  void Scores() {
    if (difference_.scores.empty()) return;
    Add("<h2>Verdicts and scores</h2><div class=\"card wrap\"><table "
        "class=fold><thead><tr><th>figure<th>of<th>a<th>b</tr></thead><tbody>");
    for (const ScoreChange& score : difference_.scores) {
      Add("<tr>",
          Cell("key", "",
               absl::StrCat(HtmlText(score.name), DirectionChip(score))),
          Cell("soft", "of", HtmlText(score.of)),
          Cell("val a", "a", HtmlText(score.a.empty() ? "none" : score.a)),
          Cell("val b", "b", HtmlText(score.b.empty() ? "none" : score.b)),
          "</tr>");
    }
    Add("</tbody></table></div>");
  }

  void Models() {
    for (size_t i = 0; i < difference_.blobs.size(); ++i) {
      if (difference_.blobs[i].model.has_value())
        Model(i, difference_.blobs[i]);
    }
    for (size_t i = 0; i < difference_.blobs.size(); ++i) {
      if (difference_.blobs[i].adapter.has_value()) {
        Adapter(i, difference_.blobs[i]);
      }
    }
  }

  void Model(size_t index, const BlobDifference& blob) {
    const ModelDifference& model = *blob.model;
    Add("<h2 id=", Anchor(index), ">Tensors of ", HtmlText(blob.name),
        "<small>", Plural(model.differing.size(), "tensor"), " of ",
        Grouped(model.tensors), " differ</small></h2><div class=card>");
    if (!model.differing.empty()) ValueTable(index, RowsOf(model));
    Fields(model.header, "header");
    if (model.tokenizer.has_value()) TokenizerPart(*model.tokenizer);
    Add("</div>");
  }

  void Adapter(size_t index, const BlobDifference& blob) {
    const AdapterDifference& adapter = *blob.adapter;
    Add("<h2 id=", Anchor(index), ">Payloads of ", HtmlText(blob.name),
        "<small>", Plural(adapter.differing.size(), "payload"), " of ",
        Grouped(adapter.payloads), " differ</small></h2><div class=card>");
    if (!adapter.differing.empty()) ValueTable(index, RowsOf(adapter));
    Fields(adapter.header, "header");
    Add("</div>");
  }

  void TokenizerPart(const TokenizerDifference& tokenizer) {
    Add("<div class=note>The tokenizer differs from byte ",
        Grouped(tokenizer.first_offset), " on");
    if (tokenizer.differing_ids > 0) {
      Add("; ", Plural(tokenizer.differing_ids, "id"), ", the first ",
          tokenizer.first_id, ": <code class=a>", HtmlText(tokenizer.piece_a),
          "</code> &rarr; <code class=b>", HtmlText(tokenizer.piece_b),
          "</code>");
    }
    if (!tokenizer.unread.empty()) {
      Add("; it cannot be read: ", HtmlText(tokenizer.unread));
    }
    Add(".</div>");
    Fields(tokenizer.fields, "tokenizer");
  }

  // The table, filtered by name and ordered on demand.
  void ValueTable(size_t index, const std::vector<ValueRow>& rows) {
    double largest = 0;
    for (const ValueRow& row : rows) {
      largest = std::max(largest, FiniteChange(row.values));
    }
    Add("<div class=filter data-table=values-", index,
        " hidden><input type=search placeholder=\"Filter by name\" "
        "aria-label=\"Filter by name\"><select aria-label=Order><option "
        "value=place>in file order<option value=change>largest change "
        "first<option value=share>most values first</select><output></output>"
        "</div><div class=wrap><table class=fold id=values-",
        index,
        "><thead><tr><th>tensor<th>form<th class=num>values that differ<th "
        "class=num>largest change<th>first that differs</tr></thead><tbody>");
    for (const ValueRow& row : rows) TableRow(row, largest);
    Add("</tbody></table></div>");
  }

  void TableRow(const ValueRow& row, double largest) {
    const double change = FiniteChange(row.values);
    const double share = Share(row.values);
    Add("<tr data-name=\"", HtmlAttribute(row.name), "\" data-change=\"",
        FloatText(static_cast<float>(change)), "\" data-share=\"",
        FloatText(static_cast<float>(share)), "\">",
        Cell("key", "", HtmlText(row.name)),
        SpanCell("soft", "form", row.form));
    if (row.values == nullptr) {
      Add("<td colspan=3 class=soft>not comparable</td></tr>");
      return;
    }
    const ValueDifference& values = *row.values;
    Add(Cell("num barred", "differ",
             absl::StrCat("<span class=v>", Grouped(values.differing),
                          " <span class=soft>of ", Grouped(values.values),
                          "</span></span>", Bar(share, "part"))),
        Cell("num barred", "largest change",
             absl::StrCat(
                 "<span class=v>",
                 values.differing > 0 ? ChangeText(values.largest_change) : "0",
                 "</span>", Bar(largest > 0 ? change / largest : 0, "fill"))),
        SpanCell("val", "first", FirstPlace(row)), "</tr>");
  }

  static std::string FirstPlace(const ValueRow& row) {
    const ValueDifference& values = *row.values;
    std::string text;
    if (values.differing > 0) {
      const ValuePair& first = values.first;
      text = absl::StrCat(
          "<span class=soft>#", first.index,
          row.columns > 0 ? absl::StrCat(" [", first.index / row.columns, ", ",
                                         first.index % row.columns, "]")
                          : "",
          "</span> ", Arrow(FloatText(first.a), FloatText(first.b)));
    }
    if (!row.stored.empty()) {
      absl::StrAppend(&text, text.empty() ? "" : "<br>", "<span class=soft>",
                      row.stored, "</span>");
    }
    return text;
  }

  void Cases() {
    for (size_t i = 0; i < difference_.blobs.size(); ++i) {
      const BlobDifference& blob = difference_.blobs[i];
      if (!blob.cases.has_value() || blob.cases->differing == 0) continue;
      Add("<h2>Cases of ", HtmlText(blob.name), "<small>",
          Grouped(blob.cases->differing), " of ", Grouped(blob.cases->cases),
          " differ, ", Grouped(blob.cases->lost), " pass only in a, ",
          Grouped(blob.cases->gained), " only in b</small></h2>");
      for (const CaseDifference& found : blob.cases->kept) Case(blob, found);
      if (blob.cases->differing > blob.cases->kept.size()) {
        Add("<p class=soft>",
            Grouped(blob.cases->differing - blob.cases->kept.size()),
            " more differ; they are not shown.</p>");
      }
    }
  }

  void Case(const BlobDifference& blob, const CaseDifference& found) {
    Add("<article class=\"case card\"><header><b>", HtmlText(found.id), "</b>");
    CaseVerdict("a", found.a);
    CaseVerdict("b", found.b);
    Add("</header>");
    const auto prompt = blob.prompts.find(found.id);
    if (prompt != blob.prompts.end()) Row("prompt", prompt->second);
    const std::string expected_a = found.a ? found.a->expected : "";
    const std::string expected_b = found.b ? found.b->expected : "";
    Row(found.a ? "expected" : "expected by b",
        found.a ? expected_a : expected_b);
    if (found.a && found.b && expected_a != expected_b) {
      Row("expected by b", expected_b);
    }
    Add("<div class=two>");
    Answer("a", found.a, found.b);
    Answer("b", found.b, found.a);
    Add("</div>");
    CasePlace(found);
    std::vector<JsonDifference> others;
    for (const JsonDifference& field : found.fields) {
      // The header of the case says it.
      if (field.place != "passed") others.push_back(field);
    }
    Fields(others, "");
    Add("</article>");
  }

  void CaseVerdict(std::string_view side,
                   const std::optional<CaseAnswer>& answer) {
    if (!answer.has_value()) {
      Add(Chip("soft", absl::StrCat(side, ": no such case")));
    } else {
      Add(Chip(answer->passed ? "good" : "bad",
               absl::StrCat(side, answer->passed ? " passed" : " failed")));
    }
  }

  void Row(std::string_view label, std::string_view text) {
    if (text.empty()) return;
    Add("<div class=row><div class=label>", label, "</div><div class=text>",
        HtmlText(text.substr(0, kTextBehind)),
        text.size() > kTextBehind ? "&hellip;" : "", "</div></div>");
  }

  void Answer(std::string_view side, const std::optional<CaseAnswer>& answer,
              const std::optional<CaseAnswer>& other) {
    Add("<div class=is-", side, "><div class=label>answer of ", side);
    if (answer.has_value()) Add(" &middot; ", HtmlText(answer->stop_reason));
    Add("</div><div class=text>");
    if (!answer.has_value() || answer->actual.empty()) {
      Add("<span class=empty>", answer.has_value() ? "no text" : "absent",
          "</span>");
    } else {
      Marked(answer->actual, other.has_value() ? other->actual : "");
    }
    Add("</div></div>");
  }

  static bool StartsCharacter(std::string_view text, size_t i) {
    return i >= text.size() || (static_cast<uint8_t>(text[i]) & 0xc0) != 0x80;
  }

  // `text` with what lies between the beginning and the end that it shares with
  // `other` marked.
  void Marked(std::string_view text, std::string_view other) {
    const size_t common = std::min(text.size(), other.size());
    size_t begin = 0;
    while (begin < common && text[begin] == other[begin]) ++begin;
    size_t tail = 0;
    while (tail < common - begin &&
           text[text.size() - 1 - tail] == other[other.size() - 1 - tail]) {
      ++tail;
    }
    size_t end = text.size() - tail;
    while (!StartsCharacter(text, begin)) --begin;
    while (!StartsCharacter(text, end)) ++end;
    size_t first = begin > kTextBefore ? begin - kTextBefore : 0;
    while (!StartsCharacter(text, first)) ++first;
    size_t last = std::min(text.size(), begin + kTextBehind);
    while (!StartsCharacter(text, last)) ++last;
    end = std::min(end, last);
    Add(first > 0 ? "&hellip;" : "",
        HtmlText(text.substr(first, begin - first)), "<mark>",
        HtmlText(text.substr(begin, end - begin)), "</mark>",
        HtmlText(text.substr(end, last - end)),
        last < text.size() ? "&hellip;" : "");
  }

  void CasePlace(const CaseDifference& found) {
    if (!found.first_byte.has_value()) return;
    Add("<div class=note>The answers differ from byte ",
        Grouped(*found.first_byte), " on");
    if (found.first_token.has_value()) {
      const TokenPlace& token = *found.first_token;
      const auto piece = [](const std::string& text) {
        return text.empty()
                   ? std::string("the end")
                   : absl::StrCat("\xe2\x80\x9c", text, "\xe2\x80\x9d");
      };
      Add(", which is token ", Grouped(token.index), ": ",
          Arrow(piece(token.piece_a), piece(token.piece_b)));
    }
    Add(".</div>");
  }

  void Fields(const std::vector<JsonDifference>& fields,
              std::string_view what) {
    if (fields.empty()) return;
    Add("<div class=wrap><table class=fold><thead><tr><th>", what,
        " field<th>a<th>b</tr></thead><tbody>");
    for (const JsonDifference& field : fields) {
      Add("<tr>",
          Cell("key", "",
               absl::StrCat("<span class=mono>", HtmlText(field.place),
                            "</span>")),
          Cell("val a", "a", HtmlText(field.a)),
          Cell("val b", "b", HtmlText(field.b)), "</tr>");
    }
    Add("</tbody></table></div>");
  }

  void Documents() {
    bool any = !difference_.manifest.changes.empty();
    for (const BlobDifference& blob : difference_.blobs) {
      any = any || blob.fields.has_value();
    }
    if (!any) return;
    Add("<h2>Records<small>field by field</small></h2>");
    if (!difference_.manifest.changes.empty()) {
      Document("manifest", "manifest", difference_.manifest);
    }
    for (size_t i = 0; i < difference_.blobs.size(); ++i) {
      const BlobDifference& blob = difference_.blobs[i];
      if (!blob.fields.has_value()) continue;
      Document(Anchor(i), blob.name, *blob.fields);
    }
  }

  void Document(std::string_view id, std::string_view name,
                const JsonDifferences& fields) {
    if (fields.changes.empty()) {
      Add("<div id=", id, "></div>");
      return;
    }
    Add("<details class=card id=", id, "><summary><b>", HtmlText(name),
        "</b><span>", Plural(fields.changes.size(), "field"),
        fields.more ? " and more" : "", "</span></summary>");
    Fields(fields.changes, "");
    Add("</details>");
  }

  void Lineage() {
    if (difference_.nodes.empty()) return;
    Add("<h2>Lineage<small>nodes that only one packet has</small></h2><div "
        "class=\"card wrap\"><table class=fold><thead><tr><th>operator<th>in"
        "<th>artifact<th>node</tr></thead><tbody>");
    for (const NodeChange& node : difference_.nodes) {
      const bool in_a = node.state == BlobState::kOnlyInA;
      Add("<tr>", Cell("key", "", HtmlText(node.operator_name)),
          Cell(in_a ? "a" : "b", "only in", in_a ? "a" : "b"),
          Cell("val", "artifact", HtmlText(node.artifact_digest)),
          Cell("val", "node", HtmlText(node.id)), "</tr>");
    }
    Add("</tbody></table></div>");
  }

  void OtherBlobs() {
    bool any = false;
    for (size_t i = 0; i < difference_.blobs.size(); ++i) {
      const BlobDifference& blob = difference_.blobs[i];
      if (!blob.bytes.has_value()) continue;
      if (!any) Add("<h2>Other files</h2>");
      any = true;
      OtherBlob(i, blob);
    }
  }

  void OtherBlob(size_t index, const BlobDifference& blob) {
    Add("<details class=card id=", Anchor(index), blob.wasm ? " open" : "",
        "><summary><b>", HtmlText(blob.name), "</b><span>",
        Grouped(blob.a->size), " &rarr; ", Grouped(blob.b->size),
        " bytes</span></summary>");
    if (!blob.unread.empty()) {
      Add("<div class=note>Compared by bytes: ", HtmlText(blob.unread),
          "</div>");
    }
    if (blob.wasm.has_value()) Wasm(*blob.wasm);
    if (blob.bytes->first_offset.has_value()) {
      Add("<div class=note>", Plural(blob.bytes->differing, "byte"),
          " differ, the first at offset ", Grouped(*blob.bytes->first_offset),
          ".</div>");
    }
    Add("</details>");
  }

  void Names(std::string_view what, const std::vector<std::string>& removed,
             const std::vector<std::string>& added) {
    if (removed.empty() && added.empty()) return;
    Add("<ul class=names><li class=\"label plain\">", what, "</li>");
    for (const std::string& name : removed) {
      Add("<li class=minus>", HtmlText(name), "</li>");
    }
    for (const std::string& name : added) {
      Add("<li class=plus>", HtmlText(name), "</li>");
    }
    Add("</ul>");
  }

  void Wasm(const WasmDifference& wasm) {
    Names("exports", wasm.exports_removed, wasm.exports_added);
    Names("imports", wasm.imports_removed, wasm.imports_added);
    if (wasm.sections.empty()) return;
    Add("<div class=wrap><table class=fold><thead><tr><th>section<th "
        "class=num>bytes in a<th class=num>bytes in b</tr></thead><tbody>");
    const auto size = [](const std::optional<uint64_t>& bytes) {
      return bytes.has_value() ? Grouped(*bytes) : std::string("absent");
    };
    for (const WasmSectionChange& section : wasm.sections) {
      Add("<tr>", Cell("key", "", HtmlText(section.name)),
          Cell("num a", "a", size(section.size_a)),
          Cell("num b", "b", size(section.size_b)), "</tr>");
    }
    Add("</tbody></table></div>");
  }

  void AllBlobs() {
    Add("<h2 id=all>All blobs</h2><details class=card><summary><b>",
        Plural(difference_.blobs.size(), "blob"),
        "</b><span>by digest and size</span></summary><div class=wrap><table "
        "class=fold><thead><tr><th>file<th>state<th>a<th>b</tr></thead>"
        "<tbody>");
    for (const BlobDifference& blob : difference_.blobs) {
      Add("<tr>", Cell("key", "", HtmlText(blob.name)), "<td>",
          BlobStateName(blob.state), "</td>", Cell("val", "a", Named(blob.a)),
          Cell("val", "b",
               blob.state == BlobState::kEqual ? "the same" : Named(blob.b)),
          "</tr>");
    }
    Add("</tbody></table></div></details>");
  }

  static std::string Named(const std::optional<Descriptor>& descriptor) {
    if (!descriptor.has_value()) return "absent";
    return absl::StrCat("<span>", Grouped(descriptor->size), " bytes<br>",
                        descriptor->digest.ToString(), "</span>");
  }

  const PacketDifference& difference_;
  std::string out_;
};

}  // namespace

std::string PacketDifferenceToHtml(const PacketDifference& difference) {
  return Page(difference).Write();
}

}  // namespace pedigree
