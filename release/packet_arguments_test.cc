#include "release/packet_arguments.h"

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

TEST(PacketArgumentsTest, TakesAPacketOrAManifestWithItsList) {
  EXPECT_TRUE(CheckPacketArguments({"packet", "", ""}).ok());
  EXPECT_TRUE(CheckPacketArguments({"", "manifest", "list"}).ok());
}

TEST(PacketArgumentsTest, RefusesNoneBothAndHalf) {
  for (const PacketArguments& arguments :
       {PacketArguments{"", "", ""}, PacketArguments{"p", "m", "l"},
        PacketArguments{"p", "m", ""}, PacketArguments{"", "m", ""},
        PacketArguments{"", "", "l"}}) {
    EXPECT_EQ(CheckPacketArguments(arguments).code(),
              absl::StatusCode::kInvalidArgument)
        << arguments.packet << arguments.manifest << arguments.blob_list;
  }
}

TEST(PacketArgumentsTest, AnEmptyDigestExpectsNone) {
  EXPECT_EQ(*ExpectedDigest(""), std::nullopt);
  EXPECT_EQ((*ExpectedDigest(Sha256("a").ToString()))->Hex(),
            Sha256("a").Hex());
}

TEST(PacketArgumentsTest, RefusesADigestThatIsNone) {
  EXPECT_EQ(ExpectedDigest("sha256:12").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pedigree
