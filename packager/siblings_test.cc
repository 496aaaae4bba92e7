#include "packager/siblings.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "packager/operators.h"
#include "packager/receipt.h"
#include "packager/records.pb.h"
#include "packager/testing.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/proto_json.h"
#include "runtime/model/model.h"

namespace pedigree {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// What `quantize` would write of models that only have names.
packager::Receipt Quantized(const std::string& input,
                            const std::string& output) {
  packager::Receipt receipt;
  receipt.set_schema_version("pedigree.receipt.v1");
  receipt.set_operator_("quantize");
  receipt.set_operator_version(std::string(kOperatorVersion));
  *receipt.mutable_config() = TestConfig("", "q8_0");
  receipt.set_config_digest(ConfigDigest(receipt.config()).ToString());
  receipt.add_inputs()->set_role("model");
  receipt.mutable_inputs(0)->set_digest(Sha256(input).ToString());
  receipt.mutable_output()->set_role("model");
  receipt.mutable_output()->set_digest(Sha256(output).ToString());
  return receipt;
}

Digest DigestOf(const packager::Receipt& receipt) {
  return Sha256(CanonicalRecord(receipt));
}

absl::StatusOr<std::vector<Sibling>> Find(
    const std::string& model, const std::vector<packager::Receipt>& receipts) {
  std::vector<ReceiptFile> files;
  for (const packager::Receipt& receipt : receipts) {
    files.push_back({absl::StrCat("r", files.size()),
                     CanonicalRecord(receipt)});
  }
  return FindSiblings(Sha256(model), files);
}

// The receipts that show `sibling` to be one of `model`.
std::vector<Digest> Way(const std::string& model, const std::string& sibling,
                        const std::vector<packager::Receipt>& receipts) {
  const auto siblings = Find(model, receipts);
  EXPECT_TRUE(siblings.ok()) << siblings.status();
  if (!siblings.ok()) return {};
  const Sibling* found = FindSibling(Sha256(sibling), *siblings);
  EXPECT_NE(found, nullptr);
  return found == nullptr ? std::vector<Digest>() : found->receipt_digests;
}

std::string Message(const std::vector<packager::Receipt>& receipts) {
  return std::string(Find("model", receipts).status().message());
}

TEST(FindSiblingsTest, WithoutReceiptsThereAreNone) {
  EXPECT_THAT(*Find("model", {}), IsEmpty());
}

TEST(FindSiblingsTest, AnAncestorIsASibling) {
  const packager::Receipt first = Quantized("source", "middle");
  const packager::Receipt second = Quantized("middle", "model");
  EXPECT_THAT(Way("model", "source", {first, second}),
              UnorderedElementsAre(DigestOf(first), DigestOf(second)));
  EXPECT_THAT(Way("model", "middle", {first, second}),
              UnorderedElementsAre(DigestOf(second)));
}

TEST(FindSiblingsTest, ADescendantIsASibling) {
  const packager::Receipt receipt = Quantized("model", "small");
  EXPECT_THAT(Way("model", "small", {receipt}),
              UnorderedElementsAre(DigestOf(receipt)));
}

TEST(FindSiblingsTest, DescendantsOfOneSourceAreSiblings) {
  const packager::Receipt here = Quantized("source", "model");
  const packager::Receipt there = Quantized("source", "parent");
  EXPECT_THAT(Way("model", "parent", {there, here}),
              UnorderedElementsAre(DigestOf(here), DigestOf(there)));
  EXPECT_EQ(Find("model", {there, here})->size(), 2u);
}

TEST(FindSiblingsTest, TheModelIsNotItsOwnSibling) {
  const packager::Receipt same = Quantized("model", "model");
  EXPECT_THAT(*Find("model", {same}), IsEmpty());
  const packager::Receipt there = Quantized("model", "small");
  const packager::Receipt back = Quantized("small", "model");
  EXPECT_EQ(Find("model", {there, back})->size(), 1u);
}

TEST(FindSiblingsTest, TheOrderOfReceiptsIsNoMatter) {
  const std::vector<packager::Receipt> receipts = {
      Quantized("a", "model"), Quantized("b", "model"), Quantized("a", "x"),
      Quantized("b", "x")};
  const std::vector<packager::Receipt> reversed(receipts.rbegin(),
                                                receipts.rend());
  EXPECT_EQ(Way("model", "x", receipts), Way("model", "x", reversed));
}

// Two models that quantize to the same one needn't derive from one source.
TEST(FindSiblingsTest, ASharedDescendantIsNoProof) {
  EXPECT_EQ(Message({Quantized("model", "small"), Quantized("other", "small")}),
            absl::StrCat("r1: Receipt is no part of a chain: its input ",
                         Sha256("other").ToString(),
                         " is no sibling of model ",
                         Sha256("model").ToString()));
}

TEST(FindSiblingsTest, RefusesAReceiptOfOtherModels) {
  const auto siblings = Find("model", {Quantized("x", "y")});
  EXPECT_EQ(siblings.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(FindSiblingsTest, RefusesOtherOperators) {
  packager::Receipt receipt = Quantized("source", "model");
  receipt.set_operator_("fuse");
  EXPECT_EQ(Message({receipt}),
            "r0: Invalid receipt: operator is \"fuse\" (expected "
            "\"quantize\")");
}

TEST(FindSiblingsTest, RefusesReceiptsThatContradictThemselves) {
  packager::Receipt receipt = Quantized("source", "model");
  receipt.mutable_config()->set_dtype("q4_0");
  EXPECT_THAT(Message({receipt}),
              HasSubstr("r0: Invalid receipt: config_digest is \"sha256:"));
  receipt = Quantized("source", "model");
  *receipt.add_inputs() = receipt.inputs(0);
  EXPECT_EQ(Message({receipt}),
            "r0: Invalid receipt: 2 inputs (expected 1)");
  receipt = Quantized("source", "model");
  receipt.mutable_output()->set_role("adapter");
  EXPECT_EQ(Message({receipt}),
            "r0: Invalid receipt: role is \"adapter\" (expected \"model\")");
  receipt = Quantized("source", "model");
  receipt.mutable_output()->set_digest("sha256:12");
  EXPECT_THAT(Message({receipt}), HasSubstr("r0: "));
}

TEST(FindSiblingsTest, RefusesWhatIsNoCanonicalReceipt) {
  const std::string text = CanonicalRecord(Quantized("source", "model"));
  for (const std::string& bad : {" " + text, std::string("{}")}) {
    EXPECT_FALSE(FindSiblings(Sha256("model"), {{"r", bad}}).ok()) << bad;
  }
  packager::Receipt receipt = Quantized("source", "model");
  receipt.set_operator_version("99");
  EXPECT_EQ(Find("model", {receipt}).status().code(),
            absl::StatusCode::kUnimplemented);
}

// An adapter of a q8_0 model on its f32 and q4_0 siblings.
TEST(FindSiblingsTest, AnAdapterFitsTheSiblingsOfItsParent) {
  const std::string source = TestModel();
  std::vector<ReceiptFile> receipts;
  std::vector<std::string> quantized;
  for (const std::string dtype : {"q8_0", "q4_0"}) {
    const packager::OperatorConfig config = TestConfig("", dtype);
    const std::vector<OperatorInput> inputs = {TestInput("model", source)};
    const auto output = RunOperator("quantize", config, inputs);
    ASSERT_TRUE(output.ok()) << output.status();
    quantized.push_back(output->bytes);
    const std::string path = testing::TempDir() + "/" + dtype + ".receipt";
    receipts.push_back({path, CanonicalRecord(MakeReceipt("quantize", config,
                                                          inputs, *output))});
    ASSERT_TRUE(WriteFileAtomically(path, receipts.back().text).ok());
  }
  const std::string adapter = TestAdapter(quantized[0]);
  for (const std::string& bytes : {source, quantized[1]}) {
    const auto model = *Model::Load(AsBytes(bytes));
    AdapterStack stack(*model);
    EXPECT_FALSE(stack.Validate(AsBytes(adapter)).ok());
    const auto siblings = FindSiblingsInFiles(
        model->digest(), {receipts[0].path, receipts[1].path});
    ASSERT_TRUE(siblings.ok()) << siblings.status();
    ApplyOptions options;
    options.siblings = *siblings;
    EXPECT_TRUE(stack.Apply(AsBytes(adapter), options).ok());
    EXPECT_EQ(stack.receipt_digests().size(), bytes == source ? 1u : 2u);
  }
}

}  // namespace
}  // namespace pedigree
