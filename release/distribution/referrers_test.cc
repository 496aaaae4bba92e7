#include "release/distribution/referrers.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/distribution/testing/fake_registry.h"

namespace pedigree {
namespace {

const Digest kSubject = Sha256("subject");

Json Entry(const std::string& bytes) {
  return {{"artifactType", "application/x"},
          {"digest", Sha256(bytes).ToString()},
          {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
          {"size", bytes.size()}};
}

std::string Index(const Json& entries) {
  return Json({{"manifests", entries}, {"schemaVersion", 2}}).dump();
}

class ReferrersTest : public testing::Test {
 protected:
  ReferrersTest()
      : client_(ParseReference(registry_.host() + "/a:t").value(),
                Access::kPush, "", {}) {}

  std::vector<Digest> Listed() {
    const absl::StatusOr<std::vector<Referrer>> list =
        ListReferrers(client_, kSubject);
    EXPECT_TRUE(list.ok()) << list.status();
    std::vector<Digest> digests;
    if (list.ok()) {
      for (const Referrer& referrer : *list) digests.push_back(referrer.digest);
    }
    return digests;
  }

  FakeRegistry registry_;
  RegistryClient client_;
};

TEST_F(ReferrersTest, ListsByTheTagWhereThereIsNoApi) {
  EXPECT_TRUE(Listed().empty());
  registry_.PutManifest(ReferrersTag(kSubject), Index(Json::array({Entry("a")})));
  EXPECT_EQ(Listed(), std::vector<Digest>{Sha256("a")});
}

TEST_F(ReferrersTest, ListsByTheApiPageByPage) {
  registry_.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    const bool second = request.query.count("page") > 0;
    FakeReply reply = {
        200,
        {{"Content-Type", "application/vnd.oci.image.index.v1+json"}},
        Index(Json::array({Entry(second ? "b" : "a")})),
        std::nullopt};
    if (!second) {
      reply.headers["Link"] =
          absl::StrCat("<", request.path, "?page=2>; rel=\"next\"");
    }
    return reply;
  });
  EXPECT_EQ(Listed(), (std::vector<Digest>{Sha256("a"), Sha256("b")}));
}

TEST_F(ReferrersTest, RefusesPagesWithoutEnd) {
  registry_.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    return FakeReply{
        200,
        {{"Content-Type", "application/vnd.oci.image.index.v1+json"},
         {"Link", absl::StrCat("<", request.path, ">; rel=\"next\"")}},
        Index(Json::array()),
        std::nullopt};
  });
  EXPECT_EQ(ListReferrers(client_, kSubject).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(registry_.Log().size(), 100u);
}

TEST_F(ReferrersTest, UpdatesTheTagWithoutLosingOthers) {
  registry_.PutManifest(ReferrersTag(kSubject), Index(Json::array({Entry("a")})));
  ASSERT_TRUE(UpdateReferrersTag(client_, kSubject, Entry("b")).ok());
  EXPECT_EQ(Listed(), (std::vector<Digest>{Sha256("a"), Sha256("b")}));
  // Nothing is written when it is there already.
  const size_t before = registry_.Log().size();
  ASSERT_TRUE(UpdateReferrersTag(client_, kSubject, Entry("b")).ok());
  EXPECT_EQ(registry_.Log().size(), before + 1);
}

TEST_F(ReferrersTest, AddsAgainWhatAnotherWriterLost) {
  bool interfere = true;
  registry_.SetHook([&](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.method != "PUT" || !std::exchange(interfere, false)) {
      return std::nullopt;
    }
    // The other writer comes just after.
    registry_.PutManifest(ReferrersTag(kSubject), Index(Json::array({Entry("other")})));
    return FakeReply{201, {}, "", std::nullopt};
  });
  ASSERT_TRUE(UpdateReferrersTag(client_, kSubject, Entry("b")).ok());
  EXPECT_EQ(Listed(), (std::vector<Digest>{Sha256("other"), Sha256("b")}));
}

TEST_F(ReferrersTest, GivesUpAgainstAWriterThatNeverStops) {
  registry_.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.method != "PUT") return std::nullopt;
    return FakeReply{201, {}, "", std::nullopt};
  });
  EXPECT_EQ(UpdateReferrersTag(client_, kSubject, Entry("b")).code(),
            absl::StatusCode::kAborted);
}

TEST_F(ReferrersTest, RefusesToReplaceAnIndexThatItCannotRead) {
  registry_.PutManifest(ReferrersTag(kSubject), "{\"manifests\":1}");
  EXPECT_EQ(UpdateReferrersTag(client_, kSubject, Entry("b")).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ReferrersIndexTest, KeepsWhatItDoesNotKnow) {
  Json foreign = Entry("a");
  foreign["annotations"] = {{"score", 0.5}};
  const std::string before =
      Json({{"annotations", {{"x", "y"}}},
            {"manifests", {foreign, {{"mediaType", "application/else"}}}},
            {"schemaVersion", 2}})
          .dump();
  const absl::StatusOr<std::string> after = AddReferrer(before, Entry("b"));
  ASSERT_TRUE(after.ok()) << after.status();
  Json expected = Json::parse(before);
  expected["manifests"].push_back(Entry("b"));
  EXPECT_EQ(Json::parse(*after), expected);
  EXPECT_EQ(ParseReferrers(*after)->size(), 2u);
}

TEST(ReferrersIndexTest, RefusesWhatIsNone) {
  for (const char* text : {"", "[]", "{}", "{\"manifests\":{}}"}) {
    EXPECT_EQ(ParseReferrers(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(ReferrersIndexTest, RefusesTooMany) {
  Json entries = Json::array();
  for (size_t i = 0; i < kMaxReferrers; ++i) {
    entries.push_back(Entry(absl::StrCat(i)));
  }
  EXPECT_TRUE(ParseReferrers(Index(entries)).ok());
  EXPECT_EQ(AddReferrer(Index(entries), Entry("one more")).status().code(),
            absl::StatusCode::kResourceExhausted);
  entries.push_back(Entry("one more"));
  EXPECT_EQ(ParseReferrers(Index(entries)).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(LinkTest, FindsTheNextPage) {
  EXPECT_EQ(NextPage("</v2/a?n=2>; rel=\"next\""), "/v2/a?n=2");
  EXPECT_EQ(NextPage("<x>; rel=\"prev\", <y>;rel=next"), "y");
}

TEST(LinkTest, SaysNothingOfOtherLinks) {
  for (const char* link :
       {"", "x; rel=\"next\"", "<x; rel=\"next\"", "<x>; rel=\"prev\"",
        "<x>"}) {
    EXPECT_EQ(NextPage(link), "") << link;
  }
}

}  // namespace
}  // namespace pedigree
