#include "release/diff/wasm_module.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "release/testing/packet_pair.h"

namespace pedigree {
namespace {

constexpr std::string_view kHeader("\0asm\1\0\0\0", 8);

absl::StatusOr<WasmModule> Parse(const std::string& bytes) {
  return ParseWasmModule(AsBytes(bytes));
}

// A module of one section.
std::string Module(char id, std::string_view body) {
  std::string bytes(kHeader);
  bytes.push_back(id);
  bytes.push_back(static_cast<char>(body.size()));
  bytes.append(body);
  return bytes;
}

void ExpectRefused(const std::string& bytes, std::string_view phrase) {
  const auto module = Parse(bytes);
  ASSERT_FALSE(module.ok()) << phrase;
  EXPECT_TRUE(absl::StrContains(module.status().message(), phrase))
      << module.status();
}

TEST(WasmModuleTest, ReadsImportsExportsAndSections) {
  const auto module = Parse(TinyWasm("generate", "env.log"));
  ASSERT_TRUE(module.ok()) << module.status();
  ASSERT_EQ(module->imports.size(), 1u);
  EXPECT_EQ(module->imports[0].module, "env");
  EXPECT_EQ(module->imports[0].name, "log");
  EXPECT_EQ(module->imports[0].kind, "func");
  ASSERT_EQ(module->exports.size(), 2u);
  EXPECT_EQ(module->exports[0].kind, "memory");
  EXPECT_EQ(module->exports[1].name, "generate");
  ASSERT_EQ(module->sections.size(), 3u);
  EXPECT_EQ(module->sections[0].name, "type");
  EXPECT_EQ(module->sections[0].size, 4u);
}

TEST(WasmModuleTest, ReadsEveryKindOfImport) {
  const auto module = Parse(
      Module(2, std::string_view("\5"
                                 "\1m\1a\0\3"          // function of type 3
                                 "\1m\1b\1\x70\1\1\2"  // table with a maximum
                                 "\1m\1c\2\0\1"        // memory
                                 "\1m\1d\3\x7f\1"      // mutable global
                                 "\1m\1e\4\0\2",       // tag
                                 1 + 6 + 9 + 7 + 7 + 7)));
  ASSERT_TRUE(module.ok()) << module.status();
  ASSERT_EQ(module->imports.size(), 5u);
  EXPECT_EQ(module->imports[1].kind, "table");
  EXPECT_EQ(module->imports[4].kind, "tag");
}

TEST(WasmModuleTest, NamesCustomSections) {
  const auto module = Parse(Module(0, "\4name...."));
  ASSERT_TRUE(module.ok()) << module.status();
  EXPECT_EQ(module->sections[0].name, "custom \"name\"");
}

TEST(WasmModuleTest, RefusesWhatIsNoModule) {
  ExpectRefused("", "no magic, at byte 0");
  ExpectRefused("ELF.....", "no magic, at byte 0");
  std::string bytes(kHeader);
  bytes[4] = 2;
  EXPECT_EQ(Parse(bytes).status().code(), absl::StatusCode::kUnimplemented);
}

TEST(WasmModuleTest, RefusesASectionPastTheEnd) {
  ExpectRefused(std::string(kHeader) + "\x07\x05" + "ab",
                "section of 5 bytes is cut off (2 left), at byte 10");
}

TEST(WasmModuleTest, RefusesSectionsThatNoModuleHas) {
  ExpectRefused(Module(14, ""), "section id is 14 (expected 0 to 13)");
}

TEST(WasmModuleTest, RefusesNumbersOfTooManyBits) {
  ExpectRefused(std::string(kHeader) + "\x07\xff\xff\xff\xff\x7f",
                "section has more than 32 bits");
}

TEST(WasmModuleTest, RefusesMoreEntriesThanThereAreBytes) {
  ExpectRefused(Module(7, "\x20"),
                "number of exports is 32 (expected at most 0)");
}

TEST(WasmModuleTest, RefusesBytesBehindTheLastEntry) {
  ExpectRefused(Module(7, std::string_view("\0x", 2)),
                "1 bytes behind the last export");
}

TEST(WasmModuleTest, RefusesKindsThatAreNone) {
  ExpectRefused(Module(7, std::string_view("\1\1a\7\0", 5)),
                "kind is 7 (expected 0 to 4)");
}

TEST(WasmModuleTest, RefusesNamesThatAreNoText) {
  ExpectRefused(Module(7, std::string_view("\1\1\xff\0\0", 5)),
                "export's name is not UTF-8");
}

TEST(WasmModuleTest, RefusesNamesThatAreTooLong) {
  std::string bytes(kHeader);
  bytes += std::string("\0\x83\x20\x81\x20", 5);  // custom, 4099 and 4097 bytes
  bytes += std::string(4097, 'x');
  EXPECT_EQ(Parse(bytes).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(WasmModuleTest, RefusesMoreSectionsThanAnyModuleHas) {
  std::string bytes(kHeader);
  for (uint64_t i = 0; i <= kMaxWasmSections; ++i) {
    bytes += std::string("\1\0", 2);
  }
  EXPECT_EQ(Parse(bytes).status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace pedigree
