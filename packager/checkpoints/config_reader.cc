#include "packager/checkpoints/config_reader.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pedigree {

std::string ShowJson(const Json& value) {
  return value.dump(-1, ' ', true, Json::error_handler_t::replace)
      .substr(0, 100);
}

ConfigReader::ConfigReader(const Json& json, std::string_view what)
    : json_(json), what_(what) {}

const Json* ConfigReader::Find(std::string_view key) {
  read_.insert(std::string(key));
  const auto member = json_.find(key);
  return member == json_.end() || member->is_null() ? nullptr : &*member;
}

uint32_t ConfigReader::Dimension(std::string_view key,
                                 std::optional<uint32_t> by_default) {
  const Json* member = Find(key);
  if (member == nullptr) {
    if (by_default.has_value()) return *by_default;
    Invalid(key, "is missing");
    return 0;
  }
  if (!member->is_number_unsigned() ||
      member->get<uint64_t>() > std::numeric_limits<uint32_t>::max()) {
    Invalid(key, absl::StrCat("is ", ShowJson(*member),
                              " (expected an integer below 2^32)"));
    return 0;
  }
  return member->get<uint32_t>();
}

float ConfigReader::Number(std::string_view key, double by_default) {
  const Json* member = Find(key);
  return member == nullptr ? static_cast<float>(by_default)
                           : NumberOf(key, *member);
}

float ConfigReader::NumberOf(std::string_view key, const Json& member) {
  const float value =
      member.is_number() ? static_cast<float>(member.get<double>()) : 0;
  if (!(value > 0) || !std::isfinite(value)) {
    Invalid(key, absl::StrCat("is ", ShowJson(member),
                              " (expected a positive binary32)"));
  }
  return value;
}

bool ConfigReader::Bool(std::string_view key, bool by_default) {
  const Json* member = Find(key);
  if (member == nullptr) return by_default;
  if (!member->is_boolean()) {
    Invalid(key,
            absl::StrCat("is ", ShowJson(*member), " (expected a boolean)"));
    return by_default;
  }
  return member->get<bool>();
}

void ConfigReader::Only(std::string_view key,
                        const std::vector<Json>& allowed) {
  const Json* member = Find(key);
  if (member == nullptr) return;
  for (const Json& value : allowed) {
    if (*member == value) return;
  }
  Refuse(key, absl::StrCat("is ", ShowJson(*member),
                           allowed.empty() ? ""
                                           : absl::StrCat(" (expected ",
                                                          ShowJson(allowed[0]),
                                                          ")")));
}

void ConfigReader::Invalid(std::string_view key, std::string_view what) {
  Fail(absl::InvalidArgumentError(
      absl::StrCat("Invalid ", what_, ": \"", key, "\" ", what)));
}

void ConfigReader::Refuse(std::string_view key, std::string_view what) {
  Fail(absl::UnimplementedError(absl::StrCat(
      "Unsupported ", what_, ": \"", absl::CHexEscape(key.substr(0, 100)), "\" ",
      what)));
}

void ConfigReader::Fail(absl::Status fault) {
  if (fault_.ok()) fault_ = std::move(fault);
}

absl::Status ConfigReader::Finish(
    absl::Span<const std::string_view> inert) {
  for (const std::string_view key : inert) {
    read_.insert(std::string(key));
  }
  for (const auto& [key, member] : json_.items()) {
    if (absl::StartsWith(key, "_") || read_.count(key) > 0) continue;
    // A setting that this build has not heard of, and that is not made: new
    // versions of the writers add such members to every file.
    if (member.is_null()) continue;
    Refuse(key,
           "is unknown, so what it changes is too (remove it if it changes "
           "nothing)");
  }
  return fault_;
}

}  // namespace pedigree
