#include "release/archive/tar_header.h"

#include <cstddef>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "release/printable.h"
#include "runtime/base/check.h"

namespace pedigree {
namespace {

// POSIX.1-2001, "ustar Interchange Format": offsets of the fields.
constexpr size_t kNameBytes = 100;
constexpr size_t kModeAt = 100;
constexpr size_t kOwnerAt = 108;
constexpr size_t kGroupAt = 116;
constexpr size_t kSizeAt = 124;
constexpr size_t kSizeDigits = 11;
constexpr size_t kTimeAt = 136;
constexpr size_t kChecksumAt = 148;
constexpr size_t kTypeAt = 156;
constexpr size_t kMagicAt = 257;
constexpr size_t kDeviceAt = 329;

constexpr char kRegularFile = '0';
constexpr char kPaxHeader = 'x';
constexpr std::string_view kPaxName = "PaxHeaders/0";

void Put(std::string& block, size_t at, std::string_view text) {
  block.replace(at, text.size(), text);
}

std::string Block(std::string_view name, uint64_t size, char type) {
  PEDIGREE_CHECK(name.size() <= kNameBytes && size <= kMaxPlainTarSize);
  std::string block(kTarBlockBytes, '\0');
  Put(block, 0, name);
  Put(block, kModeAt, "0000644");
  Put(block, kOwnerAt, "0000000");
  Put(block, kGroupAt, "0000000");
  Put(block, kSizeAt, absl::StrFormat("%011o", size));
  Put(block, kTimeAt, "00000000000");
  Put(block, kChecksumAt, "        ");
  block[kTypeAt] = type;
  Put(block, kMagicAt, std::string_view("ustar\00000", 8));
  Put(block, kDeviceAt, std::string_view("0000000\0000000000", 15));
  uint32_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  Put(block, kChecksumAt, absl::StrFormat("%06o", sum));
  block[kChecksumAt + 6] = '\0';
  return block;
}

// "<length> size=<size>\n", where the length counts all of it.
std::string PaxRecord(uint64_t size) {
  const std::string rest = absl::StrCat(" size=", size, "\n");
  size_t length = rest.size();
  while (absl::StrCat(length).size() + rest.size() != length) ++length;
  return absl::StrCat(length, rest);
}

std::string_view TextUntilZero(std::string_view field) {
  return field.substr(0, field.find('\0'));
}

std::optional<uint64_t> ParseOctal(std::string_view digits) {
  uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

// The size that a pax block of the form above gives.
std::optional<uint64_t> ParsePaxSize(std::string_view block) {
  constexpr std::string_view kKey = " size=";
  const size_t at = block.find(kKey);
  if (at == std::string_view::npos) return std::nullopt;
  uint64_t value = 0;
  for (const char c : block.substr(at + kKey.size())) {
    if (c == '\n') return value;
    if (c < '0' || c > '9' || value > UINT64_MAX / 16) return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return std::nullopt;
}

// The field that byte `at` of a header of `bytes` bytes lies in.
std::string_view FieldAt(size_t at, size_t bytes) {
  if (at + kTarBlockBytes < bytes) return "pax header";
  constexpr struct {
    size_t end;
    std::string_view name;
  } kFields[] = {{100, "name"},     {108, "mode"},   {116, "owner"},
                 {124, "group"},    {136, "size"},   {148, "time"},
                 {156, "checksum"}, {157, "type"},   {257, "link name"},
                 {265, "magic"},    {297, "owner's name"},
                 {329, "group's name"}, {345, "device"}, {500, "prefix"}};
  for (const auto& field : kFields) {
    if (at % kTarBlockBytes < field.end) return field.name;
  }
  return "padding";
}

}  // namespace

std::string WriteTarHeader(const TarEntry& entry) {
  if (entry.size <= kMaxPlainTarSize) {
    return Block(entry.name, entry.size, kRegularFile);
  }
  std::string record = PaxRecord(entry.size);
  std::string blocks = Block(kPaxName, record.size(), kPaxHeader);
  record.resize(kTarBlockBytes, '\0');
  return absl::StrCat(blocks, record, Block(entry.name, 0, kRegularFile));
}

uint64_t TarPaddingBytes(uint64_t size) {
  return (kTarBlockBytes - size % kTarBlockBytes) % kTarBlockBytes;
}

std::string WriteTarEnd() { return std::string(2 * kTarBlockBytes, '\0'); }

uint64_t TarHeaderBytes(uint64_t size) {
  return size <= kMaxPlainTarSize ? kTarBlockBytes : 3 * kTarBlockBytes;
}

bool IsPaxHeader(std::string_view block) {
  return block.size() == kTarBlockBytes && block[kTypeAt] == kPaxHeader;
}

absl::StatusOr<TarEntry> ParseTarHeader(std::string_view blocks) {
  PEDIGREE_CHECK(blocks.size() == kTarBlockBytes ||
                 blocks.size() == 3 * kTarBlockBytes);
  const std::string_view last = blocks.substr(blocks.size() - kTarBlockBytes);
  TarEntry entry;
  entry.name = std::string(TextUntilZero(last.substr(0, kNameBytes)));
  const std::optional<uint64_t> size =
      blocks.size() == kTarBlockBytes
          ? ParseOctal(last.substr(kSizeAt, kSizeDigits))
          : ParsePaxSize(blocks.substr(kTarBlockBytes, kTarBlockBytes));
  entry.size = size.value_or(0);
  // Two sizes have two lengths of header: one that says a small size at length
  // is not what is written for it.
  const std::string expected = WriteTarHeader(entry);
  if (size.has_value() && blocks == expected) return entry;
  size_t at = 0;
  while (at < expected.size() && at < blocks.size() &&
         blocks[at] == expected[at]) {
    ++at;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid tar header of \"", Printable(entry.name), "\": its ",
                   size.has_value() ? FieldAt(at, blocks.size()) : "size",
                   " is not what pack writes"));
}

}  // namespace pedigree
