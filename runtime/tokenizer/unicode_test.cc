// The tables against utf8proc, which knows Unicode 15.0: properties of
// characters don't change once they are assigned.

#include "runtime/tokenizer/unicode.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/tokenizer/utf8.h"
#include "utf8proc.h"

namespace pedigree {
namespace {

constexpr uint32_t kCodePoints = 0x110000;

bool IsSurrogate(uint32_t c) { return c >= 0xd800 && c < 0xe000; }

uint32_t ClassByUtf8proc(uint32_t c) {
  const utf8proc_category_t category =
      utf8proc_category(static_cast<utf8proc_int32_t>(c));
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) {
    return kLetter;
  }
  if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) {
    return kNumber | kNumeric;
  }
  const bool separator =
      category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP;
  const bool control = (c >= '\t' && c <= '\r') || c == 0x85;
  return separator || control ? kWhiteSpace : 0;
}

TEST(UnicodeTest, ClassesAreThoseOfUtf8procWhereItKnowsTheCharacter) {
  int new_letters = 0;
  int new_numbers = 0;
  int new_numerics = 0;
  for (uint32_t c = 0; c < kCodePoints; ++c) {
    const uint32_t ours = CharClassOf(c);
    if (utf8proc_category(static_cast<utf8proc_int32_t>(c)) !=
        UTF8PROC_CATEGORY_CN) {
      ASSERT_EQ(ours, ClassByUtf8proc(c)) << c;
      continue;
    }
    new_letters += (ours & kLetter) != 0;
    new_numbers += (ours & kNumber) != 0;
    new_numerics += (ours & kNumeric) != 0;
  }
  // What Unicode 15.1 and 16 added, and 17 to the last.
  EXPECT_EQ(new_letters, 4924);
  EXPECT_EQ(new_numbers, 80);
  EXPECT_EQ(new_numerics, 93);
}

// utf8proc_map does the same, but asks for the size with a null buffer first,
// to which it adds 0: that is undefined in C.
std::string NfcByUtf8proc(const std::string& text) {
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE |
                                                      UTF8PROC_COMPOSE);
  // A byte decomposes into at most two characters, which take one more place.
  std::vector<utf8proc_int32_t> buffer(2 * text.size() + 2);
  const utf8proc_ssize_t count = utf8proc_decompose(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
      static_cast<utf8proc_ssize_t>(text.size()), buffer.data(),
      static_cast<utf8proc_ssize_t>(buffer.size()), options);
  EXPECT_GE(count, 0);
  EXPECT_LT(count, static_cast<utf8proc_ssize_t>(buffer.size()));
  const utf8proc_ssize_t size =
      utf8proc_reencode(buffer.data(), count, options);
  EXPECT_GE(size, 0);
  return std::string(reinterpret_cast<const char*>(buffer.data()), size);
}

// Characters that were assigned in Unicode 9 and may take part in a change.
std::vector<uint32_t> CharactersThatCompose() {
  std::vector<uint32_t> characters;
  for (uint32_t c = 0; c < kCodePoints; ++c) {
    if (IsSurrogate(c)) continue;
    const auto* property =
        utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
    const bool mark = CombiningClassOf(c) != 0;
    const bool jamo = c >= 0x1100 && c < 0x1200;
    const bool maps = property->decomp_type == 0 &&
                      property->decomp_seqindex != UINT16_MAX;
    std::string text;
    AppendUtf8(c, text);
    // New in a later version: it changes there only.
    if (maps && property->comb_index == UINT16_MAX &&
        NormalizeNfc(text) != NfcByUtf8proc(text)) {
      continue;
    }
    if (mark || jamo || maps) characters.push_back(c);
  }
  return characters;
}

TEST(UnicodeTest, CombiningClassesAreThoseOfUtf8proc) {
  int marks = 0;
  for (uint32_t c = 0; c < kCodePoints; ++c) {
    if (CombiningClassOf(c) == 0) continue;
    ++marks;
    const auto* property =
        utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
    ASSERT_EQ(CombiningClassOf(c), uint32_t(property->combining_class)) << c;
  }
  EXPECT_EQ(marks, 814);
}

TEST(UnicodeTest, EachCharacterNormalizesAsUtf8procSays) {
  std::string text;
  for (uint32_t c = 0; c < kCodePoints; ++c) {
    if (IsSurrogate(c)) continue;
    text.clear();
    AppendUtf8(c, text);
    ASSERT_EQ(NormalizeNfc(text), NfcByUtf8proc(text)) << c;
  }
}

TEST(UnicodeTest, RandomTextNormalizesAsUtf8procSays) {
  const std::vector<uint32_t> characters = CharactersThatCompose();
  ASSERT_GT(characters.size(), 2000u);
  std::mt19937 random(3);
  for (int round = 0; round < 100000; ++round) {
    std::string text;
    for (size_t left = 1 + random() % 12; left > 0; --left) {
      switch (random() % 4) {
        case 0:
          AppendUtf8(0x20 + random() % 0x5f, text);
          break;
        case 1:
          AppendUtf8(0x300 + random() % 0x50, text);
          break;
        case 2:
          AppendUtf8(0xac00 + random() % 11172, text);
          break;
        default:
          AppendUtf8(characters[random() % characters.size()], text);
      }
    }
    ASSERT_EQ(NormalizeNfc(text), NfcByUtf8proc(text)) << round;
  }
}

TEST(UnicodeTest, LeavesWhatLaterVersionsChange) {
  // U+105D2 U+0307 compose in Unicode 16, U+0897 is a mark in it.
  const std::string later = "\xf0\x90\x97\x92\xcc\x87";
  EXPECT_EQ(NormalizeNfc(later), later);
  EXPECT_EQ(CombiningClassOf(0x897), 0u);
}

// Sorting marks one step at a time would take minutes.
TEST(UnicodeTest, TakesAMegabyteOfMarksInTheWrongOrder) {
  std::string text = "a";
  for (int i = 0; i < 1 << 18; ++i) text += "\xcc\x81\xcc\xa3";
  const std::string normalized = NormalizeNfc(text);
  EXPECT_EQ(normalized.substr(0, 5), "\xe1\xba\xa1\xcc\xa3");
  EXPECT_EQ(normalized.size(), text.size() + 3 - 1 - 2);
}

}  // namespace
}  // namespace pedigree
