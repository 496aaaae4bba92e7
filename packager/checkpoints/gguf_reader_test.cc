#include "packager/checkpoints/gguf_reader.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/base/bytes.h"

namespace pedigree {
namespace {

void AppendText(const std::string& text, std::string& out) {
  AppendLittleEndian(uint64_t{text.size()}, out);
  out += text;
}

// A file without tensors whose only key "k" has `type` and `value`.
std::string FileWith(uint32_t type, const std::string& value) {
  std::string file = "GGUF";
  AppendLittleEndian(uint32_t{3}, file);
  AppendLittleEndian(uint64_t{0}, file);
  AppendLittleEndian(uint64_t{1}, file);
  AppendText("k", file);
  AppendLittleEndian(type, file);
  return file + value;
}

template <typename T>
std::string Bytes(T value) {
  std::string bytes;
  AppendLittleEndian(value, bytes);
  return bytes;
}

std::string List(uint32_t type, uint64_t count, const std::string& elements) {
  return Bytes(type) + Bytes(count) + elements;
}

// The value of "k"; the file must outlive it.
GgufValue Value(const std::string& file) {
  const auto parsed = ParseGguf(AsBytes(file));
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? parsed->metadata.at("k") : GgufValue();
}

TEST(GgufReaderTest, ReadsIntegersOfEveryWidth) {
  const std::vector<std::string> files = {
      FileWith(0, "\xff"),
      FileWith(1, "\xff"),
      FileWith(2, Bytes(uint16_t{0xffff})),
      FileWith(3, Bytes(int16_t{-1})),
      FileWith(4, Bytes(uint32_t{0xffffffff})),
      FileWith(5, Bytes(int32_t{-1})),
      FileWith(10, Bytes(uint64_t{7})),
      FileWith(11, Bytes(int64_t{-7})),
  };
  const std::vector<int64_t> expected = {255, -1, 65535, -1, 4294967295, -1,
                                         7,   -7};
  for (size_t i = 0; i < files.size(); ++i) {
    EXPECT_EQ(GgufInteger(Value(files[i])), expected[i]) << i;
    EXPECT_EQ(GgufNumber(Value(files[i])), expected[i]) << i;
  }
  const std::string huge = FileWith(10, Bytes(~uint64_t{0}));
  EXPECT_FALSE(GgufInteger(Value(huge)).has_value());
}

TEST(GgufReaderTest, ReadsOtherValues) {
  const std::string f32 = FileWith(6, Bytes(0.5f));
  EXPECT_EQ(GgufNumber(Value(f32)), 0.5);
  EXPECT_FALSE(GgufInteger(Value(f32)).has_value());
  const std::string f64 = FileWith(12, Bytes(0.25));
  EXPECT_EQ(GgufNumber(Value(f64)), 0.25);
  const std::string flag = FileWith(7, "\x01");
  EXPECT_EQ(GgufBool(Value(flag)), true);
  EXPECT_FALSE(GgufNumber(Value(flag)).has_value());
  const std::string text = FileWith(8, Bytes(uint64_t{3}) + "abc");
  EXPECT_EQ(GgufString(Value(text)), "abc");
  EXPECT_FALSE(GgufBool(Value(text)).has_value());
}

TEST(GgufReaderTest, ReadsLists) {
  const std::string strings =
      FileWith(9, List(8, 2, Bytes(uint64_t{1}) + "a" + Bytes(uint64_t{0})));
  EXPECT_EQ(*GgufStrings(Value(strings)),
            (std::vector<std::string_view>{"a", ""}));
  EXPECT_FALSE(GgufString(Value(strings)).has_value());
  EXPECT_FALSE(GgufIntegers(Value(strings)).has_value());
  const std::string floats =
      FileWith(9, List(6, 2, Bytes(1.0f) + Bytes(-2.0f)));
  EXPECT_EQ(*GgufFloats(Value(floats)), (std::vector<float>{1, -2}));
  EXPECT_FALSE(GgufIntegers(Value(floats)).has_value());
  const std::string integers =
      FileWith(9, List(5, 2, Bytes(int32_t{1}) + Bytes(int32_t{-2})));
  EXPECT_EQ(*GgufIntegers(Value(integers)), (std::vector<int64_t>{1, -2}));
  EXPECT_FALSE(GgufInteger(Value(integers)).has_value());
}

TEST(GgufReaderTest, NamesTypes) {
  EXPECT_EQ(GgufTypeName(GgufType::kUint8), "u8");
  EXPECT_EQ(GgufTypeName(GgufType::kFloat64), "f64");
}

}  // namespace
}  // namespace pedigree
