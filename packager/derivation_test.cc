#include "packager/derivation.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

Derivation Import() {
  Derivation derivation;
  derivation.operator_name = "import";
  derivation.config_digest = Sha256("config");
  derivation.model_digest = Sha256("model");
  derivation.base_family = "family";
  derivation.quantization = "f32";
  derivation.tokenizer_checksum = "xxh3-64:0000000000000001";
  return derivation;
}

packager::DerivationNode Node(const Derivation& derivation) {
  return *MakeDerivationNode(derivation);
}

TEST(DerivationNodeTest, AnImportHasNoParents) {
  const packager::DerivationNode node = Node(Import());
  EXPECT_EQ(node.artifact_digest(),
            AssemblyDigest(Sha256("model"), {}).ToString());
  EXPECT_EQ(node.parent_ids_size(), 0);
  EXPECT_EQ(node.base_family(), "family");
  EXPECT_EQ(node.created_by(), "pedigree.slm_pack");
}

TEST(DerivationNodeTest, ADescendantNamesItsParentAndInheritsTheFamily) {
  const packager::DerivationNode parent = Node(Import());
  Derivation derivation = Import();
  derivation.operator_name = "adapter";
  derivation.base_family = "ignored";
  derivation.adapter_digests = {Sha256("adapter")};
  derivation.parents = {parent};
  const packager::DerivationNode node = Node(derivation);
  ASSERT_EQ(node.parent_ids_size(), 1);
  EXPECT_EQ(node.parent_ids(0), parent.id());
  EXPECT_EQ(node.parent_digests(0), parent.artifact_digest());
  EXPECT_EQ(node.base_family(), "family");
  EXPECT_EQ(node.artifact_digest(),
            AssemblyDigest(Sha256("model"), {Sha256("adapter")}).ToString());
}

TEST(DerivationNodeTest, RefusesParentsOfTwoFamilies) {
  Derivation other = Import();
  other.base_family = "other";
  Derivation derivation = Import();
  derivation.parents = {Node(Import()), Node(other)};
  EXPECT_EQ(MakeDerivationNode(derivation).status().message(),
            "Parents are of different families: \"family\", \"other\"");
}

TEST(DerivationNodeTest, TheIdCoversEveryOtherField) {
  packager::DerivationNode node = Node(Import());
  const std::string id = node.id();
  node.set_id("");
  EXPECT_EQ(DerivationNodeId(node), id);
  node.set_quantization("q8_0");
  EXPECT_NE(DerivationNodeId(node), id);
}

TEST(ParseDerivationNodeTest, ReadsWhatWasWritten) {
  const packager::DerivationNode node = Node(Import());
  EXPECT_EQ(ParseDerivationNode(CanonicalRecord(node))->id(), node.id());
}

TEST(ParseDerivationNodeTest, RefusesAnIdOfSomethingElse) {
  packager::DerivationNode node = Node(Import());
  node.set_operator_("fuse");
  EXPECT_EQ(ParseDerivationNode(CanonicalRecord(node)).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(ParseDerivationNodeTest, RefusesAnotherSchema) {
  packager::DerivationNode node = Node(Import());
  node.set_schema_version("pedigree.derivation_node.v2");
  EXPECT_EQ(ParseDerivationNode(CanonicalRecord(node)).status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST(CheckParentNodeTest, TakesTheNodeOfAModelOrOfAnAssemblyOnIt) {
  const packager::DerivationNode import = Node(Import());
  EXPECT_TRUE(CheckParentNode(import, Sha256("model"), {}).ok());
  EXPECT_TRUE(
      CheckParentNode(import, Sha256("model"), {Sha256("adapter")}).ok());
}

TEST(CheckParentNodeTest, RefusesTheNodeOfAnotherModel) {
  const absl::Status status =
      CheckParentNode(Node(Import()), Sha256("other"), {});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(CheckParentNodeTest, RefusesOtherAdapters) {
  Derivation derivation = Import();
  derivation.adapter_digests = {Sha256("adapter")};
  const packager::DerivationNode node = Node(derivation);
  EXPECT_FALSE(CheckParentNode(node, Sha256("model"), {}).ok());
  EXPECT_FALSE(CheckParentNode(node, Sha256("model"), {Sha256("other")}).ok());
}

}  // namespace
}  // namespace pedigree
