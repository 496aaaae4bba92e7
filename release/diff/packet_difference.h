// What differs between two packets. Specification: docs/formats/audit.md.

#ifndef PEDIGREE_RELEASE_DIFF_PACKET_DIFFERENCE_H_
#define PEDIGREE_RELEASE_DIFF_PACKET_DIFFERENCE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "release/diff/adapter_difference.h"
#include "release/diff/bytes_difference.h"
#include "release/diff/case_difference.h"
#include "release/diff/model_difference.h"
#include "release/diff/opened_packet.h"
#include "release/diff/wasm_difference.h"
#include "release/json_difference.h"
#include "release/oci.h"

namespace pedigree {

enum class BlobState { kEqual, kChanged, kOnlyInA, kOnlyInB };

// "equal", "changed", "only-in-a" or "only-in-b".
std::string_view BlobStateName(BlobState state);

// The config or a layer. Of a changed one, the members below `b` that suit its
// kind are there.
struct BlobDifference {
  std::string name;
  BlobState state = BlobState::kEqual;
  std::optional<Descriptor> a;
  std::optional<Descriptor> b;
  // Of what is not read closer.
  std::optional<BytesDifference> bytes;
  // Of documents; of sidecars all but the cases.
  std::optional<JsonDifferences> fields;
  std::optional<ModelDifference> model;
  std::optional<AdapterDifference> adapter;
  std::optional<CasesDifference> cases;
  // Prompts of the kept cases, as far as a packet holds the suite.
  std::map<std::string, std::string> prompts;
  std::optional<WasmDifference> wasm;
  // Why it is compared by bytes though its kind could be read closer; empty
  // when there is no reason.
  std::string unread;
};

// A figure or verdict that changed. An empty text stands for none.
struct ScoreChange {
  // "decision", "scorecard" or the name of a suite.
  std::string of;
  std::string name;
  std::string a;
  std::string b;
  // "higher", "lower" or "".
  std::string better;
};

// A derivation node that only one of the packets has.
struct NodeChange {
  BlobState state = BlobState::kOnlyInA;
  std::string id;
  std::string operator_name;
  std::string artifact_digest;
};

struct PacketSide {
  Digest digest;
  std::string name;
  std::string version;
  uint64_t layers = 0;
  uint64_t bytes = 0;
};

struct PacketDifference {
  PacketSide a;
  PacketSide b;
  // Fields of the manifest besides config and layers.
  JsonDifferences manifest;
  // The config, the layers in the order of `a`, those that only `b` has.
  std::vector<BlobDifference> blobs;
  std::vector<ScoreChange> scores;
  std::vector<NodeChange> nodes;

  bool equal() const { return a.digest == b.digest; }
};

// Compares two packets. Blobs of one digest are equal and not read; every other
// one is hashed before it is read.
//
// Memory: models, adapters and runtimes are mapped and read piece by piece;
// documents are held whole.
//
// Errors: those of OpenedPacket::OpenBlob.
absl::StatusOr<PacketDifference> ComparePackets(const OpenedPacket& a,
                                                const OpenedPacket& b);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_PACKET_DIFFERENCE_H_
