// How fast one core encodes and decodes: megabytes of text a second, for texts
// of files and for hostile ones.
//
//   tokenizer_bench SECTION [TEXT...]
//
// SECTION is a tokenizer section, such as packager/tokenizers/oracle's
// `encode_texts section` makes of a tokenizer.json. Prints the best of five rounds for each text; the
// hostile ones are a megabyte and four of it, so that a quadratic encoder shows
// as a fourth of the rate. Says nothing about memory, or about texts that are
// much shorter than these.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

constexpr int kRounds = 5;
constexpr size_t kMegabyte = 1 << 20;

using Texts = std::vector<std::pair<std::string, std::string>>;

std::string Repeated(const std::string& unit, size_t bytes) {
  std::string text;
  while (text.size() + unit.size() <= bytes) text += unit;
  return text;
}

void AddHostile(Texts& texts) {
  const std::pair<const char*, const char*> kUnits[] = {
      {"one letter", "a"},
      {"spaces", " "},
      {"newlines", "\n"},
      {"digits", "7"},
      {"one emoji", "\xf0\x9f\x98\x80"},
      {"one CJK character", "\xe4\xb8\xad"},
      {"marks in disorder", "\xcc\x81\xcc\xa3"},
      {"starts of added tokens", "<|"},
  };
  for (const auto& [name, unit] : kUnits) {
    for (const size_t megabytes : {1, 4}) {
      texts.emplace_back(absl::StrFormat("%s, %d MiB", name, megabytes),
                         Repeated(unit, megabytes * kMegabyte));
    }
  }
}

// Seconds of the quickest of kRounds runs.
template <typename Run>
double Best(const Run& run) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    best = std::min(best, seconds.count());
  }
  return best;
}

absl::Status Bench(const Tokenizer& tokenizer, const Texts& texts) {
  std::printf("%-32s %10s %10s %12s %12s\n", "text", "bytes", "ids",
              "encode MB/s", "decode MB/s");
  for (const auto& [name, text] : texts) {
    const auto ids = tokenizer.Encode(text);
    if (!ids.ok()) return ids.status();
    const double megabytes = text.size() / 1e6;
    const double encode = Best([&, &text = text] {
      tokenizer.Encode(text).IgnoreError();
    });
    const double decode = Best([&] { tokenizer.DecodeBytes(*ids); });
    std::printf("%-32s %10zu %10zu %12.1f %12.1f\n", name.c_str(), text.size(),
                ids->size(), megabytes / encode, megabytes / decode);
  }
  return absl::OkStatus();
}

absl::Status Main(int argc, char** argv) {
  if (argc < 2) {
    return absl::InvalidArgumentError(
        "usage: tokenizer_bench SECTION [TEXT...]");
  }
  auto section = ReadFile(argv[1]);
  if (!section.ok()) return section.status();
  if (section->size() < 12) {
    return absl::InvalidArgumentError("Invalid tokenizer section: too short");
  }
  const auto vocab_size =
      LoadLittleEndian<uint32_t>(AsBytes(*section).data() + 8);
  const auto tokenizer = Tokenizer::Parse(AsBytes(*section), vocab_size);
  if (!tokenizer.ok()) return tokenizer.status();
  Texts texts;
  for (int i = 2; i < argc; ++i) {
    auto text = ReadFile(argv[i]);
    if (!text.ok()) return text.status();
    texts.emplace_back(argv[i], *std::move(text));
  }
  AddHostile(texts);
  return Bench(**tokenizer, texts);
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) {
  const absl::Status status = pedigree::Main(argc, argv);
  if (status.ok()) return 0;
  std::cerr << status.message() << "\n";
  return 2;
}
