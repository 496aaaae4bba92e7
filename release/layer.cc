#include "release/layer.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace pedigree {
namespace {

constexpr std::string_view kWeights = "application/vnd.cncf.model.weight.v1.raw";
constexpr std::string_view kCode = "application/vnd.cncf.model.code.v1.raw";
constexpr std::string_view kText = "application/vnd.cncf.model.doc.v1.raw";
constexpr std::string_view kNode =
    "application/vnd.pedigree.derivation-node.v1+json";

struct KindEntry {
  LayerKind kind;
  std::string_view media_type;
  std::string_view file_path_prefix;
};

constexpr KindEntry kKinds[kLayerKindCount] = {
    {LayerKind::kRecord, "application/vnd.pedigree.record.v1+json",
     "record.json"},
    {LayerKind::kModel, kWeights, "model.slm"},
    {LayerKind::kAdapter, kWeights, "adapters/"},
    {LayerKind::kModelManifest,
     "application/vnd.pedigree.model-manifest.v1+json", "model.manifest.json"},
    {LayerKind::kAdapterManifest,
     "application/vnd.pedigree.adapter-manifest.v1+json", "adapter-manifests/"},
    {LayerKind::kReceipt, "application/vnd.pedigree.receipt.v1+json",
     "receipts/"},
    {LayerKind::kSuite, "application/vnd.pedigree.suite.v1+json", "suites/"},
    {LayerKind::kSidecar, "application/vnd.pedigree.sidecar.v1+json",
     "sidecars/"},
    {LayerKind::kBaseline, "application/vnd.pedigree.baseline.v1+json",
     "baselines/"},
    {LayerKind::kScorecard, "application/vnd.pedigree.scorecard.v1+json",
     "scorecard.json"},
    {LayerKind::kDecision, "application/vnd.pedigree.decision.v1+json",
     "decision.json"},
    {LayerKind::kPolicy, "application/vnd.pedigree.policy.v1+json",
     "policy.json"},
    {LayerKind::kDiagnostics, "application/vnd.pedigree.diagnostics.v1+json",
     "diagnostics/"},
    {LayerKind::kDerivationNode, kNode, "node.json"},
    {LayerKind::kAncestorNode, kNode, "ancestors/"},
    {LayerKind::kReleaseNode, "application/vnd.pedigree.release-node.v1+json",
     "release-node.json"},
    {LayerKind::kRuntime, kCode, "runtimes/"},
    {LayerKind::kLicense, kText, "licenses/"},
    {LayerKind::kNotice, kText, "licenses/third-party/"},
    {LayerKind::kBom, "application/vnd.cyclonedx+json", "bom.cdx.json"},
};

const KindEntry& Entry(LayerKind kind) {
  return kKinds[static_cast<int>(kind)];
}

bool IsNameChar(char c) {
  return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '+' || c == '-';
}

bool IsSafePart(std::string_view part) {
  if (part.empty() || part[0] == '.') return false;
  for (char c : part) {
    if (!IsNameChar(c)) return false;
  }
  return true;
}

}  // namespace

std::string_view LayerMediaType(LayerKind kind) {
  return Entry(kind).media_type;
}

std::string_view LayerFilePathPrefix(LayerKind kind) {
  return Entry(kind).file_path_prefix;
}

std::optional<LayerKind> LayerKindOfFilePath(std::string_view file_path) {
  // A folder below another's is a kind of its own: the longest prefix tells.
  const KindEntry* best = nullptr;
  for (const KindEntry& entry : kKinds) {
    const std::string_view prefix = entry.file_path_prefix;
    const bool fits = absl::EndsWith(prefix, "/")
                          ? absl::StartsWith(file_path, prefix)
                          : file_path == prefix;
    if (fits && (best == nullptr ||
                 prefix.size() > best->file_path_prefix.size())) {
      best = &entry;
    }
  }
  if (best == nullptr) return std::nullopt;
  return best->kind;
}

bool IsDocument(LayerKind kind) {
  return kind != LayerKind::kModel && kind != LayerKind::kAdapter &&
         kind != LayerKind::kRuntime && kind != LayerKind::kLicense &&
         kind != LayerKind::kNotice;
}

bool IsSafeFilePath(std::string_view file_path) {
  if (file_path.size() > 255) return false;
  for (std::string_view part : absl::StrSplit(file_path, '/')) {
    if (!IsSafePart(part)) return false;
  }
  return true;
}

}  // namespace pedigree
