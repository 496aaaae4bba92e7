#include "packager/operators.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "packager/testing.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

std::string Message(const std::string& name,
                    const packager::OperatorConfig& config,
                    const std::vector<OperatorInput>& inputs) {
  return std::string(RunOperator(name, config, inputs).status().message());
}

TEST(RunOperatorTest, EqualInputsGiveEqualBytes) {
  EXPECT_EQ(TestModel("q4_0"), TestModel("q4_0"));
  const std::string model = TestModel();
  EXPECT_EQ(TestAdapter(model), TestAdapter(model));
}

TEST(RunOperatorTest, QuantizingAnF32ModelEqualsImportingItQuantized) {
  const std::string model = TestModel();
  for (const std::string dtype : {"f32", "q8_0", "q4_0"}) {
    EXPECT_EQ(RunForTest("quantize", TestConfig("", dtype),
                         {TestInput("model", model)}),
              TestModel(dtype));
  }
}

TEST(RunOperatorTest, AnAssemblyHashesToItsDigest) {
  const std::string model = TestModel();
  const std::string adapter = TestAdapter(model);
  const std::string assembly =
      RunForTest("adapter", {},
                 {TestInput("model", model), TestInput("adapter", adapter)});
  EXPECT_EQ(Sha256(assembly), AssemblyDigest(Sha256(model), {Sha256(adapter)}));
}

TEST(RunOperatorTest, NotesTensorsInOtherStorage) {
  const absl::StatusOr<OperatorOutput> output =
      RunOperator("import", TestConfig("mock", "q4_0"),
                  {TestInput("spec", kTestModelSpec)});
  ASSERT_TRUE(output.ok()) << output.status();
  ASSERT_EQ(output->exceptions.size(), 2u);  // ffn_size is 40
  EXPECT_EQ(output->exceptions[0].tensor, "layers.0.w2.weight");
  EXPECT_EQ(output->exceptions[1].tensor, "layers.1.w2.weight");
}

TEST(RunOperatorTest, RefusesAnUnknownOperator) {
  const absl::Status status = RunOperator("distill", {}, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(status.message(), "Unsupported operator: \"distill\"");
}

TEST(RunOperatorTest, RefusesWrongInputs) {
  EXPECT_EQ(Message("quantize", TestConfig("", "q8_0"), {}),
            "Invalid inputs of quantize: 0 (expected 1)");
  EXPECT_EQ(Message("fuse", {}, {TestInput("model", "")}),
            "Invalid inputs of fuse: 1 (expected 2 or more)");
  EXPECT_EQ(Message("import", TestConfig("llama2c", "f32"),
                    {TestInput("tokenizer", ""), TestInput("checkpoint", "")}),
            "Invalid inputs of import: input 0 is \"tokenizer\" (expected "
            "\"checkpoint\")");
}

TEST(RunOperatorTest, RefusesWrongSettings) {
  EXPECT_EQ(Message("import", TestConfig("onnx", "f32"), {}),
            "Invalid format: \"onnx\" (expected hf, gguf, llama2c or mock)");
  EXPECT_EQ(Message("import", TestConfig("mock", "f16"), {}),
            "Invalid dtype: \"f16\" (expected f32, q8_0 or q4_0)");
  packager::OperatorConfig config = TestConfig("mock", "q8_0");
  config.set_q8_0_group("64");
  EXPECT_EQ(Message("import", config, {}),
            "Invalid q8_0 group: \"64\" (expected row or 32)");
  config = TestConfig("mock", "q8_0");
  packager::TensorStorage& rule =
      *config.mutable_tensor_storage()->add_tensors();
  rule.set_pattern("layers.0.*");
  rule.set_dtype("q5_0");
  EXPECT_EQ(Message("import", config, {}),
            "Invalid dtype: \"q5_0\" (expected f32, q8_0 or q4_0)");
  config.set_dtype("source");
  EXPECT_EQ(Message("import", config, {}),
            "Invalid storage of tensors: unexpected (dtype source keeps what "
            "the checkpoint stores)");
}

TEST(RunOperatorTest, StoresMatricesAsTheirNamesAsk) {
  packager::OperatorConfig config = TestConfig("", "q8_0");
  packager::TensorStorage& rule =
      *config.mutable_tensor_storage()->add_tensors();
  rule.set_pattern("layers.0.w?.weight");
  rule.set_dtype("f32");
  const absl::StatusOr<OperatorOutput> output =
      RunOperator("quantize", config, {TestInput("model", TestModel())});
  ASSERT_TRUE(output.ok()) << output.status();
  const absl::StatusOr<SlmReader> model =
      SlmReader::Parse(AsBytes(output->bytes));
  ASSERT_TRUE(model.ok()) << model.status();
  int as_asked = 0;
  for (size_t i = 0; i < model->specs().size(); ++i) {
    const TensorSpec& tensor = model->specs()[i];
    const bool matches = tensor.name.rfind("layers.0.w", 0) == 0;
    as_asked += matches;
    EXPECT_EQ(model->entries()[i].dtype,
              tensor.rank == 1 || matches ? DType::kF32 : DType::kQ8_0)
        << tensor.name;
  }
  EXPECT_EQ(as_asked, 7);
  ASSERT_EQ(output->exceptions.size(), 7u);
  EXPECT_EQ(output->exceptions[0].reason, "asked for layers.0.w?.weight");
}

TEST(RunOperatorTest, RefusesAStorageForNoMatrix) {
  packager::OperatorConfig config = TestConfig("", "q8_0");
  packager::TensorStorage& rule =
      *config.mutable_tensor_storage()->add_tensors();
  rule.set_pattern("layers.0.*_norm.weight");
  rule.set_dtype("q4_0");
  EXPECT_EQ(Message("quantize", config, {TestInput("model", TestModel())}),
            "Invalid storage of tensors: \"layers.0.*_norm.weight\" is no "
            "matrix of this model");
}

TEST(RunOperatorTest, NamesTheFileThatIsBad) {
  const std::string model = TestModel();
  const std::string adapter = TestAdapter(TestModel("q8_0"));
  const std::string message = Message(
      "fuse", {},
      {TestInput("model", model),
       MakeOperatorInput("adapter", "dir/a.adapter", AsBytes(adapter))});
  EXPECT_EQ(message.find("dir/a.adapter: "), 0u) << message;
}

TEST(RunOperatorTest, RefusesTheSameAdapterTwice) {
  const std::string model = TestModel();
  const std::string adapter = TestAdapter(model);
  EXPECT_FALSE(
      RunOperator("adapter", {},
                  {TestInput("model", model), TestInput("adapter", adapter),
                   TestInput("adapter", adapter)})
          .ok());
}

TEST(ConfigDigestTest, DependsOnEverySetting) {
  packager::OperatorConfig config = TestConfig("mock", "q8_0");
  const Digest digest = ConfigDigest(config);
  EXPECT_NE(ConfigDigest(TestConfig("mock", "f32")), digest);
  EXPECT_NE(ConfigDigest(TestConfig("llama2c", "q8_0")), digest);
  config.set_q8_0_group("32");
  EXPECT_NE(ConfigDigest(config), digest);
}

}  // namespace
}  // namespace pedigree
