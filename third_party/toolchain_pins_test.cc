// The record of the pinned toolchain: canonical, complete, well formed.

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace pedigree {
namespace {

using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::MatchesRegex;

// `variable`: the name of the environment variable that holds the path.
std::string ReadPins(const char* variable) {
  std::ifstream file(std::getenv(variable), std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class ToolchainPinsTest : public testing::TestWithParam<const char*> {};

TEST_P(ToolchainPinsTest, IsCanonicalJsonSortedByName) {
  const std::string text = ReadPins(GetParam());
  const nlohmann::json pins = nlohmann::json::parse(text);
  EXPECT_EQ(pins.dump(), text);
  std::string previous;
  for (const nlohmann::json& pin : pins) {
    EXPECT_LT(previous, pin.at("name").get<std::string>());
    previous = pin.at("name").get<std::string>();
  }
}

TEST_P(ToolchainPinsTest, NamesEveryToolAndItsTree) {
  std::set<std::string> names;
  for (const nlohmann::json& pin :
       nlohmann::json::parse(ReadPins(GetParam()))) {
    names.insert(pin.at("name").get<std::string>());
    EXPECT_EQ(pin.size(), 3u);
    EXPECT_THAT(pin.at("tree_digest").get<std::string>(),
                MatchesRegex("sha256:[0-9a-f]+"));
    EXPECT_EQ(pin.at("tree_digest").get<std::string>().size(), 71u);
    EXPECT_THAT(pin.at("version").get<std::string>(),
                MatchesRegex("[0-9]+\\.[0-9.]+|[0-9]+"));
  }
  EXPECT_THAT(names, IsSupersetOf({"clang", "libc++", "sysroot", "emscripten",
                                   "binaryen", "node", "python"}));
}

INSTANTIATE_TEST_SUITE_P(Both, ToolchainPinsTest,
                         testing::Values("TOOLCHAIN_PINS", "COMMAND_PINS"));

TEST(CommandPinsTest, AddWhatOnlyTheWholeCommandHolds) {
  std::set<std::string> added;
  for (const nlohmann::json& pin :
       nlohmann::json::parse(ReadPins("COMMAND_PINS"))) {
    added.insert(pin.at("name").get<std::string>());
  }
  for (const nlohmann::json& pin :
       nlohmann::json::parse(ReadPins("TOOLCHAIN_PINS"))) {
    EXPECT_EQ(added.erase(pin.at("name").get<std::string>()), 1u);
  }
  EXPECT_THAT(added, ElementsAre("curl", "libssl", "sysroot_static"));
}

}  // namespace
}  // namespace pedigree
