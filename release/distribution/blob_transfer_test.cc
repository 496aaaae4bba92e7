// Uploads and downloads against a registry that fails in every way that the
// network of a release engineer does.

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/distribution/blob_download.h"
#include "release/distribution/blob_upload.h"
#include "release/distribution/testing/fake_registry.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

// Bytes that differ everywhere.
std::string Bytes(size_t size) {
  std::string bytes;
  for (uint32_t i = 0; bytes.size() < size; ++i) {
    absl::StrAppend(&bytes, Sha256(absl::StrCat(i)).Hex());
  }
  bytes.resize(size);
  return bytes;
}

class BlobTransferTest : public testing::Test {
 protected:
  BlobTransferTest()
      : folder_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())),
        client_(ParseReference(registry_.host() + "/a/b:t").value(),
                Access::kPush, "", Options()) {}

  static RegistryOptions Options() {
    RegistryOptions options;
    options.sleep = [](absl::Duration) {};
    return options;
  }

  UploadSource FileSource(const std::string& bytes) {
    const std::string path = folder_ + ".blob";
    EXPECT_TRUE(WriteFileAtomically(path, bytes).ok());
    return {Sha256(bytes), bytes.size(), path, ""};
  }

  absl::StatusOr<UploadOutcome> Upload(const UploadSource& source,
                                       const std::string& mount_from = "") {
    UploadOptions options;
    options.chunk_bytes = 1000;
    options.mount_from = mount_from;
    return UploadBlob(client_, source, options, UploadJournal(folder_), sent_);
  }

  absl::Status Download(const std::string& bytes) {
    return DownloadBlob(client_, Sha256(bytes), bytes.size(), Target(),
                        received_);
  }
  std::string Target() const { return folder_ + ".out"; }
  std::string Downloaded() const { return ReadFile(Target()).value_or("?"); }

  size_t Count(const std::string& method) const {
    size_t count = 0;
    for (const FakeRequest& request : registry_.Requests()) {
      if (request.method == method) ++count;
    }
    return count;
  }

  const std::string folder_;
  FakeRegistry registry_;
  RegistryClient client_;
  std::atomic<uint64_t> sent_ = 0;
  std::atomic<uint64_t> received_ = 0;
};

TEST_F(BlobTransferTest, ASmallBlobTravelsInOneRequest) {
  const UploadSource source = FileSource(Bytes(1000));
  EXPECT_EQ(*Upload(source), UploadOutcome::kSent);
  EXPECT_EQ(registry_.Blob(source.digest), Bytes(1000));
  EXPECT_EQ(Count("PATCH"), 0u);
  EXPECT_EQ(sent_, 1000u);
}

TEST_F(BlobTransferTest, AnEmptyBlobTravelsToo) {
  const UploadSource source = {Sha256(""), 0, "", ""};
  EXPECT_EQ(*Upload(source), UploadOutcome::kSent);
  EXPECT_EQ(registry_.Blob(source.digest), "");
}

TEST_F(BlobTransferTest, WhatIsThereIsNotSent) {
  const UploadSource source = FileSource(Bytes(1000));
  registry_.PutBlob(Bytes(1000));
  EXPECT_EQ(*Upload(source), UploadOutcome::kWasThere);
  EXPECT_EQ(registry_.Log().size(), 1u);
}

TEST_F(BlobTransferTest, BlobsOfOtherRepositoriesAreMounted) {
  const UploadSource source = FileSource(Bytes(3000));
  registry_.PutBlob(Bytes(3000));
  registry_.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.method == "HEAD") return FakeReply{404, {}, "", {}};
    if (request.method == "POST") {
      EXPECT_EQ(request.query.at("from"), "other/name");
    }
    return std::nullopt;
  });
  EXPECT_EQ(*Upload(source, "other/name"), UploadOutcome::kMounted);
  EXPECT_EQ(sent_, 0u);
}

TEST_F(BlobTransferTest, ALargeBlobTravelsInPieces) {
  const UploadSource source = FileSource(Bytes(2500));
  EXPECT_EQ(*Upload(source), UploadOutcome::kSent);
  EXPECT_EQ(registry_.Blob(source.digest), Bytes(2500));
  std::vector<std::string> ranges;
  for (const FakeRequest& request : registry_.Requests()) {
    if (request.method == "PATCH") {
      ranges.push_back(request.Header("content-range"));
    }
  }
  EXPECT_EQ(ranges,
            (std::vector<std::string>{"0-999", "1000-1999", "2000-2499"}));
}

TEST_F(BlobTransferTest, PiecesAreAsLongAsTheRegistryWants) {
  const UploadSource source = FileSource(Bytes(2500));
  registry_.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.method != "POST") return std::nullopt;
    return FakeReply{202,
                     {{"Location", "/v2/a/b/blobs/uploads/none"},
                      {"OCI-Chunk-Min-Length", "2000"}},
                     "",
                     {}};
  });
  EXPECT_FALSE(Upload(source).ok());
  EXPECT_EQ(registry_.Requests()[2].Header("content-range"), "0-1999");
}

TEST_F(BlobTransferTest, GoesOnWhereAConnectionBroke) {
  const UploadSource source = FileSource(Bytes(5000));
  int patches = 0;
  registry_.SetDropHook([&](const FakeRequest& request) -> std::optional<size_t> {
    if (request.method != "PATCH" || ++patches != 3) return std::nullopt;
    return 400;
  });
  EXPECT_EQ(*Upload(source), UploadOutcome::kSent);
  EXPECT_EQ(registry_.Blob(source.digest), Bytes(5000));
  // The third piece was sent, and 600 bytes of it again.
  EXPECT_EQ(sent_, 5600u);
}

TEST_F(BlobTransferTest, TriesAgainAfterErrorsOfTheServer) {
  int failures = 4;
  registry_.SetHook([&](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.method != "PATCH" && request.method != "PUT") {
      return std::nullopt;
    }
    if (failures-- > 0) return FakeReply{500, {}, "", {}};
    return std::nullopt;
  });
  const UploadSource small = FileSource(Bytes(900));
  EXPECT_EQ(*Upload(small), UploadOutcome::kSent);
  EXPECT_EQ(registry_.Blob(small.digest), Bytes(900));
  failures = 4;
  const UploadSource large = FileSource(Bytes(1900));
  EXPECT_EQ(*Upload(large), UploadOutcome::kSent);
  EXPECT_EQ(registry_.Blob(large.digest), Bytes(1900));
}

TEST_F(BlobTransferTest, GivesUpOnAServerThatStaysBroken) {
  registry_.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.method != "PATCH") return std::nullopt;
    return FakeReply{
        503, {}, R"({"errors":[{"code":"UNAVAILABLE","message":"busy"}]})", {}};
  });
  const UploadSource source = FileSource(Bytes(1900));
  const absl::Status status = Upload(source).status();
  EXPECT_EQ(status.message(),
            absl::StrCat(registry_.host(), "/a/b: blob ",
                         source.digest.ToString(),
                         ": HTTP 503 (UNAVAILABLE: busy)"));
  EXPECT_EQ(Count("PATCH"), 6u);
}

TEST_F(BlobTransferTest, BeginsAnewWhenTheRegistryForgotTheUpload) {
  bool forgotten = false;
  registry_.SetHook([&](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.Header("content-range") != "1000-1999" ||
        std::exchange(forgotten, true)) {
      return std::nullopt;
    }
    return FakeReply{404, {}, "", {}};
  });
  const UploadSource source = FileSource(Bytes(2500));
  EXPECT_EQ(*Upload(source), UploadOutcome::kSent);
  EXPECT_EQ(registry_.Blob(source.digest), Bytes(2500));
  EXPECT_EQ(Count("POST"), 2u);
}

TEST_F(BlobTransferTest, AnotherRunGoesOnWhereAKilledOneStopped) {
  const UploadSource source = FileSource(Bytes(5000));
  registry_.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.Header("content-range") != "3000-3999") return std::nullopt;
    return FakeReply{403, {}, "", {}};
  });
  EXPECT_EQ(Upload(source).status().code(),
            absl::StatusCode::kPermissionDenied);
  registry_.SetHook(nullptr);
  sent_ = 0;
  EXPECT_EQ(*Upload(source), UploadOutcome::kSent);
  EXPECT_EQ(sent_, 2000u);
  EXPECT_EQ(registry_.Blob(source.digest), Bytes(5000));
}

TEST_F(BlobTransferTest, WhatAKilledRunLeftWrongIsSentAnew) {
  // A first run of other bytes by the same name, as after a broken disk.
  UploadSource source = FileSource(Bytes(5000));
  ASSERT_TRUE(WriteFileAtomically(source.path, std::string(5000, 'x')).ok());
  registry_.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.Header("content-range") != "3000-3999") return std::nullopt;
    return FakeReply{403, {}, "", {}};
  });
  EXPECT_FALSE(Upload(source).ok());
  registry_.SetHook(nullptr);
  ASSERT_TRUE(WriteFileAtomically(source.path, Bytes(5000)).ok());
  EXPECT_EQ(*Upload(source), UploadOutcome::kSent);
  EXPECT_EQ(registry_.Blob(source.digest), Bytes(5000));
}

TEST_F(BlobTransferTest, RefusesAFileThatIsNotTheBlob) {
  UploadSource source = FileSource(Bytes(900));
  source.digest = Sha256("another");
  const absl::Status status = Upload(source).status();
  EXPECT_TRUE(absl::StrContains(status.message(),
                                "HTTP 400 (DIGEST_INVALID: says the fake)"))
      << status;
}

TEST_F(BlobTransferTest, RefusesAFileOfAnotherLength) {
  UploadSource source = FileSource(Bytes(900));
  source.size = 901;
  EXPECT_TRUE(absl::StrContains(Upload(source).status().message(),
                                "900 bytes (expected 901)"));
}

TEST_F(BlobTransferTest, RefusesARegistryThatClaimsMoreThanItGot) {
  registry_.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.method != "PATCH") return std::nullopt;
    return FakeReply{
        202, {{"Location", request.path}, {"Range", "0-99999"}}, "", {}};
  });
  EXPECT_TRUE(absl::StrContains(Upload(FileSource(Bytes(2500))).status().message(),
                                "the registry claims 100000 bytes of 2500"));
}

TEST_F(BlobTransferTest, RefusesARegistryThatTakesNothing) {
  registry_.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.method != "PATCH") return std::nullopt;
    return FakeReply{202, {{"Location", request.path}, {"Range", "0-0"}}, "",
                     {}};
  });
  EXPECT_TRUE(absl::StrContains(Upload(FileSource(Bytes(2500))).status().message(),
                                "takes no more than 0 of 2500 bytes"));
}

TEST_F(BlobTransferTest, DownloadsAWholeBlob) {
  registry_.PutBlob(Bytes(5000));
  EXPECT_TRUE(Download(Bytes(5000)).ok());
  EXPECT_EQ(Downloaded(), Bytes(5000));
  EXPECT_EQ(received_, 5000u);
}

TEST_F(BlobTransferTest, ADownloadGoesOnWhereItWasCut) {
  registry_.PutBlob(Bytes(5000));
  int cuts = 2;
  registry_.SetHook([&](const FakeRequest& request) -> std::optional<FakeReply> {
    if (cuts-- == 2) return FakeReply{200, {}, Bytes(5000), 3000};
    EXPECT_EQ(request.Header("range"), "bytes=3000-");
    return std::nullopt;
  });
  EXPECT_TRUE(Download(Bytes(5000)).ok());
  EXPECT_EQ(Downloaded(), Bytes(5000));
  EXPECT_EQ(received_, 5000u);
}

TEST_F(BlobTransferTest, WhatAnEarlierRunGotIsNotAskedForAgain) {
  registry_.PutBlob(Bytes(5000));
  ASSERT_TRUE(WriteFileAtomically(Target(), Bytes(4000)).ok());
  EXPECT_TRUE(Download(Bytes(5000)).ok());
  EXPECT_EQ(Downloaded(), Bytes(5000));
  EXPECT_EQ(received_, 1000u);
}

TEST_F(BlobTransferTest, WhatAnEarlierRunGotWrongIsFetchedAnew) {
  registry_.PutBlob(Bytes(5000));
  for (const std::string& left :
       {std::string(4000, 'x'), std::string(5000, 'x'),
        std::string(6000, 'x')}) {
    ASSERT_TRUE(WriteFileAtomically(Target(), left).ok());
    EXPECT_TRUE(Download(Bytes(5000)).ok()) << left.size();
    EXPECT_EQ(Downloaded(), Bytes(5000));
  }
}

TEST_F(BlobTransferTest, RegistriesWithoutRangesServeTheWholeAgain) {
  ASSERT_TRUE(WriteFileAtomically(Target(), Bytes(4000)).ok());
  registry_.SetHook([](const FakeRequest&) -> std::optional<FakeReply> {
    return FakeReply{200, {}, Bytes(5000), std::nullopt};
  });
  EXPECT_TRUE(Download(Bytes(5000)).ok());
  EXPECT_EQ(Downloaded(), Bytes(5000));
}

TEST_F(BlobTransferTest, RefusesOtherBytesThanTheDigests) {
  registry_.SetHook([](const FakeRequest&) -> std::optional<FakeReply> {
    return FakeReply{200, {}, std::string(5000, 'x'), std::nullopt};
  });
  const absl::Status status = Download(Bytes(5000));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(
      status.message(),
      absl::StrCat("the registry serves ",
                   Sha256(std::string(5000, 'x')).ToString())))
      << status;
  // Nothing of it stays.
  EXPECT_EQ(Downloaded(), "");
}

TEST_F(BlobTransferTest, RefusesMoreBytesThanTheBlobHas) {
  registry_.SetHook([](const FakeRequest&) -> std::optional<FakeReply> {
    return FakeReply{200, {}, Bytes(5001), std::nullopt};
  });
  EXPECT_TRUE(absl::StrContains(Download(Bytes(5000)).message(),
                                "the registry serves more than 5000 bytes"));
}

TEST_F(BlobTransferTest, RefusesAnotherRangeThanAskedFor) {
  ASSERT_TRUE(WriteFileAtomically(Target(), Bytes(4000)).ok());
  registry_.SetHook([](const FakeRequest&) -> std::optional<FakeReply> {
    return FakeReply{
        206, {{"Content-Range", "bytes 3000-4999/5000"}}, "x", std::nullopt};
  });
  EXPECT_TRUE(absl::StrContains(Download(Bytes(5000)).message(),
                                "another range than asked for"));
}

TEST_F(BlobTransferTest, GivesUpOnADownloadThatNeverGetsOn) {
  registry_.SetHook([](const FakeRequest&) -> std::optional<FakeReply> {
    return FakeReply{200, {}, Bytes(5000), 0};
  });
  EXPECT_EQ(Download(Bytes(5000)).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(registry_.Log().size(), 6u);
}

TEST_F(BlobTransferTest, RefusesABlobThatIsNotThere) {
  EXPECT_EQ(Download(Bytes(5000)).message(),
            absl::StrCat(registry_.host(), "/a/b: blob ",
                         Sha256(Bytes(5000)).ToString(),
                         ": HTTP 404 (BLOB_UNKNOWN: says the fake)"));
}

TEST(UploadRangeTest, ReadsBothForms) {
  EXPECT_EQ(ParseUploadRange("0-99"), 100u);
  EXPECT_EQ(ParseUploadRange("bytes=0-99"), 100u);
  EXPECT_EQ(ParseUploadRange("0-0"), 0u);
}

TEST(UploadRangeTest, RefusesWhatIsNone) {
  for (const char* range :
       {"", "0", "0-", "1-5", "0--5", "0- 5", "0-5/6",
        "0-18446744073709551615", "0-18446744073709551616"}) {
    EXPECT_EQ(ParseUploadRange(range), std::nullopt) << range;
  }
}

TEST(ContentRangeTest, IsTheRestOrNothing) {
  EXPECT_TRUE(IsRestOf("bytes 10-99/100", 10, 100));
  EXPECT_TRUE(IsRestOf("bytes 10-99/*", 10, 100));
  for (const char* header :
       {"", "bytes 9-99/100", "bytes 10-98/100", "bytes 10-99/101",
        "10-99/100"}) {
    EXPECT_FALSE(IsRestOf(header, 10, 100)) << header;
  }
}

}  // namespace
}  // namespace pedigree
