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

using ::testing::IsSupersetOf;
using ::testing::MatchesRegex;

std::string ReadPins() {
  std::ifstream file(std::getenv("TOOLCHAIN_PINS"), std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ToolchainPinsTest, IsCanonicalJsonSortedByName) {
  const std::string text = ReadPins();
  const nlohmann::json pins = nlohmann::json::parse(text);
  EXPECT_EQ(pins.dump(), text);
  std::string previous;
  for (const nlohmann::json& pin : pins) {
    EXPECT_LT(previous, pin.at("name").get<std::string>());
    previous = pin.at("name").get<std::string>();
  }
}

TEST(ToolchainPinsTest, NamesEveryToolAndItsTree) {
  std::set<std::string> names;
  for (const nlohmann::json& pin : nlohmann::json::parse(ReadPins())) {
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

}  // namespace
}  // namespace pedigree
