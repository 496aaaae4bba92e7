#include "packager/testing.h"

#include "gtest/gtest.h"
#include "runtime/base/bytes.h"

namespace pedigree {

const char kTestModelSpec[] = R"pb(
  schema_version: "pedigree.model_spec.v1"
  hidden_size: 64
  layer_count: 2
  head_count: 4
  kv_head_count: 2
  head_dim: 16
  ffn_size: 40
  max_context: 32
  rope_theta: "10000"
  rms_norm_epsilon: "0.00001"
  seed: 3
  embedding_scale: "1"
  weight_scale: "0.125"
  output_scale: "0.25"
  norm_scale: "0.1"
  sequences { text: "abc" stop: true strength: "1" }
)pb";

const char kTestAdapterSpec[] = R"pb(
  schema_version: "pedigree.adapter_spec.v1"
  sequences { text: "123" stop: true strength: "1" }
  tensors {
    tensor: "norm.weight"
    elements { column: 5 delta: "0.001" }
  }
)pb";

OperatorInput TestInput(const std::string& role, const std::string& bytes) {
  return MakeOperatorInput(role, role, AsBytes(bytes));
}

std::string RunForTest(const std::string& operator_name,
                       const packager::OperatorConfig& config,
                       const std::vector<OperatorInput>& inputs) {
  absl::StatusOr<OperatorOutput> output =
      RunOperator(operator_name, config, inputs);
  EXPECT_TRUE(output.ok()) << output.status();
  return output.ok() ? output->bytes : "";
}

packager::OperatorConfig TestConfig(const std::string& format,
                                    const std::string& dtype) {
  packager::OperatorConfig config;
  config.set_format(format);
  config.set_dtype(dtype);
  config.set_q8_0_group("row");
  return config;
}

std::string TestModel(const std::string& dtype) {
  return RunForTest("import", TestConfig("mock", dtype),
                    {TestInput("spec", kTestModelSpec)});
}

std::string TestAdapter(const std::string& model) {
  return RunForTest(
      "adapter-spec", {},
      {TestInput("spec", kTestAdapterSpec), TestInput("model", model)});
}

}  // namespace pedigree
