#include "release/distribution/challenge.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace pedigree {
namespace {

constexpr size_t kMaxHeaderBytes = 8192;

// tchar of RFC 9110.
bool IsTokenChar(char c) {
  return absl::ascii_isalnum(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<Challenge>> Run() {
    if (text_.size() > kMaxHeaderBytes) return Fail("too long");
    while (SkipSeparators(), at_ < text_.size()) {
      if (absl::Status status = ReadItem(); !status.ok()) return status;
    }
    return std::move(challenges_);
  }

 private:
  absl::Status Fail(std::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid WWW-Authenticate header: ", what, " at byte ",
                     at_));
  }

  bool At(char c) const { return at_ < text_.size() && text_[at_] == c; }

  void SkipSpace() {
    while (At(' ') || At('\t')) ++at_;
  }

  void SkipSeparators() {
    while (At(' ') || At('\t') || At(',')) ++at_;
  }

  std::string ReadToken() {
    const size_t start = at_;
    while (at_ < text_.size() && IsTokenChar(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  // A scheme, or a parameter of the last scheme: only a "=" tells which.
  absl::Status ReadItem() {
    std::string name = absl::AsciiStrToLower(ReadToken());
    if (name.empty()) return Fail("no token");
    const bool spaced = At(' ') || At('\t');
    SkipSpace();
    if (At('=')) return ReadParameter(std::move(name));
    if (!spaced && at_ < text_.size() && !At(',')) {
      return Fail("unexpected character");
    }
    challenges_.push_back({std::move(name), {}});
    return absl::OkStatus();
  }

  absl::Status ReadParameter(std::string name) {
    if (challenges_.empty()) return Fail("parameter without a scheme");
    ++at_;
    SkipSpace();
    std::string value;
    if (At('"')) {
      if (absl::Status status = ReadQuoted(value); !status.ok()) return status;
    } else {
      value = ReadToken();
      if (value.empty()) return Fail("no value");
    }
    if (!challenges_.back()
             .parameters.emplace(std::move(name), std::move(value))
             .second) {
      return Fail("repeated parameter");
    }
    SkipSpace();
    if (at_ < text_.size() && !At(',')) return Fail("no comma");
    return absl::OkStatus();
  }

  absl::Status ReadQuoted(std::string& value) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (At('"')) {
        ++at_;
        return absl::OkStatus();
      }
      if (At('\\')) ++at_;
      if (at_ == text_.size() || absl::ascii_iscntrl(text_[at_])) break;
      value += text_[at_];
    }
    return Fail("unfinished quoted string");
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Challenge> challenges_;
};

}  // namespace

absl::StatusOr<std::vector<Challenge>> ParseChallenges(std::string_view value) {
  return Parser(value).Run();
}

}  // namespace pedigree
