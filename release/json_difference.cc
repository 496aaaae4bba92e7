#include "release/json_difference.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

constexpr size_t kMaxShown = 100;

// Members that name an element of a list, those of one name together.
const std::vector<std::vector<std::string>>& NamingMembers() {
  static const auto& members = *new std::vector<std::vector<std::string>>{
      {"bom-ref"},
      {"id"},
      {"ref"},
      {"component", "suite", "name"},
      {"name", "artifact_digest"},
      {"name"},
      {"suite"},
      {"target"},
      {"dtype"},
      {"topic"},
      {"scale"},
      {"suite_digest"},
      {"tag"},
      {"role"},
      {"counter"},
      {"url"},
  };
  return members;
}

// Only ASCII leaves here, so cutting cannot split a character.
std::string Ascii(const Json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/true);
}

std::string Shown(const Json* value) {
  if (value == nullptr) return "absent";
  const std::string text = Ascii(*value);
  if (text.size() <= kMaxShown) return text;
  return absl::StrCat(text.substr(0, kMaxShown), "...");
}

// A member's or element's name in a place, in quotes where it might mislead.
std::string ShownName(const std::string& name) {
  const bool plain =
      !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return absl::ascii_isalnum(c) || absl::StrContains("_-+/:.$", c);
      });
  const Json quoted = name;
  return plain ? name : Shown(&quoted);
}

// Elements by name.
using NamedElements = std::map<std::string, const Json*>;

std::optional<std::string> ElementName(
    const Json& element, const std::vector<std::string>& members) {
  if (!element.is_object()) return std::nullopt;
  std::string name;
  for (const std::string& member : members) {
    const auto value = element.find(member);
    if (value == element.end() || !value->is_string()) return std::nullopt;
    absl::StrAppend(&name, name.empty() ? "" : ",", member, "=",
                    ShownName(value->get<std::string>()));
  }
  return name;
}

// Nothing when an element has no such name, or two have the same.
std::optional<NamedElements> NameElements(
    const Json& list, const std::vector<std::string>& members) {
  NamedElements elements;
  for (const Json& element : list) {
    const std::optional<std::string> name = ElementName(element, members);
    if (!name.has_value() || !elements.emplace(*name, &element).second) {
      return std::nullopt;
    }
  }
  return elements;
}

class Comparison {
 public:
  enum class Match { kByPosition, kByName };

  // Finds one more than `limit`, to know whether there are more.
  Comparison(size_t limit, Match match) : limit_(limit + 1), match_(match) {}

  // A null pointer stands for a member or element that is not there.
  void Compare(const std::string& place, const Json* a, const Json* b) {
    if (differences_.size() >= limit_) return;
    if (a != nullptr && b != nullptr) {
      if (*a == *b) return;
      if (a->is_object() && b->is_object()) {
        return CompareObjects(place, *a, *b);
      }
      if (a->is_array() && b->is_array()) return CompareArrays(place, *a, *b);
    }
    differences_.push_back({place, Shown(a), Shown(b)});
  }

  std::vector<JsonDifference> TakeDifferences() {
    return std::move(differences_);
  }

 private:
  static const Json* Member(const Json& object, const std::string& key) {
    const auto member = object.find(key);
    return member == object.end() ? nullptr : &*member;
  }

  void CompareObjects(const std::string& place, const Json& a, const Json& b) {
    std::set<std::string> keys;
    for (const Json* object : {&a, &b}) {
      for (const auto& [key, unused] : object->items()) keys.insert(key);
    }
    for (const std::string& key : keys) {
      const std::string name = ShownName(key);
      Compare(place.empty() ? name : absl::StrCat(place, ".", name),
              Member(a, key), Member(b, key));
    }
  }

  void CompareArrays(const std::string& place, const Json& a, const Json& b) {
    if (match_ == Match::kByName && CompareNamed(place, a, b)) return;
    const size_t size = std::max(a.size(), b.size());
    for (size_t i = 0; i < size; ++i) {
      Compare(absl::StrCat(place, "[", i, "]"), i < a.size() ? &a[i] : nullptr,
              i < b.size() ? &b[i] : nullptr);
    }
  }

  // Whether the elements have names to match them by.
  bool CompareNamed(const std::string& place, const Json& a, const Json& b) {
    for (const std::vector<std::string>& members : NamingMembers()) {
      const auto named_a = NameElements(a, members);
      if (!named_a.has_value()) continue;
      const auto named_b = NameElements(b, members);
      if (!named_b.has_value()) continue;
      CompareElements(place, *named_a, *named_b);
      return true;
    }
    return false;
  }

  void CompareElements(const std::string& place, const NamedElements& a,
                       const NamedElements& b) {
    NamedElements names = a;
    names.insert(b.begin(), b.end());
    for (const auto& [name, unused] : names) {
      const auto element_a = a.find(name);
      const auto element_b = b.find(name);
      Compare(absl::StrCat(place, "[", name, "]"),
              element_a == a.end() ? nullptr : element_a->second,
              element_b == b.end() ? nullptr : element_b->second);
    }
  }

  const size_t limit_;
  const Match match_;
  std::vector<JsonDifference> differences_;
};

JsonDifferences List(const Json& a, const Json& b, size_t limit,
                     Comparison::Match match) {
  Comparison comparison(limit, match);
  comparison.Compare("", &a, &b);
  JsonDifferences result = {comparison.TakeDifferences(), false};
  result.more = result.changes.size() > limit;
  if (result.more) result.changes.resize(limit);
  return result;
}

std::string Describe(const JsonDifference& difference) {
  return absl::StrCat(difference.place.empty() ? "document" : difference.place,
                      " is ", difference.a, " (expected ", difference.b, ")");
}

}  // namespace

std::vector<std::string> DescribeDifferences(const Json& found,
                                             const Json& expected,
                                             size_t limit) {
  std::vector<std::string> lines;
  for (const JsonDifference& difference :
       List(found, expected, limit, Comparison::Match::kByPosition).changes) {
    lines.push_back(Describe(difference));
  }
  return lines;
}

std::vector<std::string> DescribeRecordDifferences(
    const google::protobuf::Message& found,
    const google::protobuf::Message& expected) {
  const absl::StatusOr<Json> found_json =
      ParseJson(CanonicalRecord(found), "record");
  const absl::StatusOr<Json> expected_json =
      ParseJson(CanonicalRecord(expected), "record");
  PEDIGREE_CHECK(found_json.ok() && expected_json.ok());
  return DescribeDifferences(*found_json, *expected_json);
}

JsonDifferences ListDifferences(const Json& a, const Json& b, size_t limit) {
  return List(a, b, limit, Comparison::Match::kByName);
}

}  // namespace pedigree
