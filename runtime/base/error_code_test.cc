#include "runtime/base/error_code.h"

#include <set>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(ErrorCodeTest, EveryCodeSurvivesTheWayToStatusAndBack) {
  std::set<std::string> names;
  for (uint32_t value = 1; value <= 22; ++value) {
    const auto code = static_cast<ErrorCode>(value);
    const absl::Status status = MakeError(code, "why");
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.message(), "why");
    EXPECT_EQ(GetErrorCode(status), code);
    names.insert(std::string(ErrorCodeName(code)));
  }
  EXPECT_EQ(names.size(), 22u);
}

TEST(ErrorCodeTest, StatusWithoutCodeGetsTheFirstOfItsKind) {
  EXPECT_EQ(GetErrorCode(absl::OkStatus()), ErrorCode::kOk);
  EXPECT_EQ(GetErrorCode(absl::NotFoundError("")), ErrorCode::kMissingTensor);
  EXPECT_EQ(GetErrorCode(absl::DataLossError("")),
            ErrorCode::kChecksumMismatch);
  EXPECT_EQ(GetErrorCode(absl::UnknownError("")),
            ErrorCode::kGenerationFailed);
}

}  // namespace
}  // namespace pedigree
