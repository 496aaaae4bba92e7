#include "packager/derivation.h"

#include "absl/strings/str_cat.h"
#include "packager/operators.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {

std::string DerivationNodeId(const packager::DerivationNode& node) {
  absl::StatusOr<Json> json = ParseJson(CanonicalRecord(node), "node");
  PEDIGREE_CHECK(json.ok());
  json->erase("id");
  return Sha256(CanonicalJson(*json)).ToString();
}

absl::StatusOr<packager::DerivationNode> ParseDerivationNode(
    std::string_view text) {
  packager::DerivationNode node;
  PEDIGREE_RETURN_IF_ERROR(
      ParseCanonicalRecord(text, "derivation node", &node));
  if (node.schema_version() != "pedigree.derivation_node.v1") {
    return absl::UnimplementedError(absl::StrCat(
        "Unsupported derivation node: schema_version \"", node.schema_version(),
        "\" (this build reads \"pedigree.derivation_node.v1\")"));
  }
  const std::string id = DerivationNodeId(node);
  if (node.id() != id) {
    return absl::DataLossError(
        absl::StrCat("Corrupted derivation node: id mismatch (computed ", id,
                     ", stored ", node.id(), ")"));
  }
  return node;
}

absl::Status CheckParentNode(const packager::DerivationNode& parent,
                             const Digest& model_digest,
                             absl::Span<const Digest> adapter_digests) {
  if (parent.model_digest() != model_digest.ToString()) {
    return absl::FailedPreconditionError(
        absl::StrCat("Derivation node does not fit model: model digest ",
                     parent.model_digest(), " (node), ",
                     model_digest.ToString(), " (model)"));
  }
  for (int i = 0; i < parent.adapter_digests_size(); ++i) {
    const std::string found = static_cast<size_t>(i) < adapter_digests.size()
                                  ? adapter_digests[i].ToString()
                                  : "none";
    if (parent.adapter_digests(i) != found) {
      return absl::FailedPreconditionError(absl::StrCat(
          "Derivation node does not fit assembly: adapter ", i, " is ",
          parent.adapter_digests(i), " (node), ", found, " (assembly)"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<packager::DerivationNode> MakeDerivationNode(
    const Derivation& derivation) {
  packager::DerivationNode node;
  node.set_schema_version("pedigree.derivation_node.v1");
  node.set_artifact_digest(
      AssemblyDigest(derivation.model_digest, derivation.adapter_digests)
          .ToString());
  node.set_model_digest(derivation.model_digest.ToString());
  for (const Digest& adapter : derivation.adapter_digests) {
    node.add_adapter_digests(adapter.ToString());
  }
  for (const Digest& adapter : derivation.fused_adapter_digests) {
    node.add_fused_adapter_digests(adapter.ToString());
  }
  node.set_base_family(derivation.base_family);
  for (const packager::DerivationNode& parent : derivation.parents) {
    node.add_parent_ids(parent.id());
    node.add_parent_digests(parent.artifact_digest());
    const std::string& family = derivation.parents[0].base_family();
    if (parent.base_family() != family) {
      return absl::FailedPreconditionError(
          absl::StrCat("Parents are of different families: \"", family,
                       "\", \"", parent.base_family(), "\""));
    }
    node.set_base_family(family);
  }
  node.set_operator_(derivation.operator_name);
  node.set_operator_version(std::string(kOperatorVersion));
  node.set_config_digest(derivation.config_digest.ToString());
  node.set_quantization(derivation.quantization);
  node.set_tokenizer_checksum(derivation.tokenizer_checksum);
  node.set_created_by("pedigree.slm_pack");
  for (const packager::License& license : derivation.licenses) {
    *node.add_licenses() = license;
  }
  *node.mutable_terms() = derivation.terms.ToRecord();
  node.set_id(DerivationNodeId(node));
  return node;
}

}  // namespace pedigree
