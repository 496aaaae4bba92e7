#include "release/json_difference.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

constexpr size_t kMaxShown = 100;

std::string Shown(const Json* value) {
  if (value == nullptr) return "absent";
  // Only ASCII leaves here, so cutting cannot split a character.
  const std::string text = value->dump(-1, ' ', /*ensure_ascii=*/true);
  if (text.size() <= kMaxShown) return text;
  return absl::StrCat(text.substr(0, kMaxShown), "...");
}

class Comparison {
 public:
  explicit Comparison(size_t limit) : limit_(limit) {}

  // A null pointer stands for a member or element that is not there.
  void Compare(const std::string& place, const Json* found,
               const Json* expected) {
    if (differences_.size() >= limit_) return;
    if (found != nullptr && expected != nullptr) {
      if (*found == *expected) return;
      if (found->is_object() && expected->is_object()) {
        return CompareObjects(place, *found, *expected);
      }
      if (found->is_array() && expected->is_array()) {
        return CompareArrays(place, *found, *expected);
      }
    }
    differences_.push_back(
        absl::StrCat(place.empty() ? "document" : place, " is ", Shown(found),
                     " (expected ", Shown(expected), ")"));
  }

  std::vector<std::string> TakeDifferences() { return std::move(differences_); }

 private:
  static const Json* Member(const Json& object, const std::string& key) {
    const auto member = object.find(key);
    return member == object.end() ? nullptr : &*member;
  }

  void CompareObjects(const std::string& place, const Json& found,
                      const Json& expected) {
    Json keys = found;
    keys.update(expected);
    for (const auto& [key, unused] : keys.items()) {
      Compare(place.empty() ? key : absl::StrCat(place, ".", key),
              Member(found, key), Member(expected, key));
    }
  }

  void CompareArrays(const std::string& place, const Json& found,
                     const Json& expected) {
    const size_t size = std::max(found.size(), expected.size());
    for (size_t i = 0; i < size; ++i) {
      Compare(absl::StrCat(place, "[", i, "]"),
              i < found.size() ? &found[i] : nullptr,
              i < expected.size() ? &expected[i] : nullptr);
    }
  }

  const size_t limit_;
  std::vector<std::string> differences_;
};

}  // namespace

std::vector<std::string> DescribeDifferences(const Json& found,
                                             const Json& expected,
                                             size_t limit) {
  Comparison comparison(limit);
  comparison.Compare("", &found, &expected);
  return comparison.TakeDifferences();
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

}  // namespace pedigree
