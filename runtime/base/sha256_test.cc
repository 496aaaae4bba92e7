#include "runtime/base/sha256.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

// FIPS 180-4 examples.
constexpr char kAbc[] =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kEmpty[] =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Sha256Test, EqualsPublishedVectors) {
  EXPECT_EQ(Sha256("abc").ToString(), kAbc);
  EXPECT_EQ(Sha256("").ToString(), kEmpty);
}

TEST(Sha256Test, StreamEqualsOneCall) {
  const std::string text(1000, 'q');
  Sha256Stream stream;
  for (size_t i = 0; i < text.size(); i += 37) {
    stream.Update(AsBytes(std::string_view(text).substr(i, 37)));
  }
  EXPECT_EQ(stream.Finish(), Sha256(text));
}

TEST(Sha256Test, ParsesWhatItWrites) {
  const auto digest = ParseDigest(kAbc);
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_EQ(*digest, Sha256("abc"));
}

TEST(Sha256Test, RefusesOtherSpellings) {
  const std::string good = kAbc;
  std::string upper = good;
  upper[8] = 'A';
  for (const std::string& bad :
       {std::string(), good.substr(7), good.substr(0, 70), good + "0", upper,
        "sha512:" + good.substr(7), good.substr(0, 70) + "g"}) {
    const auto digest = ParseDigest(bad);
    EXPECT_EQ(digest.status().code(), absl::StatusCode::kInvalidArgument)
        << bad;
  }
}

}  // namespace
}  // namespace pedigree
