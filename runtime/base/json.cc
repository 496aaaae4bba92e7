#include "runtime/base/json.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/concat.h"

namespace pedigree {
namespace {

constexpr int64_t kMaxExactInteger = (int64_t{1} << 53) - 1;

// Builds a value from the parser's events, refusing what nlohmann's own DOM
// builder would let pass: repeated keys, fractions, deep nesting.
class StrictBuilder : public nlohmann::json_sax<Json> {
 public:
  StrictBuilder(std::string_view what, bool takes_fractions)
      : what_(what), takes_fractions_(takes_fractions) {}

  Json TakeValue() { return std::move(root_); }
  const std::string& fault() const { return fault_; }

  bool null() override { return Put(nullptr); }
  bool boolean(bool value) override { return Put(value); }
  bool number_integer(number_integer_t value) override {
    if (value < -kMaxExactInteger) {
      return Inexact(static_cast<double>(value), Concat(value));
    }
    return Put(value);
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<uint64_t>(kMaxExactInteger)) {
      return Inexact(static_cast<double>(value), Concat(value));
    }
    return Put(value);
  }
  bool number_float(number_float_t value, const string_t& text) override {
    return Inexact(value, text);
  }
  bool string(string_t& value) override { return Put(std::move(value)); }
  bool binary(binary_t&) override { return Fail("binary value"); }
  bool start_object(size_t) override { return Open(Json::object()); }
  bool end_object() override { return Close(); }
  bool start_array(size_t) override { return Open(Json::array()); }
  bool end_array() override { return Close(); }

  bool key(string_t& value) override {
    if (open_.back()->contains(value)) {
      return Fail(Concat("repeated key \"", value, "\""));
    }
    key_ = std::move(value);
    return true;
  }

  bool parse_error(size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) override {
    // A number that no binary64 comes near.
    constexpr int kNumberOverflow = 406;
    if (error.id == kNumberOverflow && !takes_fractions_) {
      return Inexact(0, token);
    }
    return Fail(Concat("not JSON at byte ", position));
  }

 private:
  bool Fail(std::string fault) {
    fault_ = Concat("Invalid ", what_, ": ", fault);
    return false;
  }

  bool Inexact(double value, std::string_view text) {
    if (takes_fractions_) return Put(value);
    return Fail(
        Concat("number ", text.substr(0, 40), " is not an integer below 2^53"));
  }

  Json* Place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }

  bool Put(Json value) {
    Place(std::move(value));
    return true;
  }

  bool Open(Json container) {
    if (open_.size() == kMaxJsonDepth) {
      return Fail(Concat("nested deeper than ", kMaxJsonDepth));
    }
    open_.push_back(Place(std::move(container)));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  std::string what_;
  bool takes_fractions_;
  std::string fault_;
  Json root_;
  // The containers that are still open. An element of an array is only ever
  // added at its end while it is the innermost, so the pointers stay valid.
  std::vector<Json*> open_;
  std::string key_;
};

void AppendString(std::string_view text, std::string& out) {
  constexpr char kHexDigits[] = "0123456789abcdef";
  constexpr std::string_view kShort = "\b\t\n\f\r\"\\";
  constexpr std::string_view kLetters = "btnfr\"\\";
  PEDIGREE_CHECK(IsValidUtf8(text));
  out.push_back('"');
  for (const char c : text) {
    if (const size_t i = kShort.find(c); i != std::string_view::npos) {
      out.push_back('\\');
      out.push_back(kLetters[i]);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out.append("\\u00");
      out.push_back(kHexDigits[c >> 4]);
      out.push_back(kHexDigits[c & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void AppendInteger(const Json& value, std::string& out) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    PEDIGREE_CHECK(number <= static_cast<uint64_t>(kMaxExactInteger));
    Append(out, {number});
  } else {
    PEDIGREE_CHECK(value.is_number_integer());
    const auto number = value.get<int64_t>();
    PEDIGREE_CHECK(number >= -kMaxExactInteger && number <= kMaxExactInteger);
    Append(out, {number});
  }
}

void AppendCanonical(const Json& value, std::string& out) {
  if (value.is_object()) {
    char before = '{';
    for (const auto& [key, member] : value.get_ref<const Json::object_t&>()) {
      // RFC 8785 sorts by UTF-16 code units; for ASCII keys that is the order
      // of the bytes, which Json keeps.
      for (char c : key) PEDIGREE_CHECK(static_cast<unsigned char>(c) < 0x80);
      out.push_back(before);
      AppendString(key, out);
      out.push_back(':');
      AppendCanonical(member, out);
      before = ',';
    }
    out.append(value.empty() ? "{}" : "}");
  } else if (value.is_array()) {
    char before = '[';
    for (const Json& element : value.get_ref<const Json::array_t&>()) {
      out.push_back(before);
      AppendCanonical(element, out);
      before = ',';
    }
    out.append(value.empty() ? "[]" : "]");
  } else if (value.is_string()) {
    AppendString(value.get_ref<const std::string&>(), out);
  } else if (value.is_boolean()) {
    out.append(value.get<bool>() ? "true" : "false");
  } else if (value.is_null()) {
    out.append("null");
  } else {
    AppendInteger(value, out);
  }
}

absl::StatusOr<Json> Build(std::string_view text, std::string_view what,
                           bool takes_fractions) {
  // nlohmann skips a byte order mark; RFC 8259 lets a parser refuse it.
  if (text.substr(0, 3) == "\xEF\xBB\xBF") {
    return absl::InvalidArgumentError(
        Concat("Invalid ", what, ": starts with a byte order mark"));
  }
  StrictBuilder builder(what, takes_fractions);
  if (!ParseJsonEvents(text, builder)) {
    return absl::InvalidArgumentError(builder.fault());
  }
  return builder.TakeValue();
}

}  // namespace

absl::StatusOr<Json> ParseJson(std::string_view text, std::string_view what) {
  return Build(text, what, false);
}

absl::StatusOr<Json> ParseForeignJson(std::string_view text,
                                      std::string_view what) {
  return Build(text, what, true);
}

bool ParseJsonEvents(std::string_view text, nlohmann::json_sax<Json>& handler) {
  // The library takes a NUL for the end of the text, whatever follows. No JSON
  // holds one, nor any other control character but white space.
  const size_t nul = text.find('\0');
  std::string refused;
  if (nul != std::string_view::npos) {
    refused = text.substr(0, nul + 1);
    refused[nul] = '\x01';
    text = refused;
  }
  return Json::sax_parse(text.begin(), text.end(), &handler);
}

std::string CanonicalJson(const Json& value) {
  std::string text;
  AppendCanonical(value, text);
  return text;
}

bool IsValidUtf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p < end) {
    if (*p < 0x80) {
      ++p;
      continue;
    }
    int length;
    uint32_t code_point;
    uint32_t least;
    if ((*p & 0xE0) == 0xC0) {
      length = 2, code_point = *p & 0x1F, least = 0x80;
    } else if ((*p & 0xF0) == 0xE0) {
      length = 3, code_point = *p & 0x0F, least = 0x800;
    } else if ((*p & 0xF8) == 0xF0) {
      length = 4, code_point = *p & 0x07, least = 0x10000;
    } else {
      return false;
    }
    if (end - p < length) return false;
    for (int i = 1; i < length; ++i) {
      if ((p[i] & 0xC0) != 0x80) return false;
      code_point = code_point << 6 | (p[i] & 0x3F);
    }
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point < least || code_point > 0x10FFFF || surrogate) return false;
    p += length;
  }
  return true;
}

namespace {

std::string ShortJson(const Json* value) {
  constexpr size_t kMaxBytes = 200;
  if (value == nullptr) return "nothing";
  const std::string text =
      value->dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kMaxBytes) return text;
  return text.substr(0, kMaxBytes) + "...";
}

std::optional<JsonDifference> DifferenceAt(const std::string& place,
                                           const Json* a, const Json* b) {
  if (a == nullptr || b == nullptr) {
    return JsonDifference{place, ShortJson(a), ShortJson(b)};
  }
  if (*a == *b) return std::nullopt;
  if (a->is_object() && b->is_object()) {
    std::set<std::string> keys;
    for (const auto& [key, value] : a->items()) keys.insert(key);
    for (const auto& [key, value] : b->items()) keys.insert(key);
    for (const std::string& key : keys) {
      const auto find = [&](const Json& json) {
        const auto member = json.find(key);
        return member == json.end() ? nullptr : &*member;
      };
      auto difference = DifferenceAt(
          Concat(place, place.empty() ? "" : ".", key), find(*a), find(*b));
      if (difference.has_value()) return difference;
    }
  } else if (a->is_array() && b->is_array()) {
    for (size_t i = 0; i < std::max(a->size(), b->size()); ++i) {
      auto difference = DifferenceAt(Concat(place, "[", i, "]"),
                                     i < a->size() ? &(*a)[i] : nullptr,
                                     i < b->size() ? &(*b)[i] : nullptr);
      if (difference.has_value()) return difference;
    }
  }
  return JsonDifference{place, ShortJson(a), ShortJson(b)};
}

}  // namespace

std::optional<JsonDifference> FirstDifference(const Json& a, const Json& b) {
  return DifferenceAt("", &a, &b);
}

JsonObjectReader::JsonObjectReader(const Json& json, std::string_view what)
    : json_(json), what_(what) {
  if (!json_.is_object()) Fail("not an object");
}

bool JsonObjectReader::Has(std::string_view key) const {
  return json_.is_object() && json_.contains(key);
}

const Json* JsonObjectReader::Find(std::string_view key, Json::value_t type) {
  if (!fault_.empty()) return nullptr;
  const auto member = json_.find(key);
  if (member == json_.end()) {
    Fail(Concat("\"", key, "\" is missing"));
    return nullptr;
  }
  read_[std::string(key)] = true;
  if (member->type() != type) {
    Fail(Concat("\"", key, "\" is a ", member->type_name(), " (expected ",
                Json(type).type_name(), ")"));
    return nullptr;
  }
  return &*member;
}

std::string JsonObjectReader::String(std::string_view key) {
  const Json* member = Find(key, Json::value_t::string);
  return member == nullptr ? "" : member->get<std::string>();
}

bool JsonObjectReader::Bool(std::string_view key) {
  const Json* member = Find(key, Json::value_t::boolean);
  return member != nullptr && member->get<bool>();
}

uint64_t JsonObjectReader::Uint(std::string_view key, uint64_t min,
                                uint64_t max) {
  if (Has(key)) {
    const Json& found = *json_.find(key);
    if (found.type() == Json::value_t::number_integer) {
      Fail(Concat("\"", key, "\" is ", found.get<int64_t>(), " (expected ", min,
                  " to ", max, ")"));
    }
  }
  const Json* member = Find(key, Json::value_t::number_unsigned);
  if (member == nullptr) return 0;
  const uint64_t value = member->get<uint64_t>();
  if (value < min || value > max) {
    Fail(Concat("\"", key, "\" is ", value, " (expected ", min, " to ", max,
                ")"));
    return 0;
  }
  return value;
}

const Json& JsonObjectReader::Array(std::string_view key) {
  static const Json& empty = *new Json(Json::array());
  const Json* member = Find(key, Json::value_t::array);
  return member == nullptr ? empty : *member;
}

const Json& JsonObjectReader::Object(std::string_view key) {
  static const Json& empty = *new Json(Json::object());
  const Json* member = Find(key, Json::value_t::object);
  return member == nullptr ? empty : *member;
}

absl::Status JsonObjectReader::Finish() {
  if (fault_.empty()) {
    for (const auto& [key, member] : json_.get_ref<const Json::object_t&>()) {
      if (read_.contains(key)) continue;
      Fail(Concat("unknown key \"", key, "\""));
      break;
    }
  }
  if (fault_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(fault_);
}

void JsonObjectReader::Fail(std::string message) {
  if (fault_.empty()) fault_ = Concat("Invalid ", what_, ": ", message);
}

}  // namespace pedigree
