// Everything a packet is made of, read and parsed: what building starts from,
// and what verifying arrives at.

#ifndef PEDIGREE_RELEASE_PACKET_CONTENTS_H_
#define PEDIGREE_RELEASE_PACKET_CONTENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "evaluator/records.pb.h"
#include "evaluator/sidecar.h"
#include "packager/records.pb.h"
#include "release/layer.h"
#include "release/records.pb.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {

// A blob that is only hashed.
struct HashedBlob {
  Digest digest;
  uint64_t size = 0;
};

// A blob that is read as a record.
template <typename Record>
struct Parsed {
  HashedBlob blob;
  Record record;
};

// Evidence, parsed and consistent in itself.
struct SidecarBlob {
  HashedBlob blob;
  Evidence evidence;
};

// A compiled runtime. `target` is one of kRuntimeTargets.
struct RuntimeBlob {
  std::string target;
  HashedBlob blob;
};

// A licence text. `name` is what the layer is called when no derivation node
// names the text.
struct LicenseBlob {
  std::string name;
  HashedBlob blob;
};

// The targets that packets carry runtimes for, and the file names of those.
struct RuntimeTarget {
  std::string_view target;
  std::string_view file_name;
};
inline constexpr RuntimeTarget kRuntimeTargets[] = {
    {"linux-x86_64", "pedigree_runtime"},
    {"wasm32", "pedigree.wasm"},
};

struct PacketContents {
  // What follows from no blob.
  std::string name;
  std::string version;
  std::vector<release::ToolchainPin> toolchain_pins;
  // By name and pin.
  std::vector<release::LinkedLibrary> linked_libraries;
  std::string inputs_digest;

  HashedBlob model;
  std::vector<HashedBlob> adapters;
  Parsed<packager::ModelManifest> model_manifest;
  std::vector<Parsed<packager::AdapterManifest>> adapter_manifests;
  std::vector<Parsed<packager::Receipt>> receipts;
  // In the decision's order of sidecars; no two equal.
  std::vector<Parsed<Suite>> suites;
  // In the order of `suites`.
  std::vector<SidecarBlob> sidecars;
  std::vector<SidecarBlob> baselines;
  // Of all the sidecars; a packet may have none.
  std::optional<Parsed<evaluator::Scorecard>> scorecard;
  Parsed<evaluator::Decision> decision;
  Parsed<evaluator::GatePolicy> policy;
  // The counted values of the sidecars, no two equal.
  std::vector<Parsed<evaluator::Counted>> diagnostics;
  Parsed<packager::DerivationNode> node;
  std::vector<Parsed<packager::DerivationNode>> ancestors;
  std::vector<RuntimeBlob> runtimes;
  std::vector<LicenseBlob> licenses;
  // Texts that `linked_libraries` name, besides those among `licenses`.
  std::vector<HashedBlob> notices;
};

// Reads a record of `kind` (IsDocument, but none of kRecord, kReleaseNode and
// kBom, which building makes) and puts it into its place, behind those of its kind
// that are there already.
//
// Errors: kInvalidArgument when it is not the canonical form of its schema.
absl::Status AddDocument(LayerKind kind, std::string_view text,
                         PacketContents& contents);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_PACKET_CONTENTS_H_
