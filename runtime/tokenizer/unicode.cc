#include "runtime/tokenizer/unicode.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/sort.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

#include "runtime/tokenizer/unicode_tables.inc"

// Numbers of a table, as unicode_tables.py writes them.
class TableReader {
 public:
  explicit TableReader(const uint8_t* table) : next_(table) {}

  uint32_t Number() {
    uint32_t value = 0;
    for (int shift = 0;; shift += 7) {
      const uint32_t byte = *next_++;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  // With a sign, modulo 2^32.
  uint32_t Difference() {
    const uint32_t value = Number();
    return value >> 1 ^ (0 - (value & 1));
  }

 private:
  const uint8_t* next_;
};

// A property by the places where it changes: `code point << bits | value from there
// on`, ascending.
class Property {
 public:
  Property(const uint8_t* table, int bits) : bits_(bits) {
    TableReader reader(table);
    bounds_.resize(reader.Number());
    uint32_t code_point = 0;
    for (uint32_t& bound : bounds_) {
      const uint32_t entry = reader.Number();
      code_point += entry >> bits;
      bound = code_point << bits | (entry & Mask());
    }
  }

  uint32_t Of(uint32_t code_point) const {
    const uint32_t key = (code_point + 1) << bits_;
    const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), key);
    return bound == bounds_.begin() ? 0 : bound[-1] & Mask();
  }

 private:
  uint32_t Mask() const { return (1u << bits_) - 1; }

  int bits_;
  std::vector<uint32_t> bounds_;
};

// The mapping of one character into one (then `second` is 0) or two.
struct Decomposition {
  uint32_t code_point;
  uint32_t first;
  uint32_t second;
};

std::pair<uint32_t, uint32_t> PairOf(const Decomposition& mapping) {
  return {mapping.first, mapping.second};
}

// Latin letters and all that is below them are found without a search.
constexpr uint32_t kDirectCount = 0x300;

struct Tables {
  Tables() {
    for (uint32_t c = 0; c < kDirectCount; ++c) {
      direct_classes[c] = static_cast<uint8_t>(char_classes.Of(c));
    }
    TableReader reader(kDecompositions);
    decompositions.resize(reader.Number());
    Decomposition last = {0, 0, 0};
    for (Decomposition& mapping : decompositions) {
      const uint32_t entry = reader.Number();
      last.code_point += entry >> 1;
      last.first += reader.Difference();
      last.second += reader.Difference();
      mapping = last;
      if ((entry & 1) != 0) compositions.push_back(mapping);
    }
    Sort(compositions.begin(), compositions.end(),
         [](const Decomposition& a, const Decomposition& b) {
           return PairOf(a) < PairOf(b);
         });
  }

  Property char_classes{kCharClasses, 4};
  Property combining_classes{kCombiningClasses, 8};
  Property nfc_changes{kNfcChanges, 1};
  std::array<uint8_t, kDirectCount> direct_classes;
  // By code point.
  std::vector<Decomposition> decompositions;
  // Those that are composed again, by pair.
  std::vector<Decomposition> compositions;
};

// Read when they are first asked for.
const Tables& GetTables() {
  static const Tables& tables = *new Tables;
  return tables;
}

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
  const std::vector<Decomposition>& mappings = GetTables().decompositions;
  const auto found = std::lower_bound(
      mappings.begin(), mappings.end(), code_point,
      [](const Decomposition& mapping, uint32_t c) {
        return mapping.code_point < c;
      });
  if (found == mappings.end() || found->code_point != code_point) {
    out.push_back({code_point, CombiningClassOf(code_point)});
    return;
  }
  // Mappings are nested at most a few levels deep, in `first` only.
  Decompose(found->first, out);
  if (found->second != 0) Decompose(found->second, out);
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
  const std::vector<Decomposition>& mappings = GetTables().compositions;
  const std::pair pair(first, second);
  const auto found = std::lower_bound(
      mappings.begin(), mappings.end(), pair,
      [](const Decomposition& mapping,
         const std::pair<uint32_t, uint32_t>& wanted) {
        return PairOf(mapping) < wanted;
      });
  if (found == mappings.end() || PairOf(*found) != pair) return 0;
  return found->code_point;
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
  const Property& changes = GetTables().nfc_changes;
  for (size_t i = 0; i < text.size();) {
    const Utf8Sequence sequence = ReadUtf8(text, i);
    if (sequence.code_point >= kDirectCount &&
        changes.Of(sequence.code_point) != 0) {
      return true;
    }
    i += sequence.length;
  }
  return false;
}

}  // namespace

uint32_t CharClassOf(uint32_t code_point) {
  const Tables& tables = GetTables();
  if (code_point < kDirectCount) return tables.direct_classes[code_point];
  return tables.char_classes.Of(code_point);
}

uint32_t CombiningClassOf(uint32_t code_point) {
  return GetTables().combining_classes.Of(code_point);
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
