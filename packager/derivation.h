// Derivation nodes: an artifact's place in the lineage, known before any
// evaluation.

#ifndef PEDIGREE_PACKAGER_DERIVATION_H_
#define PEDIGREE_PACKAGER_DERIVATION_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "packager/records.pb.h"
#include "packager/terms/terms.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// The id of `node`: SHA-256 of the canonical JSON of all its other fields.
std::string DerivationNodeId(const packager::DerivationNode& node);

// Reads a node and checks its id.
//
// Errors: kInvalidArgument; kDataLoss when the id is not the node's.
absl::StatusOr<packager::DerivationNode> ParseDerivationNode(
    std::string_view text);

// Whether `parent` can be the node of `model_digest` with the first adapters of
// `adapter_digests` applied.
//
// Errors: kFailedPrecondition with both digests.
absl::Status CheckParentNode(const packager::DerivationNode& parent,
                             const Digest& model_digest,
                             absl::Span<const Digest> adapter_digests);

// What a new artifact's node is made of.
struct Derivation {
  std::string operator_name;
  Digest config_digest;
  Digest model_digest;
  std::vector<Digest> adapter_digests;
  std::vector<Digest> fused_adapter_digests;
  std::vector<packager::DerivationNode> parents;
  // Used when there are no parents, who else pass theirs on.
  std::string base_family;
  std::string quantization;
  std::string tokenizer_checksum;
  // Sorted, as in PackageInfo; inherited ones included.
  std::vector<packager::License> licenses;
  // Inherited ones included.
  Terms terms;
};

// The node with its id. Errors: kFailedPrecondition when parents are of
// different families.
absl::StatusOr<packager::DerivationNode> MakeDerivationNode(
    const Derivation& derivation);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_DERIVATION_H_
