#include "release/diff/html_text.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

// Unicode 15: controls, and format characters that hide or reorder text.
bool IsUnseen(uint32_t c) {
  return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c <= 0x9f) ||
         c == 0xad || c == 0x61c || c == 0x180e ||
         (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
         (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

void AppendCharacter(uint32_t c, std::string_view bytes, const char* unseen,
                     std::string& out) {
  if (c == '<') {
    absl::StrAppend(&out, "&lt;");
  } else if (c == '>') {
    absl::StrAppend(&out, "&gt;");
  } else if (c == '&') {
    absl::StrAppend(&out, "&amp;");
  } else if (c == '"') {
    absl::StrAppend(&out, "&quot;");
  } else if (c == '\'') {
    absl::StrAppend(&out, "&#39;");
  } else if (IsUnseen(c)) {
    const std::string name = absl::StrFormat("U+%04X", c);
    absl::StrAppend(&out, unseen, name, unseen[0] == '[' ? "]" : "</i>");
  } else {
    out.append(bytes);
  }
}

std::string Escape(std::string_view text, const char* unseen) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const Utf8Sequence next = ReadUtf8(text, i);
    const bool character = next.kind == Utf8Sequence::Kind::kCharacter;
    AppendCharacter(character ? next.code_point : 0xfffd,
                    character ? text.substr(i, next.length) : "\xef\xbf\xbd",
                    unseen, out);
    i += next.length;
  }
  return out;
}

}  // namespace

std::string HtmlText(std::string_view text) {
  return Escape(text, "<i class=unseen>");
}

std::string HtmlAttribute(std::string_view text) { return Escape(text, "["); }

}  // namespace pedigree
