// Reading JSON settings of which each may change what is computed.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_CONFIG_READER_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_CONFIG_READER_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/base/json.h"

namespace pedigree {

// As JSON, in ASCII, at most 100 bytes.
std::string ShowJson(const Json& value);

// Reads the members of a JSON object. The first fault is kept; later reads
// return defaults. Borrows the object.
class ConfigReader {
 public:
  // `what` names the object in errors: "config".
  ConfigReader(const Json& json, std::string_view what);

  // A member that is there and not null.
  const Json* Find(std::string_view key);

  // An integer below 2^32; a fault when it is missing without a default.
  uint32_t Dimension(std::string_view key,
                     std::optional<uint32_t> by_default = std::nullopt);
  // A positive binary32.
  float Number(std::string_view key, double by_default);
  float NumberOf(std::string_view key, const Json& member);
  bool Bool(std::string_view key, bool by_default);

  // Checks that a member is not there, null, or one of `allowed`.
  void Only(std::string_view key, const std::vector<Json>& allowed);

  // Faults: kInvalidArgument, and kUnimplemented for what is not supported.
  void Invalid(std::string_view key, std::string_view what);
  void Refuse(std::string_view key, std::string_view what);

  // The first fault, which a key is too that nobody asked for, unless it begins
  // with "_" or is one of `inert`: those that say nothing of what is computed.
  absl::Status Finish(absl::Span<const std::string_view> inert);

 private:
  void Fail(absl::Status fault);

  const Json& json_;
  std::string what_;
  std::set<std::string> read_;
  absl::Status fault_;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_CONFIG_READER_H_
