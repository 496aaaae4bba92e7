#include "runtime/base/concat.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

template <typename T>
void ExpectAsStrCat() {
  using Limits = std::numeric_limits<T>;
  for (const T value :
       {T{0}, T{1}, T{9}, T{10}, T{100}, Limits::max(), Limits::min(),
        static_cast<T>(Limits::max() - 1), static_cast<T>(Limits::min() + 1)}) {
    // Abseil takes a uint8_t for a number only once it is an int.
    EXPECT_EQ(Concat(value), absl::StrCat(+value));
  }
}

TEST(ConcatTest, NumbersAreThoseOfStrCat) {
  ExpectAsStrCat<uint8_t>();
  ExpectAsStrCat<int8_t>();
  ExpectAsStrCat<int16_t>();
  ExpectAsStrCat<int32_t>();
  ExpectAsStrCat<uint32_t>();
  ExpectAsStrCat<int64_t>();
  ExpectAsStrCat<uint64_t>();
  ExpectAsStrCat<size_t>();
}

TEST(ConcatTest, HexNumbersAreThoseOfStrCat) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{10}, uint64_t{0xabc},
                               uint64_t{1} << 63, ~uint64_t{0}}) {
    EXPECT_EQ(Concat(HexNumber{value}), absl::StrCat(absl::Hex(value)));
    EXPECT_EQ(Concat(HexNumber{value, 2}),
              absl::StrCat(absl::Hex(value, absl::kZeroPad2)));
    EXPECT_EQ(Concat(HexNumber{value, 16}),
              absl::StrCat(absl::Hex(value, absl::kZeroPad16)));
  }
}

TEST(ConcatTest, PutsTextsAndNumbersTogether) {
  const std::string owned = "b";
  const std::string_view zero("\0", 1);
  EXPECT_EQ(Concat("a", owned, std::string_view("c"), 1, "", zero, -2),
            std::string("abc1\0-2", 7));
  EXPECT_EQ(Concat(), "");
  std::string text = "x";
  Append(text, {"y", 3});
  Append(text, {});
  EXPECT_EQ(text, "xy3");
}

}  // namespace
}  // namespace pedigree
