#include "runtime/base/json.h"

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

using ::testing::HasSubstr;

std::string Fault(std::string_view text) {
  const auto json = ParseJson(text, "test");
  EXPECT_EQ(json.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(json.status().message());
}

TEST(ParseJsonTest, RefusesWhatHasMoreThanOneReading) {
  EXPECT_EQ(Fault(R"({"a":1,"a":2})"),
            "Invalid test: repeated key \"a\"");
  EXPECT_EQ(Fault(R"([{"b":{"a":1,"a":2}}])"),
            "Invalid test: repeated key \"a\"");
  EXPECT_EQ(Fault("[1.5]"),
            "Invalid test: number 1.5 is not an integer below 2^53");
  EXPECT_EQ(Fault("[1e999]"),
            "Invalid test: number 1e999 is not an integer below 2^53");
  EXPECT_EQ(Fault("9007199254740992"),
            "Invalid test: number 9007199254740992 is not an integer below "
            "2^53");
  EXPECT_EQ(Fault("\xEF\xBB\xBF{}"),
            "Invalid test: starts with a byte order mark");
}

TEST(ParseJsonTest, RefusesWhatIsNotJson) {
  EXPECT_THAT(Fault(""), HasSubstr("not JSON at byte"));
  EXPECT_THAT(Fault("{} {}"), HasSubstr("not JSON at byte"));
  EXPECT_THAT(Fault("{\"a\":}"), HasSubstr("not JSON at byte 6"));
  EXPECT_THAT(Fault("\"\xff\""), HasSubstr("not JSON at byte"));
  EXPECT_THAT(Fault("\"\xed\xa0\x80\""), HasSubstr("not JSON at byte"));
  EXPECT_THAT(Fault("[1,]"), HasSubstr("not JSON at byte"));
  EXPECT_THAT(Fault("NaN"), HasSubstr("not JSON at byte"));
  using namespace std::string_literals;
  EXPECT_EQ(Fault("{}\0"s), "Invalid test: not JSON at byte 3");
  EXPECT_EQ(Fault("{}\n\0anything"s), "Invalid test: not JSON at byte 4");
}

TEST(ParseJsonTest, BoundsNesting) {
  const std::string open(kMaxJsonDepth, '[');
  const std::string close(kMaxJsonDepth, ']');
  EXPECT_TRUE(ParseJson(open + close, "test").ok());
  EXPECT_EQ(Fault("[" + open + close + "]"),
            "Invalid test: nested deeper than 64");
  // A megabyte of brackets must not exhaust the stack either.
  EXPECT_EQ(Fault(std::string(1 << 20, '[')),
            "Invalid test: nested deeper than 64");
}

TEST(CanonicalJsonTest, FollowsRfc8785) {
  const auto json = ParseJson(
      " { \"b\" : [ 1 , -2, true, null ] , \"a\" : "
      "\"\\u20ac \\/ \\u000a\\u001f\\u007f \\\"\" } ",
      "test");
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(CanonicalJson(*json),
            "{\"a\":\"\xe2\x82\xac / \\n\\u001f\x7f \\\"\","
            "\"b\":[1,-2,true,null]}");
}

TEST(CanonicalJsonTest, IsTheShortFormOfTheLibrary) {
  std::string ascii;
  for (char c = 0; c >= 0 && c < 0x7f; ++c) ascii.push_back(c);
  const Json value = {{ascii, ascii},
                      {"empty", {Json::array(), Json::object(), ""}},
                      {"integers",
                       {0, -1, 1u, (int64_t{1} << 53) - 1,
                        -(int64_t{1} << 53) + 1, (uint64_t{1} << 53) - 1}},
                      {"others", {nullptr, true, false, "\xf0\x9f\x99\x82"}}};
  EXPECT_EQ(CanonicalJson(value), value.dump());
  EXPECT_EQ(CanonicalJson("text"), "\"text\"");
  EXPECT_EQ(CanonicalJson(nullptr), "null");
}

TEST(IsValidUtf8Test, KnowsTheEdges) {
  EXPECT_TRUE(IsValidUtf8("a\xc2\x80\xe0\xa0\x80\xf4\x8f\xbf\xbf"));
  EXPECT_FALSE(IsValidUtf8("\x80"));
  EXPECT_FALSE(IsValidUtf8("\xc0\x80"));
  EXPECT_FALSE(IsValidUtf8("\xe0\x9f\xbf"));
  EXPECT_FALSE(IsValidUtf8("\xed\xa0\x80"));
  EXPECT_FALSE(IsValidUtf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(IsValidUtf8("\xe2\x82"));
}

TEST(JsonObjectReaderTest, ReadsAKnownObject) {
  const Json json = {{"s", "x"}, {"n", 7u}, {"b", true}, {"a", {1}}};
  JsonObjectReader reader(json, "thing");
  EXPECT_EQ(reader.String("s"), "x");
  EXPECT_EQ(reader.Uint("n", 0, 7), 7u);
  EXPECT_TRUE(reader.Bool("b"));
  EXPECT_EQ(reader.Array("a").size(), 1u);
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(JsonObjectReaderTest, NamesTheFirstFault) {
  const Json json = {{"n", 9u}, {"s", "x"}, {"extra", 1u}};
  const auto fault = [&](auto read) {
    JsonObjectReader reader(json, "thing");
    read(reader);
    return std::string(reader.Finish().message());
  };
  EXPECT_EQ(fault([](JsonObjectReader& r) { r.Uint("n", 1, 8); }),
            "Invalid thing: \"n\" is 9 (expected 1 to 8)");
  EXPECT_EQ(fault([](JsonObjectReader& r) { r.Uint("s", 1, 8); }),
            "Invalid thing: \"s\" is a string (expected number)");
  EXPECT_EQ(fault([](JsonObjectReader& r) { r.String("t"); }),
            "Invalid thing: \"t\" is missing");
  EXPECT_EQ(fault([](JsonObjectReader& r) {
              r.Uint("n", 1, 9);
              r.String("s");
            }),
            "Invalid thing: unknown key \"extra\"");
  const Json array = Json::array();
  JsonObjectReader reader(array, "thing");
  EXPECT_EQ(reader.Finish().message(), "Invalid thing: not an object");
}

TEST(ParseForeignJsonTest, TakesFractionsToo) {
  const auto value = ParseForeignJson(
      R"({"a": 1e-05, "b": 0.5, "c": -3, "d": 18446744073709551615})",
      "config");
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ((*value)["a"].get<double>(), 1e-05);
  EXPECT_EQ((*value)["b"].get<double>(), 0.5);
  EXPECT_EQ((*value)["c"].get<int>(), -3);
  EXPECT_TRUE((*value)["d"].is_number_float());
}

TEST(ParseForeignJsonTest, RefusesWhatParseJsonRefuses) {
  for (const char* text : {"", "[1", "{\"a\": 1, \"a\": 2}", "1e999", "NaN",
                           "\xEF\xBB\xBF{}", "\"\xFF\""}) {
    EXPECT_FALSE(ParseForeignJson(text, "config").ok()) << text;
  }
}

TEST(FirstDifferenceTest, NamesThePlaceAndBothValues) {
  const Json a = {{"cases", {{{"id", "x"}, {"passed", true}}, 7}},
                  {"name", "a"}};
  EXPECT_EQ(FirstDifference(a, a), std::nullopt);
  const auto difference = [&](const char* pointer, const Json& value) {
    Json b = a;
    b[Json::json_pointer(pointer)] = value;
    const auto found = FirstDifference(a, b);
    return found.has_value() ? found->place + ": " + found->a + " / " + found->b
                             : "none";
  };
  EXPECT_EQ(difference("/cases/0/passed", false),
            "cases[0].passed: true / false");
  EXPECT_EQ(difference("/cases/1", "7"), "cases[1]: 7 / \"7\"");
  EXPECT_EQ(difference("/cases/2", nullptr), "cases[2]: nothing / null");
  EXPECT_EQ(difference("/extra", 1), "extra: nothing / 1");
  EXPECT_EQ(difference("/cases", Json::object()),
            "cases: [{\"id\":\"x\",\"passed\":true},7] / {}");
  // The first in order of names, whatever else differs.
  EXPECT_EQ(FirstDifference({{"b", 1}, {"a", 1}}, {{"b", 2}, {"a", 2}})->place,
            "a");
  EXPECT_EQ(FirstDifference(Json(1), Json(2))->place, "");
  EXPECT_EQ(FirstDifference(Json(std::string(300, 'x')), Json(1))->a.size(),
            203u);
}

}  // namespace
}  // namespace pedigree
