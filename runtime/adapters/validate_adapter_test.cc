#include "runtime/adapters/validate_adapter.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

using ::testing::HasSubstr;

// Offsets in an adapter file, docs/formats/adapter.md.
constexpr size_t kChecksumOffset = 104;
constexpr size_t kDirectoryOffset = 128;
constexpr size_t kEntryBytes = 96;

class ValidateAdapterTest : public testing::Test {
 protected:
  ValidateAdapterTest()
      : model_(TinyModel({})),
        adapter_(TinyAdapter(
            model_.text(),
            {{"norm.weight", RandomValues(1, 32, 1)},
             {"layers.0.wk.weight", RandomValues(2, 16 * 32, 1)},
             {"layers.1.wk.weight", RandomValues(3, 16 * 32, 1)}})) {}

  // Validates the adapter with the bytes at `offset` replaced.
  template <typename T>
  absl::Status ValidateWith(size_t offset, T value) {
    std::string bytes = adapter_;
    auto* data = reinterpret_cast<uint8_t*>(bytes.data());
    StoreLittleEndian(value, data + offset);
    StoreLittleEndian(FileChecksum(AsBytes(bytes), kChecksumOffset),
                      data + kChecksumOffset);
    return Validate(bytes);
  }

  absl::Status Validate(const std::string& bytes) {
    const AlignedBytes aligned(bytes);
    const absl::StatusOr<AdapterReader> adapter =
        AdapterReader::Parse(AsBytes(aligned.text()));
    if (!adapter.ok()) return adapter.status();
    const absl::StatusOr<SlmReader> model =
        SlmReader::Parse(AsBytes(model_.text()));
    if (!model.ok()) return model.status();
    return ValidateAdapter(*adapter, *model, Sha256(model_.text()));
  }

  AlignedBytes model_;
  std::string adapter_;
};

TEST_F(ValidateAdapterTest, TakesAnAdapterOfTheModel) {
  EXPECT_TRUE(Validate(adapter_).ok());
}

TEST_F(ValidateAdapterTest, RefusesEachIdentityFieldThatDiffers) {
  const auto expect = [](const absl::Status& status, const char* message) {
    EXPECT_EQ(GetErrorCode(status), ErrorCode::kAdapterIdentityMismatch);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
  };
  expect(ValidateWith(16, uint32_t{1}),
         "Adapter does not fit model: flags 0x1 (adapter), 0x0 (model)");
  expect(ValidateWith(20, uint32_t{7}),
         "tensor count 7 (adapter), 21 (model)");
  expect(ValidateWith(24, uint64_t{7}),
         "parameter count 7 (adapter), 35232 (model)");
  expect(ValidateWith(32, uint64_t{7}), "tensor layout checksum 0x7 (adapter)");
  expect(ValidateWith(40, uint64_t{7}), "tokenizer checksum 0x7 (adapter)");
  expect(ValidateWith(79, uint8_t{0}), "model digest sha256:");
}

TEST_F(ValidateAdapterTest, TakesTheDigestOfASiblingOnly) {
  const std::vector<Sibling> siblings = {{Sha256("other"), {}},
                                         {Sha256("sibling"), {}}};
  const SlmReader model = *SlmReader::Parse(AsBytes(model_.text()));
  const AlignedBytes bytes(adapter_);
  const AdapterReader adapter = *AdapterReader::Parse(AsBytes(bytes.text()));
  EXPECT_TRUE(
      ValidateAdapter(adapter, model, Sha256(model_.text()), siblings).ok());
  EXPECT_EQ(GetErrorCode(
                ValidateAdapter(adapter, model, Sha256("sibling"), siblings)),
            ErrorCode::kAdapterIdentityMismatch);
  const std::vector<Sibling> parent = {{Sha256(model_.text()), {}}};
  EXPECT_TRUE(ValidateAdapter(adapter, model, Sha256("sibling"), parent).ok());
}

TEST_F(ValidateAdapterTest, ASiblingsOtherFieldsMustBeTheModels) {
  TinyModelOptions options;
  options.tied_output = true;
  const AlignedBytes other(TinyModel(options));
  const SlmReader model = *SlmReader::Parse(AsBytes(other.text()));
  const AlignedBytes bytes(adapter_);
  const AdapterReader adapter = *AdapterReader::Parse(AsBytes(bytes.text()));
  const std::vector<Sibling> parent = {{Sha256(model_.text()), {}}};
  const absl::Status status =
      ValidateAdapter(adapter, model, Sha256(other.text()), parent);
  EXPECT_EQ(status.message(),
            "Adapter does not fit model: flags 0x0 (adapter), 0x1 (model)");
}

TEST_F(ValidateAdapterTest, RefusesATensorThatTheModelHasNot) {
  const absl::Status status = ValidateWith(kDirectoryOffset, uint64_t{0xabc});
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kAdapterPayloadInvalid);
  EXPECT_EQ(status.message(),
            "Invalid adapter: payload 0 is for name hash 0xabc, which the "
            "model has no tensor of");
}

TEST_F(ValidateAdapterTest, RefusesAnotherShape) {
  // Swaps the dimensions of the second payload: as many values.
  const absl::Status status =
      ValidateWith(kDirectoryOffset + kEntryBytes + 16,
                   uint64_t{32} | uint64_t{16} << 32);
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kAdapterPayloadInvalid);
  EXPECT_EQ(status.message(),
            "Invalid adapter: payload 1 for tensor \"layers.0.wk.weight\" has "
            "shape [32, 16] (model has [16, 32])");
}

}  // namespace
}  // namespace pedigree
