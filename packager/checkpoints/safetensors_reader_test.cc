#include "packager/checkpoints/safetensors_reader.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"

namespace pedigree {
namespace {

std::string File(const std::string& header, const std::string& data) {
  std::string file;
  AppendLittleEndian(uint64_t{header.size()}, file);
  return file + header + data;
}

TEST(SafetensorsReaderTest, FindsTensorsInAnyOrder) {
  const std::string file = File(
      R"({"b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
          "a": {"shape": [2, 1], "data_offsets": [0, 4], "dtype": "F16"},
          "none": {"dtype": "I64", "shape": [0, 7], "data_offsets": [8, 8]},
          "__metadata__": {"format": "pt", "x": "y"}}  )",
      "abcdefgh");
  const auto tensors = ParseSafetensors(AsBytes(file));
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  ASSERT_EQ(tensors->size(), 3u);
  EXPECT_EQ(tensors->at("a").dtype, "F16");
  EXPECT_EQ(tensors->at("a").shape, (std::vector<uint64_t>{2, 1}));
  EXPECT_EQ(AsText(tensors->at("a").bytes), "abcd");
  EXPECT_EQ(AsText(tensors->at("b").bytes), "efgh");
  EXPECT_TRUE(tensors->at("none").bytes.empty());
}

TEST(SafetensorsReaderTest, AScalarHasOneValue) {
  const std::string file =
      File(R"({"s": {"dtype": "U8", "shape": [], "data_offsets": [0, 1]}})",
           "x");
  const auto tensors = ParseSafetensors(AsBytes(file));
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_TRUE(tensors->at("s").shape.empty());
}

TEST(SafetensorsReaderTest, TakesAFileWithoutTensors) {
  EXPECT_TRUE(ParseSafetensors(AsBytes(File("{}", "")))->empty());
  EXPECT_EQ(ParseSafetensors(AsBytes(File("{}", "x"))).status().message(),
            "Invalid safetensors file: tensors end at 0 of 1 data bytes");
}

}  // namespace
}  // namespace pedigree
