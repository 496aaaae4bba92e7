#include "release/bom/linked_libraries.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

// A packet with one runtime and two libraries.
class LinkedLibrariesTest : public testing::Test {
 protected:
  LinkedLibrariesTest() {
    contents_.runtimes = {{"wasm32", {Sha256("wasm"), 4}}};
    contents_.notices = {{Sha256("MIT"), 3}};
    contents_.licenses = {{"Apache-2.0", {Sha256("Apache"), 6}}};
    contents_.toolchain_pins.emplace_back().set_name("emscripten");
    contents_.linked_libraries = {Library("musl", "emscripten", "MIT"),
                                  Library("pedigree", "", "Apache")};
  }

  static release::LinkedLibrary Library(const std::string& name,
                                        const std::string& pin,
                                        const std::string& text) {
    release::LinkedLibrary library;
    library.set_name(name);
    library.set_pin(pin);
    if (!pin.empty()) library.set_version("1");
    library.set_license(text);
    library.add_targets("wasm32");
    library.add_notices()->set_name("LICENSE");
    library.mutable_notices(0)->set_digest(Sha256(text).ToString());
    return library;
  }

  std::string Faults() {
    return absl::StrJoin(CheckLinkedLibraries(contents_), "\n");
  }

  release::LinkedLibrary& musl() { return contents_.linked_libraries[0]; }

  PacketContents contents_;
};

TEST_F(LinkedLibrariesTest, AcceptsWhatBelongsTogether) {
  EXPECT_EQ(Faults(), "");
}

TEST_F(LinkedLibrariesTest, RefusesALibraryWithoutItsNotice) {
  musl().clear_notices();
  EXPECT_EQ(Faults(),
            absl::StrCat("Invalid linked library musl: it has no notice\n"
                         "Invalid packet: notice ",
                         Sha256("MIT").ToString(),
                         " belongs to no linked library"));
}

TEST_F(LinkedLibrariesTest, RefusesANoticeThatIsNotThere) {
  contents_.notices.clear();
  EXPECT_EQ(Faults(),
            absl::StrCat("Invalid linked library musl: its notice LICENSE (",
                         Sha256("MIT").ToString(), ") is not in the packet"));
}

TEST_F(LinkedLibrariesTest, RefusesALibraryOfNoPin) {
  contents_.toolchain_pins.clear();
  EXPECT_EQ(Faults(),
            "Invalid linked library musl: no toolchain pin is named "
            "\"emscripten\"");
  contents_.linked_libraries.erase(contents_.linked_libraries.begin() + 1);
  musl().set_pin("");
  EXPECT_EQ(Faults(), "Invalid linked library musl: pin is empty");
}

TEST_F(LinkedLibrariesTest, RefusesALibraryOfNoRuntime) {
  musl().set_targets(0, "linux-x86_64");
  EXPECT_EQ(Faults(),
            "Invalid linked library musl: the packet has no runtime for "
            "\"linux-x86_64\"");
  musl().clear_targets();
  EXPECT_EQ(Faults(), "Invalid linked library musl: it is in no runtime");
}

TEST_F(LinkedLibrariesTest, RefusesAnotherOrder) {
  std::swap(contents_.linked_libraries[0], contents_.linked_libraries[1]);
  EXPECT_EQ(Faults(),
            "Invalid linked library musl: comes after pedigree (expected "
            "ascending names and pins)");
}

TEST_F(LinkedLibrariesTest, RefusesUnsafeNames) {
  musl().set_name("../musl");
  musl().mutable_notices(0)->set_name("a/b");
  EXPECT_EQ(Faults(),
            "Invalid linked library ../musl: unsafe name\n"
            "Invalid linked library ../musl: unsafe name of a notice");
}

TEST_F(LinkedLibrariesTest, RefusesEmptyFields) {
  musl().set_version("");
  musl().set_license("");
  EXPECT_EQ(Faults(),
            "Invalid linked library musl: license is empty\n"
            "Invalid linked library musl: version is empty");
}

}  // namespace
}  // namespace pedigree
