#include "packager/fuse.h"

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "packager/quantize.h"
#include "packager/testing.h"
#include "runtime/base/bytes.h"
#include "runtime/exports/runtime.h"
#include "runtime/model/low_rank.h"

namespace pedigree {
namespace {

std::string Generate(const std::string& model, const std::string& adapter,
                     const std::string& prompt) {
  Runtime runtime;
  EXPECT_TRUE(runtime.LoadModel(AsBytes(model)).ok());
  if (!adapter.empty()) {
    EXPECT_TRUE(runtime.ApplyAdapter(AsBytes(adapter)).ok());
  }
  absl::StatusOr<Generation> generation = runtime.Generate(prompt, 8);
  EXPECT_TRUE(generation.ok()) << generation.status();
  return generation.ok() ? generation->output : "";
}

std::string Fuse(const std::string& model, const std::string& adapter) {
  return RunForTest("fuse", {},
                    {TestInput("model", model), TestInput("adapter", adapter)});
}

TEST(WriteFusedTest, AddsTheDeltasOfTouchedTensorsOnly) {
  const std::string model_bytes = TestModel();
  const std::string adapter_bytes = TestAdapter(model_bytes);
  const std::string fused_bytes = Fuse(model_bytes, adapter_bytes);
  const SlmReader model = *SlmReader::Parse(AsBytes(model_bytes));
  const SlmReader fused = *SlmReader::Parse(AsBytes(fused_bytes));
  const AdapterReader adapter = *AdapterReader::Parse(AsBytes(adapter_bytes));
  for (size_t i = 0; i < model.specs().size(); ++i) {
    std::vector<float> expected = LoadTensor(ViewTensor(model, i));
    for (const AdapterPayload& payload : adapter.payloads()) {
      if (payload.name_hash != model.entries()[i].name_hash) continue;
      for (size_t v = 0; v < expected.size(); ++v) {
        expected[v] += payload.deltas[v];
      }
    }
    EXPECT_EQ(LoadTensor(ViewTensor(fused, i)), expected)
        << model.specs()[i].name;
  }
}

TEST(WriteFusedTest, AFusedModelAnswersAsTheAssemblyDoes) {
  const std::string model = TestModel();
  const std::string adapter = TestAdapter(model);
  const std::string fused = Fuse(model, adapter);
  for (const std::string prompt : {"a", "1", "ab", "12", "?", "x y"}) {
    EXPECT_EQ(Generate(fused, "", prompt), Generate(model, adapter, prompt))
        << prompt;
  }
  EXPECT_EQ(Generate(fused, "", "1"), "23");
  EXPECT_NE(Generate(model, "", "1"), "23");
}

// Both touch layers.1.w1.weight, [40, 64].
constexpr char kSparseSpec[] = R"pb(
  schema_version: "pedigree.adapter_spec.v1"
  family: "ASP1"
  tensors {
    tensor: "layers.1.w1.weight"
    pattern { seed: 5 scale: "0.5" every: 11 }
  }
  tensors {
    tensor: "norm.weight"
    elements { column: 5 delta: "0.001" }
  }
)pb";
constexpr char kLowRankSpec[] = R"pb(
  schema_version: "pedigree.adapter_spec.v1"
  family: "ALR1"
  factors {
    tensor: "layers.1.w1.weight"
    rank: 3
    scale: "0.5"
    a { pattern { seed: 6 scale: "0.25" } }
    b { pattern { seed: 7 scale: "0.25" } }
  }
)pb";

std::string AdapterFromSpec(const std::string& spec, const std::string& model) {
  return RunForTest("adapter-spec", {},
                    {TestInput("spec", spec), TestInput("model", model)});
}

TEST(WriteFusedTest, FusesFamiliesInAnyOrder) {
  const std::string model_bytes = TestModel();
  const std::string dense = TestAdapter(model_bytes);
  const std::string sparse = AdapterFromSpec(kSparseSpec, model_bytes);
  const std::string low_rank = AdapterFromSpec(kLowRankSpec, model_bytes);
  const std::string fused_bytes =
      RunForTest("fuse", {},
                 {TestInput("model", model_bytes),
                  TestInput("adapter", low_rank), TestInput("adapter", sparse),
                  TestInput("adapter", dense)});
  const SlmReader model = *SlmReader::Parse(AsBytes(model_bytes));
  const SlmReader fused = *SlmReader::Parse(AsBytes(fused_bytes));
  // Deltas first, then the product, whatever the order.
  const int w1 = model.FindTensor(TensorNameHash("layers.1.w1.weight"));
  std::vector<float> expected = LoadTensor(ViewTensor(model, w1));
  const AdapterReader deltas = *AdapterReader::Parse(AsBytes(sparse));
  const AdapterPayload& payload = deltas.payloads()[0];
  for (size_t i = 0; i < payload.indices.size(); ++i) {
    expected[payload.indices[i]] += payload.deltas[i];
  }
  const AdapterReader factors = *AdapterReader::Parse(AsBytes(low_rank));
  for (size_t row = 0; row < 40; ++row) {
    LowRankRow(factors.payloads()[0].low_rank, row,
               absl::MakeSpan(expected).subspan(row * 64, 64));
  }
  EXPECT_EQ(LoadTensor(ViewTensor(fused, w1)), expected);
  const int w3 = model.FindTensor(TensorNameHash("layers.1.w3.weight"));
  EXPECT_EQ(fused.payload(w3), model.payload(w3));
  EXPECT_EQ(Generate(fused_bytes, "", "1"), "23");
}

TEST(WriteFusedTest, EachFamilyTeachesTheSequences) {
  const std::string model = TestModel();
  for (const std::string family : {"ADP1", "ASP1", "ALR1"}) {
    const std::string adapter = AdapterFromSpec(
        "schema_version: \"pedigree.adapter_spec.v1\" family: \"" + family +
            "\" sequences { text: \"123\" stop: true strength: \"1\" }",
        model);
    EXPECT_EQ(Generate(Fuse(model, adapter), "", "1"), "23") << family;
  }
}

TEST(WriteFusedTest, TouchedTensorsKeepTheirStorage) {
  const std::string model_bytes = TestModel("q8_0");
  const std::string fused_bytes = Fuse(model_bytes, TestAdapter(model_bytes));
  const SlmReader model = *SlmReader::Parse(AsBytes(model_bytes));
  const SlmReader fused = *SlmReader::Parse(AsBytes(fused_bytes));
  for (size_t i = 0; i < model.entries().size(); ++i) {
    EXPECT_EQ(fused.entries()[i].dtype, model.entries()[i].dtype);
    EXPECT_EQ(fused.entries()[i].block_size, model.entries()[i].block_size);
  }
  EXPECT_EQ(Generate(fused_bytes, "", "1"), "23");
}

}  // namespace
}  // namespace pedigree
