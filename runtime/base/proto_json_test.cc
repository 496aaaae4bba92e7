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

TEST(ParseTextRecordTest, RefusesStringsThatAreNotUtf8) {
  Mixin mixin;
  // As bytes, as an escape, as half of a surrogate pair.
  for (const char* text :
       {"name: 'n\xff'", "name: 'n\\377'", "name: 'n\\xed\\xa0\\x80'"}) {
    EXPECT_EQ(ParseTextRecord(text, "mixin", &mixin),
              absl::InvalidArgumentError(
                  "Invalid mixin: google.protobuf.Mixin.name is not UTF-8"))
        << text;
  }
  ASSERT_TRUE(ParseTextRecord("name: '\\303\\251'", "mixin", &mixin).ok());
  EXPECT_EQ(mixin.name(), "\xc3\xa9");
}

TEST(ParseTextRecordTest, FindsThemInListsAndMessages) {
  ::google::protobuf::Api api;
  EXPECT_EQ(ParseTextRecord("mixins { name: 'a' } mixins { root: '\\377' }",
                            "api", &api)
                .message(),
            "Invalid api: google.protobuf.Mixin.root is not UTF-8");
}

}  // namespace
}  // namespace pedigree
