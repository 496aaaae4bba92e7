// What is in a file, as JSON: models and adapters.

#ifndef PEDIGREE_RUNTIME_COMMANDS_INSPECT_H_
#define PEDIGREE_RUNTIME_COMMANDS_INSPECT_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/base/json.h"

namespace pedigree {

// Shows the file or folder at a path, or gives nothing when it is not of a
// kind that this inspector knows.
using Inspector =
    std::function<absl::StatusOr<std::optional<Json>>(const std::string& path)>;

// Header, identity, tokenizer and tensors of a `.slm` file, checked as for
// loading.
//
// Errors: those of Model::Load.
absl::StatusOr<Json> InspectModel(ByteSpan file_bytes);

// Parent identity and payloads of an adapter.
//
// Errors: those of AdapterReader::Parse.
absl::StatusOr<Json> InspectAdapter(ByteSpan file_bytes);

// The Inspector of both, chosen by the file's magic.
absl::StatusOr<std::optional<Json>> InspectRuntimeFile(
    const std::string& path);

// `json` for people: a line a member, "name: value", members of members
// indented, a list of objects as a table of their members.
std::string JsonAsText(const Json& json);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_COMMANDS_INSPECT_H_
