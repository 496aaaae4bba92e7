#include "release/node_id.h"

#include "absl/status/statusor.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"

namespace pedigree {

std::string NodeId(const google::protobuf::Message& node) {
  absl::StatusOr<Json> json = ParseJson(CanonicalRecord(node), "node");
  PEDIGREE_CHECK(json.ok());
  json->erase("id");
  return Sha256(CanonicalJson(*json)).ToString();
}

}  // namespace pedigree
