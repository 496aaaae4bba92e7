#include "release/lineage/lineage_graph.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/lineage/lineage_page.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

std::string Id(const std::string& name) { return Sha256(name).ToString(); }

// A node whose assembly is named after it.
packager::DerivationNode Node(const std::string& name,
                              const std::vector<std::string>& parents) {
  packager::DerivationNode node;
  node.set_id(Id("node " + name));
  node.set_artifact_digest(Id(name));
  node.set_model_digest(Id("model " + name));
  node.set_operator_(parents.empty() ? "import"
                                     : (parents.size() > 1 ? "merge" : "fuse"));
  for (const std::string& parent : parents) {
    node.add_parent_ids(Id("node " + parent));
    node.add_parent_digests(Id(parent));
  }
  node.add_licenses()->set_name("MIT");
  node.mutable_licenses(0)->set_digest(Id("MIT"));
  return node;
}

LineageRelease Release(const std::string& name,
                       std::vector<packager::DerivationNode> nodes,
                       const std::string& state = "") {
  LineageRelease release;
  release.facts.digest = Sha256("packet " + name);
  release.facts.record.set_name(name);
  release.facts.record.set_version("1");
  release.facts.record.set_assembly_digest(nodes[0].artifact_digest());
  release.facts.decision.set_verdict("PASS");
  release.facts.nodes = std::move(nodes);
  release.state = state;
  return release;
}

// base, tuned from it, other, merged from both.
std::vector<LineageRelease> Family() {
  std::vector<LineageRelease> family;
  family.push_back(Release("tuned", {Node("tuned", {"base"}), Node("base", {})},
                           "champion"));
  family.back().aliases = {"chat"};
  family.push_back(Release("other", {Node("other", {})}, "draft"));
  family.push_back(
      Release("merged",
              {Node("merged", {"tuned", "other"}), Node("tuned", {"base"}),
               Node("other", {}), Node("base", {})},
              "candidate"));
  return family;
}

LineageGraph GraphOf(std::vector<LineageRelease> family) {
  LineageBuilder builder;
  for (LineageRelease& release : family) builder.Add(std::move(release));
  return *std::move(builder).Build();
}

TEST(LineageGraphTest, PutsParentsFirst) {
  const LineageGraph graph = GraphOf(Family());
  ASSERT_EQ(graph.nodes().size(), 4u);
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    for (size_t parent : graph.nodes()[i].parents) EXPECT_LT(parent, i);
  }
}

// The receipt of a training whose result is named `name`.
packager::Receipt Training(const std::string& operator_name,
                           const std::string& name) {
  packager::Receipt receipt;
  receipt.set_schema_version("pedigree.receipt.v1");
  receipt.set_operator_(operator_name);
  receipt.mutable_output()->set_digest(Id(name));
  receipt.mutable_training()->set_final_loss("0.25");
  return receipt;
}

TEST(LineageGraphTest, TellsTheTrainingWhereItsResultCameIn) {
  packager::DerivationNode base = Node("base", {});
  base.set_operator_("train");
  packager::DerivationNode tuned = Node("tuned", {"base"});
  tuned.add_fused_adapter_digests(Id("adapter"));
  LineageRelease release =
      Release("small", {Node("small", {"tuned"}), tuned, base});
  release.facts.receipts = {Training("train", "model base"),
                            Training("adapter-train", "adapter")};
  const LineageGraph graph = GraphOf({release});
  ASSERT_EQ(graph.nodes().size(), 3u);
  ASSERT_EQ(graph.nodes()[0].trainings.size(), 1u);
  EXPECT_EQ(graph.nodes()[0].trainings[0].operator_(), "train");
  ASSERT_EQ(graph.nodes()[1].trainings.size(), 1u);
  EXPECT_EQ(graph.nodes()[1].trainings[0].operator_(), "adapter-train");
  EXPECT_TRUE(graph.nodes()[2].trainings.empty());
  EXPECT_EQ(LineageToJson(graph)["nodes"][0]["trainings"][0]["training"]
                         ["final_loss"],
            "0.25");
}

TEST(LineageGraphTest, IsTheSameForPacketsInAnyOrder) {
  std::vector<LineageRelease> family = Family();
  const LineageGraph graph = GraphOf(family);
  std::swap(family[0], family[2]);
  const LineageGraph again = GraphOf(family);
  EXPECT_EQ(LineageToText(graph), LineageToText(again));
  EXPECT_EQ(LineageToDot(graph), LineageToDot(again));
  EXPECT_EQ(LineageToHtml(graph), LineageToHtml(again));
}

TEST(LineageGraphTest, TakesAPacketOnce) {
  std::vector<LineageRelease> family = Family();
  family.push_back(family[0]);
  const LineageGraph graph = GraphOf(family);
  for (const LineageNode& node : graph.nodes()) {
    EXPECT_LE(node.releases.size(), 1u);
  }
}

TEST(LineageGraphTest, TellsInheritedFromMeasuredAnew) {
  LineageBuilder builder;
  for (LineageRelease& release : Family()) builder.Add(std::move(release));
  builder.AddVulnerability(Id("tuned"), {Id("model base"), "leaked data", 7});
  const Json json = LineageToJson(*std::move(builder).Build());
  for (const Json& node : json["nodes"]) {
    if (node["id"] != Id("tuned")) continue;
    const Json& inherited = node["inherited"];
    EXPECT_EQ(inherited["parent_ids"][0], Id("node base"));
    EXPECT_EQ(inherited["licenses"][0]["inherited"], true);
    EXPECT_EQ(inherited["vulnerabilities"][0]["status"], "open until retested");
    EXPECT_FALSE(inherited.contains("scores"));
    EXPECT_TRUE(node["releases"][0]["recomputed"].contains("scores"));
    return;
  }
  FAIL() << "no such node";
}

TEST(LineageGraphTest, NamesAnAncestorThatNoPacketReleases) {
  EXPECT_TRUE(absl::StrContains(LineageToText(GraphOf(Family())),
                                "[ancestor] import " + Id("base")));
}

TEST(LineageGraphTest, WritesEachNodeOfATreeOnceInFull) {
  const std::string text = LineageToText(GraphOf(Family()));
  EXPECT_TRUE(absl::StrContains(text, "(above)")) << text;
  EXPECT_TRUE(absl::StrContains(text, "alias chat")) << text;
}

TEST(LineageGraphTest, RefusesAnAssemblyThatIsItsOwnAncestor) {
  LineageBuilder builder;
  builder.Add(Release("a", {Node("a", {"b"}), Node("b", {"a"})}));
  EXPECT_FALSE(std::move(builder).Build().ok());
}

TEST(LineagePageTest, LoadsNothingAndAllowsOnlyItsOwnScript) {
  const std::string page = LineageToHtml(GraphOf(Family()));
  EXPECT_TRUE(absl::StrContains(page, "default-src 'none'"));
  EXPECT_FALSE(absl::StrContains(page, "unsafe-inline"));
  EXPECT_FALSE(absl::StrContains(page, " src="));
  EXPECT_FALSE(absl::StrContains(page, "<link"));
  EXPECT_FALSE(absl::StrContains(page, " style="));
}

TEST(LineagePageTest, KeepsTextFromBecomingMarkup) {
  const std::string evil = "</script><img onerror=alert(1)>\"'";
  LineageRelease release = Release("x", {Node("x", {})}, "champion");
  release.facts.record.set_name(evil);
  release.facts.nodes[0].set_base_family(evil);
  release.aliases = {evil};
  release.reason = evil;
  std::vector<LineageRelease> family;
  family.push_back(std::move(release));
  const std::string page = LineageToHtml(GraphOf(family));
  EXPECT_FALSE(absl::StrContains(page, "<img"));
  EXPECT_FALSE(absl::StrContains(page, "</script><"));
}

TEST(LineagePageTest, DrawsEveryNodeAndEdge) {
  const std::string page = LineageToHtml(GraphOf(Family()));
  EXPECT_TRUE(absl::StrContains(page, "data-i=\"3\""));
  EXPECT_FALSE(absl::StrContains(page, "data-i=\"4\""));
  for (const char* state : {"champion", "draft", "candidate", "ancestor"}) {
    EXPECT_TRUE(absl::StrContains(page, absl::StrCat("node s-", state)));
  }
}

TEST(LineageDotTest, QuotesNames) {
  LineageRelease release = Release("x", {Node("x", {})});
  release.facts.record.set_name("a\"b\\c");
  std::vector<LineageRelease> family;
  family.push_back(std::move(release));
  EXPECT_TRUE(absl::StrContains(LineageToDot(GraphOf(family)),
                                "\"a\\\"b\\\\c 1 (released)\""));
}

}  // namespace
}  // namespace pedigree
