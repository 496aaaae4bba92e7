#include "runtime/base/proto_json.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/api.pb.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

using ::google::protobuf::Mixin;
using ::testing::HasSubstr;

// Mixin is a message of two strings that every protobuf library has.
constexpr char kCanonical[] = R"({"name":"n","root":""})";

TEST(CanonicalRecordTest, WritesEveryFieldSorted) {
  Mixin message;
  message.set_name("n");
  EXPECT_EQ(CanonicalRecord(message), kCanonical);
}

TEST(ParseCanonicalRecordTest, ReadsWhatWasWritten) {
  Mixin message;
  ASSERT_TRUE(ParseCanonicalRecord(kCanonical, "mixin", &message).ok());
  EXPECT_EQ(message.name(), "n");
}

TEST(ParseCanonicalRecordTest, RefusesEveryOtherSpelling) {
  Mixin message;
  for (const char* text :
       {R"({"name":"n"})", R"({"root":"","name":"n"})",
        R"({"name":"n","root":""} )", R"({"name":"n","root":"","x":1})",
        R"({"name":"n","name":"n","root":""})", R"({"name":"n","root":null})",
        R"({"name":7,"root":""})", "", "[]"}) {
    const absl::Status status = ParseCanonicalRecord(text, "mixin", &message);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("Invalid mixin"))
        << text;
  }
}

TEST(ParseTextRecordTest, NamesLineAndColumn) {
  Mixin message;
  ASSERT_TRUE(ParseTextRecord("# a comment\nname: 'n'", "mixin", &message).ok());
  EXPECT_EQ(message.name(), "n");
  const absl::Status status =
      ParseTextRecord("name: 'n'\nother: 1", "mixin", &message);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("Invalid mixin: line 2 column"));
}

}  // namespace
}  // namespace pedigree
