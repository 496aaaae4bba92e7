#include "release/rederive/build_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "release/printable.h"

namespace pedigree {
namespace {

constexpr size_t kMaxTailLines = 20;
constexpr std::string_view kNoSuchTarget[] = {"no such target",
                                              "no such package"};
// What third_party/archives.bzl says of an archive or its lock.
constexpr std::string_view kToolchainPin[] = {
    "archives.lock: cannot fetch",          "archives.lock: no archive of",
    "archives.lock: no version or no tree", "archives.lock: the unpacked tree",
    "archives.lock: cannot unpack",         "archives.lock:"};

bool IsPathByte(char c) {
  return absl::ascii_isgraph(c) && !absl::StrContains("'\"`,;()<>", c);
}

// Whether a path may begin at `position`: labels ("//a:b", "@a//b") and
// relative paths have something else before their slashes, and a slash alone
// ("3 / 4") tells nothing.
bool StartsPath(std::string_view line, size_t position) {
  if (line[position] != '/' || position + 1 == line.size()) return false;
  const char after = line[position + 1];
  if (after == '/' || !IsPathByte(after)) return false;
  if (position == 0) return true;
  const char before = line[position - 1];
  return !absl::ascii_isalnum(before) && !absl::StrContains("/@_-.+~>", before);
}

size_t EndOfWord(std::string_view line, size_t position) {
  while (position < line.size() && IsPathByte(line[position])) ++position;
  return position;
}

// Where an address that has its "://" at `position` begins, or `position`.
size_t StartOfScheme(std::string_view line, size_t position) {
  size_t start = position;
  while (start > 0 && absl::ascii_isalnum(line[start - 1])) --start;
  return start;
}

// Removes the escapes by which a terminal shows colours.
std::string WithoutColours(std::string_view line) {
  std::string plain;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\x1b') {
      plain.push_back(line[i]);
      continue;
    }
    while (i < line.size() && !absl::ascii_isalpha(line[i])) ++i;
  }
  return plain;
}

// What the build printed to show that it goes on.
bool IsProgress(std::string_view line) {
  if (absl::ConsumePrefix(&line, "[")) {
    while (!line.empty() &&
           (absl::ascii_isdigit(line[0]) || line[0] == ',' || line[0] == ' ')) {
      line.remove_prefix(1);
    }
    return absl::StartsWith(line, "/ ");
  }
  return absl::StartsWith(line, "Loading:") ||
         absl::StartsWith(line, "Analyzing:");
}

std::vector<std::string> CleanLines(std::string_view log) {
  std::vector<std::string> lines;
  for (std::string_view line : absl::StrSplit(log, absl::ByAnyChar("\r\n"))) {
    std::string clean =
        WithoutMachine(absl::StripAsciiWhitespace(line));
    if (!clean.empty() && !IsProgress(clean)) lines.push_back(std::move(clean));
  }
  return lines;
}

template <size_t n>
const std::string* FindLine(const std::vector<std::string>& lines,
                            const std::string_view (&phrases)[n]) {
  for (const std::string_view phrase : phrases) {
    for (const std::string& line : lines) {
      if (absl::StrContains(line, phrase)) return &line;
    }
  }
  return nullptr;
}

// The first line that names an error.
std::string FirstError(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    if (absl::StartsWith(line, "ERROR") || absl::StartsWith(line, "FATAL") ||
        absl::StartsWith(line, "bazelw: ")) {
      return line;
    }
  }
  return lines.empty() ? "the build printed nothing" : lines.back();
}

}  // namespace

std::string WithoutMachine(std::string_view text) {
  const std::string line = WithoutColours(text);
  std::string clean;
  for (size_t i = 0; i < line.size();) {
    if (absl::StartsWith(std::string_view(line).substr(i), "://")) {
      const size_t scheme = i - StartOfScheme(line, i);
      clean.resize(clean.size() - std::min(scheme, clean.size()));
      absl::StrAppend(&clean, "<url>");
      i = EndOfWord(line, i);
    } else if (StartsPath(line, i)) {
      absl::StrAppend(&clean, "<path>");
      i = EndOfWord(line, i);
    } else {
      clean.push_back(line[i++]);
    }
  }
  return Printable(clean);
}

BuildFailure ExplainLog(std::string_view log) {
  const std::vector<std::string> lines = CleanLines(log);
  BuildFailure failure;
  const std::string* reason = FindLine(lines, kToolchainPin);
  failure.kind = "toolchain-pin";
  if (reason == nullptr) {
    reason = FindLine(lines, kNoSuchTarget);
    failure.kind = "no-such-target";
  }
  if (reason == nullptr) failure.kind = "build-failed";
  failure.reason = reason != nullptr ? *reason : FirstError(lines);
  const size_t tail = std::min(lines.size(), kMaxTailLines);
  failure.log_tail.assign(lines.end() - tail, lines.end());
  return failure;
}

}  // namespace pedigree
