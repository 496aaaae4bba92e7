// Records are Protocol Buffers messages whose bytes are RFC 8785 JSON. Native
// only.

#ifndef PEDIGREE_RUNTIME_BASE_PROTO_JSON_H_
#define PEDIGREE_RUNTIME_BASE_PROTO_JSON_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace pedigree {

// The canonical JSON of `message`: every scalar and list field present even
// when empty, field names as in the .proto file, 64-bit integers as strings,
// enums by name. A record is read back by ParseCanonicalRecord. Strings must be
// UTF-8.
std::string CanonicalRecord(const google::protobuf::Message& message);

// Reads a record that this project wrote: unknown fields, repeated keys and
// any byte that CanonicalRecord would not have written are errors.
//
// `what` names the record in errors. Errors: kInvalidArgument.
absl::Status ParseCanonicalRecord(std::string_view text, std::string_view what,
                                  google::protobuf::Message* message);

// Reads a hand-written file in the text format of Protocol Buffers (comments
// allowed, unknown fields refused). Errors: kInvalidArgument with line and
// column, or the field whose string, once its escapes are read, is not UTF-8.
absl::Status ParseTextRecord(std::string_view text, std::string_view what,
                             google::protobuf::Message* message);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_PROTO_JSON_H_
