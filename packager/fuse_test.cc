#include "packager/fuse.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "packager/quantize.h"
#include "packager/testing.h"
#include "runtime/base/bytes.h"
#include "runtime/exports/runtime.h"

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
