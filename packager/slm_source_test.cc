#include "packager/slm_source.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "packager/byte_sink.h"
#include "packager/quantize.h"
#include "packager/store_source.h"
#include "packager/testing.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_reader.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

std::string Store(const std::string& file, const StorageRequest& request,
                  std::vector<StoredTensorError>* errors = nullptr) {
  const auto source = OpenSlm({"a.slm", AsBytes(file), nullptr});
  EXPECT_TRUE(source.ok()) << source.status();
  if (!source.ok()) return "";
  std::string bytes;
  StringSink sink(&bytes);
  auto stored = StoreSource(*source, request, &sink);
  EXPECT_TRUE(stored.ok()) << stored.status();
  if (stored.ok() && errors != nullptr) *errors = stored->errors;
  return bytes;
}

TEST(OpenSlmTest, AnF32ModelStoresLikeWhatItCameFrom) {
  const std::string f32 = TestModel();
  EXPECT_EQ(Store(f32, {}), f32);
  EXPECT_EQ(Store(f32, {DType::kQ8_0, false}), TestModel("q8_0"));
  EXPECT_EQ(Store(f32, {DType::kQ4_0, false}), TestModel("q4_0"));
}

TEST(OpenSlmTest, AQuantisedModelKeepsItsBitsInItsOwnStorage) {
  for (const char* dtype : {"q8_0", "q4_0"}) {
    const std::string quantised = TestModel(dtype);
    const DType asked = *DTypeFromName(dtype);
    std::vector<StoredTensorError> errors;
    EXPECT_EQ(Store(quantised, {asked, false}, &errors), quantised);
    EXPECT_TRUE(errors.empty());
  }
}

TEST(OpenSlmTest, BlocksOfARowKeepItsScaleAndBits) {
  const std::string rows = TestModel("q8_0");
  const std::string blocks = Store(rows, {DType::kQ8_0, true});
  const SlmReader from = *SlmReader::Parse(AsBytes(rows));
  const SlmReader to = *SlmReader::Parse(AsBytes(blocks));
  for (size_t i = 0; i < from.specs().size(); ++i) {
    EXPECT_EQ(LoadTensor(ViewTensor(from, static_cast<int>(i))),
              LoadTensor(ViewTensor(to, static_cast<int>(i))))
        << from.specs()[i].name;
  }
  EXPECT_NE(rows, blocks);
}

TEST(OpenSlmTest, DequantisesToTheValuesThatTheRuntimeReads) {
  for (const char* dtype : {"q8_0", "q4_0"}) {
    const std::string quantised = TestModel(dtype);
    const std::string f32 = Store(quantised, {});
    const SlmReader from = *SlmReader::Parse(AsBytes(quantised));
    const SlmReader to = *SlmReader::Parse(AsBytes(f32));
    for (size_t i = 0; i < from.specs().size(); ++i) {
      ASSERT_EQ(to.entries()[i].dtype, DType::kF32);
      EXPECT_EQ(LoadTensor(ViewTensor(from, static_cast<int>(i))),
                LoadTensor(ViewTensor(to, static_cast<int>(i))))
          << from.specs()[i].name;
    }
  }
}

TEST(OpenSlmTest, RefusesAFileWhoseChecksumIsWrong) {
  std::string file = TestModel("q8_0");
  file[file.size() / 2] ^= 1;
  const auto source = OpenSlm({"a.slm", AsBytes(file), nullptr});
  ASSERT_TRUE(source.ok()) << source.status();
  NullSink sink;
  const absl::Status status = StoreSource(*source, {}, &sink).status();
  EXPECT_TRUE(absl::StartsWith(
      status.message(), "a.slm: Corrupted .slm file: checksum mismatch"))
      << status;
}

TEST(OpenSlmTest, RefusesAFileThatIsCutOff) {
  std::string file = TestModel();
  file.resize(file.size() - 64);
  const auto source = OpenSlm({"a.slm", AsBytes(file), nullptr});
  EXPECT_FALSE(source.ok());
  EXPECT_TRUE(absl::StartsWith(source.status().message(), "a.slm: "))
      << source.status();
}

TEST(OpenSlmTest, CanBeStoredTwice) {
  const std::string file = TestModel();
  const auto source = OpenSlm({"a.slm", AsBytes(file), nullptr});
  ASSERT_TRUE(source.ok()) << source.status();
  NullSink sink;
  EXPECT_TRUE(StoreSource(*source, {}, &sink).ok());
  EXPECT_TRUE(StoreSource(*source, {}, &sink).ok());
}

}  // namespace
}  // namespace pedigree
