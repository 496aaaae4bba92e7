#include "release/packet_contents.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "evaluator/gate.h"
#include "evaluator/policy.h"
#include "evaluator/scorecard.h"
#include "evaluator/suite_builder.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

HashedBlob BlobOf(std::string_view text) {
  return {Sha256(text), static_cast<uint64_t>(text.size())};
}

// Reads a record whose schema_version must be `schema`.
template <typename Record>
absl::StatusOr<Parsed<Record>> Read(std::string_view text,
                                    std::string_view schema,
                                    std::string_view what) {
  Parsed<Record> parsed;
  parsed.blob = BlobOf(text);
  PEDIGREE_RETURN_IF_ERROR(ParseCanonicalRecord(text, what, &parsed.record));
  if (parsed.record.schema_version() == schema) return parsed;
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid ", what, ": schema_version is \"",
                   parsed.record.schema_version().substr(0, 80),
                   "\" (expected \"", schema, "\")"));
}

template <typename T, typename Place>
absl::Status Set(absl::StatusOr<T> value, Place& place) {
  if (!value.ok()) return value.status();
  place = *std::move(value);
  return absl::OkStatus();
}

template <typename T>
absl::Status Append(absl::StatusOr<T> value, std::vector<T>& list) {
  if (!value.ok()) return value.status();
  list.push_back(*std::move(value));
  return absl::OkStatus();
}

absl::StatusOr<Parsed<Suite>> ReadSuite(std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(Suite suite, ParseFrozenSuite(text));
  return Parsed<Suite>{BlobOf(text), std::move(suite)};
}

absl::StatusOr<SidecarBlob> ReadSidecar(std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(Evidence evidence, ParseSidecar(text));
  return SidecarBlob{BlobOf(text), std::move(evidence)};
}

absl::StatusOr<Parsed<evaluator::GatePolicy>> ReadPolicy(
    std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(
      Parsed<evaluator::GatePolicy> policy,
      Read<evaluator::GatePolicy>(text, kPolicySchema, "gate policy"));
  PEDIGREE_RETURN_IF_ERROR(ParsePolicy(text).status());
  return policy;
}

absl::StatusOr<Parsed<packager::DerivationNode>> ReadNode(
    std::string_view text) {
  return Read<packager::DerivationNode>(text, "pedigree.derivation_node.v1",
                                        "derivation node");
}

}  // namespace

absl::Status AddDocument(LayerKind kind, std::string_view text,
                         PacketContents& contents) {
  switch (kind) {
    case LayerKind::kModelManifest:
      return Set(Read<packager::ModelManifest>(
                     text, "pedigree.model_manifest.v1", "model manifest"),
                 contents.model_manifest);
    case LayerKind::kAdapterManifest:
      return Append(
          Read<packager::AdapterManifest>(
              text, "pedigree.adapter_manifest.v1", "adapter manifest"),
          contents.adapter_manifests);
    case LayerKind::kReceipt:
      return Append(
          Read<packager::Receipt>(text, "pedigree.receipt.v1", "receipt"),
          contents.receipts);
    case LayerKind::kSuite:
      return Append(ReadSuite(text), contents.suites);
    case LayerKind::kSidecar:
      return Append(ReadSidecar(text), contents.sidecars);
    case LayerKind::kBaseline:
      return Append(ReadSidecar(text), contents.baselines);
    case LayerKind::kScorecard:
      return Set(
          Read<evaluator::Scorecard>(text, kScorecardSchema, "scorecard"),
          contents.scorecard);
    case LayerKind::kDecision:
      return Set(Read<evaluator::Decision>(text, kDecisionSchema, "decision"),
                 contents.decision);
    case LayerKind::kPolicy:
      return Set(ReadPolicy(text), contents.policy);
    case LayerKind::kDiagnostics:
      return Append(Read<evaluator::Counted>(text, "pedigree.diagnostics.v1",
                                            "diagnostics"),
                    contents.diagnostics);
    case LayerKind::kDerivationNode:
      return Set(ReadNode(text), contents.node);
    case LayerKind::kAncestorNode:
      return Append(ReadNode(text), contents.ancestors);
    case LayerKind::kRecord:
    case LayerKind::kModel:
    case LayerKind::kAdapter:
    case LayerKind::kReleaseNode:
    case LayerKind::kRuntime:
    case LayerKind::kLicense:
    case LayerKind::kNotice:
    case LayerKind::kBom:
      break;
  }
  return absl::InternalError("not a document that a packet is made from");
}

}  // namespace pedigree
