#include "runtime/tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

#include "runtime/base/sort.h"
#include "runtime/tokenizer/unicode.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

bool IsSpace(const Utf8Sequence& sequence) {
  return sequence.kind == Utf8Sequence::Kind::kCharacter &&
         (CharClassOf(sequence.code_point) & kWhiteSpace) != 0;
}

// Where the white space that ends at `position` begins, but not before `limit`.
size_t SpaceBegin(std::string_view text, size_t position, size_t limit) {
  while (position > limit) {
    size_t start = position - 1;
    while (start > limit && (text[start] & 0xc0) == 0x80) --start;
    const Utf8Sequence sequence = ReadUtf8(text, start);
    if (!IsSpace(sequence) || start + sequence.length != position) break;
    position = start;
  }
  return position;
}

size_t SpaceEnd(std::string_view text, size_t position) {
  while (position < text.size()) {
    const Utf8Sequence sequence = ReadUtf8(text, position);
    if (!IsSpace(sequence)) break;
    position += sequence.length;
  }
  return position;
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens)
    : tokens_(std::move(tokens)) {
  Sort(tokens_.begin(), tokens_.end(),
            [](const AddedToken& a, const AddedToken& b) {
              return a.text < b.text;
            });
  for (const AddedToken& token : tokens_) {
    first_bytes_.set(static_cast<uint8_t>(token.text.front()));
  }
}

// Narrows the tokens to those that share more and more bytes with the text.
const AddedToken* AddedTokenFinder::FindAt(std::string_view text,
                                           size_t position) const {
  const AddedToken* longest = nullptr;
  auto begin = tokens_.begin();
  auto end = tokens_.end();
  for (size_t depth = 0; position + depth < text.size(); ++depth) {
    const auto byte = static_cast<uint8_t>(text[position + depth]);
    const auto byte_of = [depth](const AddedToken& token) {
      return static_cast<uint8_t>(token.text[depth]);
    };
    begin = std::partition_point(begin, end, [&](const AddedToken& token) {
      return byte_of(token) < byte;
    });
    end = std::partition_point(begin, end, [&](const AddedToken& token) {
      return byte_of(token) == byte;
    });
    if (begin == end) break;
    if (begin->text.size() == depth + 1) {
      longest = &*begin;
      if (++begin == end) break;
    }
  }
  return longest;
}

std::vector<TextPart> AddedTokenFinder::Split(std::string_view text) const {
  std::vector<TextPart> parts;
  size_t done = 0;       // what lies before it is in `parts`
  size_t space_end = 0;  // behind the last white space that was looked at
  for (size_t i = 0; i < text.size();) {
    const bool may_begin = first_bytes_[static_cast<uint8_t>(text[i])];
    const AddedToken* token = may_begin ? FindAt(text, i) : nullptr;
    if (token == nullptr) {
      ++i;
      continue;
    }
    size_t begin = i;
    i += token->text.size();
    size_t end = i;
    if (token->strip_left) begin = SpaceBegin(text, begin, done);
    if (token->strip_right) {
      if (end >= space_end) space_end = SpaceEnd(text, end);
      end = space_end;
    }
    if (done < begin) parts.push_back({TextPart::kText, done, begin});
    parts.push_back({token->id, begin, end});
    done = end;
  }
  if (done < text.size()) parts.push_back({TextPart::kText, done, text.size()});
  return parts;
}

}  // namespace pedigree
