#include "release/statements/statement.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "release/printable.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::Status Invalid(std::string_view what, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("Invalid ", what, ": ", why));
}

// A member of `type`, or null.
const Json* Find(const Json& object, const char* key, Json::value_t type) {
  const auto member = object.find(key);
  return member != object.end() && member->type() == type ? &*member : nullptr;
}

absl::StatusOr<Digest> ParseSubject(const Json& subject,
                                    const std::string& what) {
  if (!subject.is_object()) return Invalid(what, "not an object");
  const Json* digests = Find(subject, "digest", Json::value_t::object);
  if (digests == nullptr) return Invalid(what, "\"digest\" is not an object");
  const Json* sha256 = Find(*digests, "sha256", Json::value_t::string);
  if (sha256 == nullptr) return Invalid(what, "no digest \"sha256\"");
  const absl::StatusOr<Digest> digest =
      ParseDigest(absl::StrCat("sha256:", sha256->get<std::string>()));
  if (!digest.ok()) return Invalid(what, digest.status().message());
  return digest;
}

std::string ShownJson(const Json& value) {
  return Printable(value.dump(-1, ' ', true, Json::error_handler_t::replace),
                   120);
}

std::string Place(const std::string& place, std::string_view key) {
  return place.empty() ? std::string(key) : absl::StrCat(place, ".", key);
}

std::optional<std::string> Disagreement(const Json& found, const Json& expected,
                                        const std::string& place) {
  if (expected.is_object() && found.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      const auto member = found.find(key);
      if (member == found.end()) {
        return absl::StrCat(Place(place, key), " is missing (expected ",
                            ShownJson(value), ")");
      }
      if (auto fault = Disagreement(*member, value, Place(place, key))) {
        return fault;
      }
    }
    return std::nullopt;
  }
  if (expected.is_array() && found.is_array()) {
    for (size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
      if (auto fault = Disagreement(found[i], expected[i],
                                    absl::StrCat(place, "[", i, "]"))) {
        return fault;
      }
    }
    if (found.size() == expected.size()) return std::nullopt;
    return absl::StrCat(place, " has ", found.size(), " entries (expected ",
                        expected.size(), ")");
  }
  if (found == expected) return std::nullopt;
  return absl::StrCat(place, " is ", ShownJson(found), " (expected ",
                      ShownJson(expected), ")");
}

}  // namespace

absl::StatusOr<Statement> ParseStatement(std::string_view text,
                                         std::string_view what) {
  Statement statement;
  PEDIGREE_ASSIGN_OR_RETURN(statement.json, ParseForeignJson(text, what));
  const Json& json = statement.json;
  if (!json.is_object()) return Invalid(what, "not an object");
  const Json* type = Find(json, "_type", Json::value_t::string);
  if (type == nullptr || *type != kStatementType) {
    return Invalid(what, absl::StrCat("\"_type\" is ",
                                      ShownJson(json.value("_type", Json())),
                                      " (expected \"", kStatementType, "\")"));
  }
  const Json* predicate_type =
      Find(json, "predicateType", Json::value_t::string);
  if (predicate_type == nullptr) {
    return Invalid(what, "\"predicateType\" is not a string");
  }
  const std::optional<ClaimKind> kind =
      ClaimOfPredicateType(predicate_type->get<std::string>());
  if (!kind.has_value()) {
    return absl::UnimplementedError(
        absl::StrCat("Unsupported ", what, ": \"predicateType\" is ",
                     ShownJson(*predicate_type)));
  }
  statement.kind = *kind;
  if (Find(json, "predicate", Json::value_t::object) == nullptr) {
    return Invalid(what, "\"predicate\" is not an object");
  }
  const Json* subjects = Find(json, "subject", Json::value_t::array);
  if (subjects == nullptr || subjects->empty() ||
      subjects->size() > kMaxSubjects) {
    return Invalid(what, absl::StrCat("\"subject\" is not a list of 1 to ",
                                      kMaxSubjects, " entries"));
  }
  for (size_t i = 0; i < subjects->size(); ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(
        const Digest digest,
        ParseSubject((*subjects)[i], absl::StrCat(what, " subject ", i)));
    statement.subjects.push_back(digest);
  }
  return statement;
}

std::optional<std::string> FindDisagreement(const Json& found,
                                            const Json& expected) {
  return Disagreement(found, expected, "");
}

}  // namespace pedigree
