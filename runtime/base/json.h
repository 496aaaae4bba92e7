// Strict JSON in, RFC 8785 canonical JSON out. Every record this project
// writes is canonical, so that equal records are equal bytes.

#ifndef PEDIGREE_RUNTIME_BASE_JSON_H_
#define PEDIGREE_RUNTIME_BASE_JSON_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace pedigree {

// A JSON value whose object keys are kept sorted.
using Json = nlohmann::json;

// The deepest nesting of arrays and objects that ParseJson accepts.
inline constexpr int kMaxJsonDepth = 64;

// Parses one JSON text. Strict: UTF-8 only, no repeated key, no trailing
// bytes, no number outside the exact integers of binary64 (fractions are
// written as strings in our records), nesting of at most kMaxJsonDepth.
//
// `what` names the text in errors, for example "policy".
// Errors: kInvalidArgument with the byte position.
absl::StatusOr<Json> ParseJson(std::string_view text, std::string_view what);

// Parses one JSON text that is not a record of this project: as ParseJson, but
// a number that is no exact integer becomes the nearest binary64. It must be
// finite.
absl::StatusOr<Json> ParseForeignJson(std::string_view text,
                                      std::string_view what);

// Tells `handler` the events of one JSON text, for what must not be built in
// memory. Whether it took them all; a fault of the text is told by its
// parse_error, with the byte counted from 1.
bool ParseJsonEvents(std::string_view text, nlohmann::json_sax<Json>& handler);

// The RFC 8785 form: no white space, sorted keys, shortest escapes. Numbers
// must be integers of magnitude below 2^53 and strings valid UTF-8: both hold
// for what ParseJson returns and are asserted for what code builds.
std::string CanonicalJson(const Json& value);

// Whether `text` is valid UTF-8 (no surrogates, no overlong forms).
bool IsValidUtf8(std::string_view text);

// The first place where two values differ, members in ascending order.
struct JsonDifference {
  // Members with "." between levels, elements in brackets: "cases[3].passed".
  std::string place;
  // The values there as JSON, at most 200 bytes of each; "nothing" where there is
  // none.
  std::string a;
  std::string b;
};
std::optional<JsonDifference> FirstDifference(const Json& a, const Json& b);

// Reads the members of one JSON object and refuses what the schema does not
// know. Usage:
//
//   JsonObjectReader reader(json, "eval case");
//   std::string id = reader.String("id");
//   uint64_t limit = reader.Uint("max_new_tokens", 0, 4096);
//   PEDIGREE_RETURN_IF_ERROR(reader.Finish());
//
// The first fault is kept; later reads return empty values. Borrows `json`.
class JsonObjectReader {
 public:
  JsonObjectReader(const Json& json, std::string_view what);

  bool Has(std::string_view key) const;
  // Required members. A missing one, or one of another type, is a fault.
  std::string String(std::string_view key);
  bool Bool(std::string_view key);
  uint64_t Uint(std::string_view key, uint64_t min, uint64_t max);
  const Json& Array(std::string_view key);
  const Json& Object(std::string_view key);

  // kInvalidArgument with the first fault, which an unread member is too.
  absl::Status Finish();

 private:
  const Json* Find(std::string_view key, Json::value_t type);
  void Fail(std::string message);

  const Json& json_;
  std::string what_;
  std::string fault_;
  Json read_ = Json::object();
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_JSON_H_
