#include "release/diff/packet_difference.h"

#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/diff/divergence.h"
#include "release/testing/packet_editor.h"
#include "release/testing/packet_pair.h"

namespace pedigree {
namespace {

std::string Write(const PacketLayers& layers) {
  std::string path = absl::StrCat(testing::TempDir(), "/packet.XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  WriteLayers(layers, "1", path);
  return path;
}

absl::StatusOr<PacketDifference> Compare(const std::string& a,
                                         const std::string& b) {
  const auto packet_a = OpenedPacket::Open(a);
  const auto packet_b = OpenedPacket::Open(b);
  EXPECT_TRUE(packet_a.ok()) << packet_a.status();
  EXPECT_TRUE(packet_b.ok()) << packet_b.status();
  return ComparePackets(*packet_a, *packet_b);
}

PacketDifference MustCompare(const PacketLayers& a, const PacketLayers& b) {
  auto difference = Compare(Write(a), Write(b));
  EXPECT_TRUE(difference.ok()) << difference.status();
  return *std::move(difference);
}

// The pair's first packet with one layer replaced.
PacketLayers With(const std::string& name, const std::string& bytes) {
  PacketLayers layers = FirstOfPair();
  layers[name] = bytes;
  return layers;
}

const BlobDifference& Find(const PacketDifference& difference,
                           const std::string& name) {
  for (const BlobDifference& blob : difference.blobs) {
    if (blob.name == name) return blob;
  }
  ADD_FAILURE() << name;
  return difference.blobs[0];
}

TEST(PacketDifferenceTest, EqualPacketsHaveNone) {
  const PacketDifference difference = MustCompare(FirstOfPair(), FirstOfPair());
  EXPECT_TRUE(difference.equal());
  EXPECT_EQ(difference.blobs.size(), FirstOfPair().size());
  EXPECT_TRUE(Divergences(difference).empty());
}

TEST(PacketDifferenceTest, NamesOneChangedWeight) {
  PacketLayers b = FirstOfPair();
  b["model.slm"] = SecondOfPair()["model.slm"];
  const PacketDifference difference = MustCompare(FirstOfPair(), b);
  EXPECT_FALSE(difference.equal());
  const std::vector<Divergence> divergences = Divergences(difference);
  ASSERT_EQ(divergences.size(), 1u);
  EXPECT_EQ(divergences[0].artifact, "model.slm");
  EXPECT_EQ(divergences[0].place["tensor"], "layers.0.wq.weight");
  EXPECT_EQ(divergences[0].place["index"], "33");
}

TEST(PacketDifferenceTest, NamesCaseAndToken) {
  PacketLayers b = FirstOfPair();
  b["sidecars/talk.json"] = SecondOfPair()["sidecars/talk.json"];
  const PacketDifference difference = MustCompare(FirstOfPair(), b);
  const std::vector<Divergence> divergences = Divergences(difference);
  ASSERT_EQ(divergences.size(), 1u);
  EXPECT_EQ(divergences[0].place["case"], "colour/sky");
  EXPECT_EQ(divergences[0].place["token"], "6");
  EXPECT_EQ(divergences[0].place["byte"], "6");
  EXPECT_EQ(Find(difference, "sidecars/talk.json").prompts.at("colour/sky"),
            "The sky is");
}

TEST(PacketDifferenceTest, ComparesByBytesWhatCannotBeRead) {
  const PacketDifference difference =
      MustCompare(FirstOfPair(), With("model.slm", "no model"));
  const BlobDifference& blob = Find(difference, "model.slm");
  EXPECT_FALSE(blob.model.has_value());
  EXPECT_NE(blob.unread, "");
  EXPECT_EQ(blob.bytes->first_offset, 0u);
}

TEST(PacketDifferenceTest, ComparesAdaptersWithoutAModelByHash) {
  PacketLayers a = FirstOfPair();
  PacketLayers b = FirstOfPair();
  b["adapters/1.adp"] = SecondOfPair()["adapters/1.adp"];
  a["model.slm"] = b["model.slm"] = "no model";
  const PacketDifference difference = MustCompare(a, b);
  const AdapterDifference& adapter =
      *Find(difference, "adapters/1.adp").adapter;
  ASSERT_FALSE(adapter.differing.empty());
  EXPECT_EQ(adapter.differing[0].tensor.substr(0, 2), "0x");
}

TEST(PacketDifferenceTest, ComparesDocumentsThatAreNoneByBytes) {
  for (const char* name : {"sidecars/talk.json", "record.json", "bom.cdx.json",
                           "runtimes/wasm32/pedigree.wasm"}) {
    const PacketDifference difference =
        MustCompare(FirstOfPair(), With(name, "{\"a\":"));
    const BlobDifference& blob = Find(difference, name);
    EXPECT_NE(blob.unread, "") << name;
    EXPECT_TRUE(blob.bytes.has_value()) << name;
    EXPECT_FALSE(blob.fields.has_value()) << name;
  }
}

TEST(PacketDifferenceTest, ANodeUnderAnotherNameIsNoChange) {
  PacketLayers a = FirstOfPair();
  PacketLayers b = FirstOfPair();
  std::swap(b["node.json"], b["ancestors/0.json"]);
  EXPECT_TRUE(MustCompare(a, b).nodes.empty());
  b["node.json"] = SecondOfPair()["node.json"];
  EXPECT_EQ(MustCompare(a, b).nodes.size(), 2u);
}

TEST(PacketDifferenceTest, RefusesACorruptedBlob) {
  const std::string b = Write(SecondOfPair());
  PacketEditor editor(b);
  editor.FlipBit(editor.PathOf("adapters/0.adp"));
  const auto difference = Compare(Write(FirstOfPair()), b);
  EXPECT_EQ(difference.status().code(), absl::StatusCode::kDataLoss)
      << difference.status();
}

}  // namespace
}  // namespace pedigree
