#include "runtime/tokenizer/unicode.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "runtime/base/sort.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

#include "runtime/tokenizer/unicode_tables.inc"

// Bounds hold `code point << bits | value from there on`, ascending.
template <size_t kCount>
uint32_t Lookup(const uint32_t (&bounds)[kCount], int bits,
                uint32_t code_point) {
  const uint32_t key = (code_point + 1) << bits;
  const uint32_t* bound =
      std::lower_bound(std::begin(bounds), std::end(bounds), key);
  if (bound == std::begin(bounds)) return 0;
  return bound[-1] & ((1u << bits) - 1);
}

// Latin letters and all that is below them are found without a search.
constexpr uint32_t kDirectCount = 0x300;

constexpr std::array<uint8_t, kDirectCount> MakeDirectClasses() {
  std::array<uint8_t, kDirectCount> classes{};
  uint32_t value = 0;
  size_t next = 0;
  for (uint32_t c = 0; c < kDirectCount; ++c) {
    if (kCharClassBounds[next] >> 4 == c) value = kCharClassBounds[next++] & 15;
    classes[c] = static_cast<uint8_t>(value);
  }
  return classes;
}

constexpr std::array<uint8_t, kDirectCount> kDirectClasses =
    MakeDirectClasses();

// Hangul syllables are composed by arithmetic, Unicode 15 section 3.12.
constexpr uint32_t kHangulS = 0xac00;
constexpr uint32_t kHangulL = 0x1100;
constexpr uint32_t kHangulV = 0x1161;
constexpr uint32_t kHangulT = 0x11a7;
constexpr uint32_t kHangulLCount = 19;
constexpr uint32_t kHangulVCount = 21;
constexpr uint32_t kHangulTCount = 28;
constexpr uint32_t kHangulSCount =
    kHangulLCount * kHangulVCount * kHangulTCount;

// An entry of kDecompositions: the mapping of one character into one (then
// `second` is 0) or two.
struct Decomposition {
  explicit Decomposition(uint64_t packed)
      : code_point(packed >> 43),
        first(packed >> 22 & 0x1fffff),
        second(packed >> 1 & 0x1fffff) {}

  uint32_t code_point;
  uint32_t first;
  uint32_t second;
};

struct Character {
  uint32_t code_point;
  uint32_t combining_class;
  // Among marks that are sorted, where it stood before.
  uint32_t position = 0;
};

void Decompose(uint32_t code_point, std::vector<Character>& out) {
  if (code_point - kHangulS < kHangulSCount) {
    const uint32_t index = code_point - kHangulS;
    const uint32_t trailing = index % kHangulTCount;
    const uint32_t pair = index / kHangulTCount;
    out.push_back({kHangulL + pair / kHangulVCount, 0});
    out.push_back({kHangulV + pair % kHangulVCount, 0});
    if (trailing != 0) out.push_back({kHangulT + trailing, 0});
    return;
  }
  const uint64_t key = uint64_t{code_point} << 43;
  const uint64_t* found = std::lower_bound(std::begin(kDecompositions),
                                           std::end(kDecompositions), key);
  if (found == std::end(kDecompositions) ||
      Decomposition(*found).code_point != code_point) {
    out.push_back({code_point, CombiningClassOf(code_point)});
    return;
  }
  // Mappings are nested at most a few levels deep, in `first` only.
  const Decomposition mapping(*found);
  Decompose(mapping.first, out);
  if (mapping.second != 0) Decompose(mapping.second, out);
}

// Marks that follow a starter are sorted by class; equal ones keep their order.
void OrderMarks(std::vector<Character>& characters) {
  const auto is_mark = [](const Character& c) {
    return c.combining_class != 0;
  };
  auto end = characters.begin();
  while (true) {
    const auto begin = std::find_if(end, characters.end(), is_mark);
    if (begin == characters.end()) return;
    end = std::find_if_not(begin, characters.end(), is_mark);
    uint32_t position = 0;
    for (auto mark = begin; mark != end; ++mark) mark->position = position++;
    Sort(begin, end, [](const Character& a, const Character& b) {
      return std::pair(a.combining_class, a.position) <
             std::pair(b.combining_class, b.position);
    });
  }
}

// The character that `first` and `second` compose to, or 0.
uint32_t Compose(uint32_t first, uint32_t second) {
  if (first - kHangulL < kHangulLCount && second - kHangulV < kHangulVCount) {
    const uint32_t pair =
        (first - kHangulL) * kHangulVCount + (second - kHangulV);
    return kHangulS + pair * kHangulTCount;
  }
  if (first - kHangulS < kHangulSCount &&
      (first - kHangulS) % kHangulTCount == 0 &&
      second - (kHangulT + 1) < kHangulTCount - 1) {
    return first + (second - kHangulT);
  }
  const auto less = [](uint16_t index, const std::pair<uint32_t, uint32_t>& p) {
    const Decomposition mapping(kDecompositions[index]);
    return std::pair(mapping.first, mapping.second) < p;
  };
  const std::pair<uint32_t, uint32_t> pair(first, second);
  const uint16_t* found = std::lower_bound(
      std::begin(kCompositions), std::end(kCompositions), pair, less);
  if (found == std::end(kCompositions)) return 0;
  const Decomposition mapping(kDecompositions[*found]);
  if (mapping.first != first || mapping.second != second) return 0;
  return mapping.code_point;
}

// A character joins the last starter unless something between them blocks it:
// another starter, or a mark of the same or a higher class.
void ComposeAll(std::vector<Character>& characters) {
  size_t count = 0;
  size_t after_starter = 0;  // 0 while there is none
  for (size_t i = 0; i < characters.size(); ++i) {
    const Character next = characters[i];
    const bool blocked =
        after_starter == 0 ||
        (count != after_starter &&
         characters[count - 1].combining_class >= next.combining_class);
    if (!blocked) {
      Character& starter = characters[after_starter - 1];
      if (const uint32_t composed =
              Compose(starter.code_point, next.code_point);
          composed != 0) {
        starter.code_point = composed;
        continue;
      }
    }
    characters[count++] = next;
    if (next.combining_class == 0) after_starter = count;
  }
  characters.resize(count);
}

bool MayChange(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const Utf8Sequence sequence = ReadUtf8(text, i);
    if (sequence.code_point >= kDirectCount &&
        Lookup(kNfcChangesBounds, 1, sequence.code_point) != 0) {
      return true;
    }
    i += sequence.length;
  }
  return false;
}

}  // namespace

uint32_t CharClassOf(uint32_t code_point) {
  if (code_point < kDirectCount) return kDirectClasses[code_point];
  return Lookup(kCharClassBounds, 4, code_point);
}

uint32_t CombiningClassOf(uint32_t code_point) {
  return Lookup(kCombiningClassBounds, 8, code_point);
}

std::string NormalizeNfc(std::string_view text) {
  if (!MayChange(text)) return std::string(text);
  std::vector<Character> characters;
  characters.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Utf8Sequence sequence = ReadUtf8(text, i);
    Decompose(sequence.code_point, characters);
    i += sequence.length;
  }
  OrderMarks(characters);
  ComposeAll(characters);
  std::string normalized;
  normalized.reserve(text.size());
  for (const Character& character : characters) {
    AppendUtf8(character.code_point, normalized);
  }
  return normalized;
}

}  // namespace pedigree
