// Breaks the sample packet in every known way; each must be refused with the
// faults on record in fixtures/packets/malformed.

#include <cstdlib>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/testing/malformed_packets.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

std::string MakeScratch() {
  std::string path = absl::StrCat(testing::TempDir(), "/packet.XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

class MalformedPacketTest : public testing::TestWithParam<PacketDefect> {};

TEST_P(MalformedPacketTest, IsRefusedWithTheFaultsOnRecord) {
  const std::string faults = FaultsOf(GetParam(), MakeScratch());
  EXPECT_NE(faults, "") << "verified";
  const absl::StatusOr<std::string> expected = ReadFile(absl::StrCat(
      "fixtures/packets/malformed/", GetParam().name, ".expected"));
  ASSERT_TRUE(expected.ok()) << expected.status();
  EXPECT_EQ(faults, *expected);
}

std::string TestName(const testing::TestParamInfo<PacketDefect>& info) {
  std::string name = info.param.name.substr(4);
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, MalformedPacketTest,
                         testing::ValuesIn(AllPacketDefects()), TestName);

TEST(MalformedPacketsTest, HaveDifferentNames) {
  std::set<std::string> names;
  for (const PacketDefect& defect : AllPacketDefects()) {
    EXPECT_TRUE(names.insert(defect.name).second) << defect.name;
    EXPECT_EQ(defect.name.rfind("bad-", 0), 0u);
  }
  EXPECT_GE(names.size(), 100u);
}

}  // namespace
}  // namespace pedigree
