#include "runtime/model/transformer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/error_code.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/low_rank.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/model.h"
#include "runtime/model/packed_weights.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/testing/wide_transformer.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

using Vector = std::vector<double>;

// How to run; none of it may change a bit.
struct RunOptions {
  Target target = Target::kScalar;
  int threads = 1;
  uint32_t batch = 1;
};

// The logits behind each of `tokens`.
absl::StatusOr<std::vector<std::vector<float>>> RunAll(
    const Model& model, const Weights& weights,
    const std::vector<uint32_t>& tokens, const RunOptions& run = {}) {
  ThreadPool pool(run.threads);
  MemoryOptions options;
  options.batch_tokens = run.batch;
  options.logits_rows = run.batch;
  options.threads = static_cast<uint32_t>(run.threads);
  absl::StatusOr<Transformer> transformer = Transformer::Create(
      model.shape(), options, &pool, FindKernels(run.target));
  if (!transformer.ok()) return transformer.status();
  absl::StatusOr<KvCache> cache =
      KvCache::Create(model.shape(), model.shape().max_context);
  if (!cache.ok()) return cache.status();
  std::vector<std::vector<float>> all;
  for (size_t first = 0; first < tokens.size(); first += run.batch) {
    std::vector<BatchToken> batch;
    for (size_t i = first; i < std::min(tokens.size(), first + run.batch);
         ++i) {
      batch.push_back({&*cache, tokens[i], static_cast<uint32_t>(i), true});
    }
    const absl::Status status = transformer->Forward(weights, batch);
    if (!status.ok()) return status;
    for (size_t row = 0; row < batch.size(); ++row) {
      const absl::Span<const float> logits = transformer->logits(row);
      all.emplace_back(logits.begin(), logits.end());
    }
  }
  return all;
}

const std::vector<uint32_t>& Tokens() {
  static const auto& tokens = *new std::vector<uint32_t>{
      256, 72, 101, 108, 108, 111, 0, 255, 7, 7, 32, 200};
  return tokens;
}

struct LoadedModel {
  explicit LoadedModel(const TinyModelOptions& options)
      : file(TinyModel(options)),
        model(*Model::Load(AsBytes(file.text()))) {}
  AlignedBytes file;
  std::unique_ptr<const Model> model;
};

// Half the distance that quantized activations may move the logits of these
// models; f32 differs by rounding alone.
double Tolerance(DType dtype) { return dtype == DType::kF32 ? 2e-5 : 0.15; }

class TransformerTypeTest
    : public testing::TestWithParam<std::pair<DType, bool>> {};

TEST_P(TransformerTypeTest, AgreesWithASecondReadingInDoublePrecision) {
  TinyModelOptions options;
  options.dtype = GetParam().first;
  options.tied_output = GetParam().second;
  const LoadedModel loaded(options);
  const Model& model = *loaded.model;
  const auto all = RunAll(model, model.weights(), Tokens());
  ASSERT_TRUE(all.ok()) << all.status();
  const std::vector<Vector> exact =
      WideLogits(model.shape(), model.weights(), Tokens());
  ASSERT_EQ(exact.size(), all->size());
  for (size_t t = 0; t < exact.size(); ++t) {
    ASSERT_EQ(exact[t].size(), (*all)[t].size());
    for (size_t i = 0; i < exact[t].size(); ++i) {
      EXPECT_NEAR((*all)[t][i], exact[t][i], Tolerance(options.dtype))
          << "token " << t << " logit " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllTypes, TransformerTypeTest,
    testing::Values(std::pair(DType::kF32, false), std::pair(DType::kF32, true),
                    std::pair(DType::kQ8_0, false),
                    std::pair(DType::kQ8_0, true),
                    std::pair(DType::kQ4_0, false),
                    std::pair(DType::kQ4_0, true)));

// The logits' bits on the machine where numerics v1 was written down. Another
// value here is another numerics version.
struct Golden {
  DType dtype;
  uint32_t block_size;
  uint64_t checksum;
};

class TransformerGoldenTest : public testing::TestWithParam<Golden> {};

TEST_P(TransformerGoldenTest, LogitsAreTheSameBitsEverywhere) {
  TinyModelOptions options;
  options.dtype = GetParam().dtype;
  options.block_size = GetParam().block_size;
  // 160 columns: blocks of 20 cross the 32 that share an activation scale.
  options.hidden_size = 160;
  options.ffn_size = 160;
  options.head_dim = 20;
  options.head_count = 8;
  const LoadedModel loaded(options);
  const auto all =
      RunAll(*loaded.model, loaded.model->weights(), Tokens());
  ASSERT_TRUE(all.ok()) << all.status();
  std::string bits;
  for (const std::vector<float>& logits : *all) {
    for (float logit : logits) AppendLittleEndian(logit, bits);
  }
  EXPECT_EQ(absl::StrCat(absl::Hex(Checksum(AsBytes(bits)))),
            absl::StrCat(absl::Hex(GetParam().checksum)));
}

// Recorded from the scalar reference of docs/numerics.md, built by clang for
// x86-64: any target and kernel must give these bits.
INSTANTIATE_TEST_SUITE_P(
    AllTypes, TransformerGoldenTest,
    testing::Values(Golden{DType::kF32, 0, 0x34a478b6effc2592},
                    Golden{DType::kQ8_0, 0, 0xc2005260eb7e5e32},
                    Golden{DType::kQ8_0, 32, 0xac354cd7d762d163},
                    Golden{DType::kQ4_0, 32, 0xf82add53e8faccaa},
                    Golden{DType::kQ4_0, 20, 0x7a93f0262df0a94d},
                    Golden{DType::kQ4_0, 160, 0x9c4f0f20051e2acf}));

class TransformerTargetTest : public testing::TestWithParam<Target> {};

// Whole runs, all logits: packed or not, by any number of threads, token by token
// or together.
TEST_P(TransformerTargetTest, EqualsTheReferenceHoweverItRuns) {
  for (const auto& [dtype, block_size] :
       {std::pair(DType::kF32, 0), std::pair(DType::kQ8_0, 0),
        std::pair(DType::kQ8_0, 32), std::pair(DType::kQ4_0, 32)}) {
    TinyModelOptions options;
    options.dtype = dtype;
    options.block_size = static_cast<uint32_t>(block_size);
    options.hidden_size = 96;
    options.head_count = 6;
    // Blocks have to divide the 6 heads' columns.
    options.head_dim = block_size == 0 ? 20 : 16;
    options.kv_head_count = 3;
    options.ffn_size = 160;
    const LoadedModel loaded(options);
    const Model& model = *loaded.model;
    const auto expected = RunAll(model, model.weights(), Tokens());
    ASSERT_TRUE(expected.ok()) << expected.status();
    ThreadPool pool(2);
    const absl::StatusOr<PackedWeights> packed =
        PackedWeights::Pack(model.weights(), &pool);
    ASSERT_TRUE(packed.ok());
    for (int threads : {1, 2, 3, 7}) {
      for (uint32_t batch : {1, 3, 12}) {
        const RunOptions run = {GetParam(), threads, batch};
        for (const Weights* weights :
             {&model.weights(), &packed->weights()}) {
          const auto all = RunAll(model, *weights, Tokens(), run);
          ASSERT_TRUE(all.ok()) << all.status();
          EXPECT_EQ(*all, *expected)
              << DTypeName(dtype) << " " << block_size << ", " << threads
              << " threads, " << batch << " tokens";
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllTargets, TransformerTargetTest,
                         testing::ValuesIn(SupportedTargets()),
                         [](const testing::TestParamInfo<Target>& info) {
                           std::string name(TargetName(info.param));
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(TransformerTest, SidePathsAddTheirProductsToThoseOfTheTensors) {
  for (DType dtype : {DType::kF32, DType::kQ8_0}) {
    TinyModelOptions options;
    options.dtype = dtype;
    const LoadedModel loaded(options);
    const Model& model = *loaded.model;
    Weights weights = model.weights();
    // Every matrix gets one, two of them two; fused, the sums are the same but
    // for rounding.
    std::vector<std::vector<float>> owned;
    std::vector<std::vector<float>> fused;
    Weights dense = model.weights();
    for (size_t i = 0; i < weights.tensors().size(); ++i) {
      const TensorView tensor = weights.tensors()[i];
      if (tensor.rows == 1) continue;
      const uint32_t rank = 2 + static_cast<uint32_t>(i % 4);
      owned.push_back(RandomValues(i, rank * tensor.columns, 0.3f));
      owned.push_back(RandomValues(100 + i, tensor.rows * rank, 0.3f));
    }
    size_t next = 0;
    for (size_t i = 0; i < weights.tensors().size(); ++i) {
      const TensorView tensor = weights.tensors()[i];
      if (tensor.rows == 1) continue;
      const uint32_t rank = 2 + static_cast<uint32_t>(i % 4);
      const LowRank path = {owned[next], owned[next + 1], rank, 0.5f};
      next += 2;
      std::vector<float> values(tensor.rows * tensor.columns);
      for (uint64_t row = 0; row < tensor.rows; ++row) {
        const absl::Span<float> out = absl::MakeSpan(values).subspan(
            row * tensor.columns, tensor.columns);
        DequantizeRow(tensor, row, out);
        for (int times = i % 5 == 0 ? 2 : 1; times > 0; --times) {
          LowRankRow(path, row, out);
        }
      }
      for (int times = i % 5 == 0 ? 2 : 1; times > 0; --times) {
        weights.AddSidePath(static_cast<int>(i), path);
      }
      fused.push_back(std::move(values));
      dense.Replace(static_cast<int>(i),
                    ViewF32(fused.back(), tensor.rows, tensor.columns));
    }
    const auto side = RunAll(model, weights, Tokens());
    ASSERT_TRUE(side.ok()) << side.status();
    const Vector exact = WideLogits(model.shape(), dense, Tokens()).back();
    for (size_t i = 0; i < exact.size(); ++i) {
      EXPECT_NEAR(side->back()[i], exact[i], 2 * Tolerance(dtype) + 1e-4);
    }
    for (Target target : SupportedTargets()) {
      for (int threads : {1, 3}) {
        const auto all =
            RunAll(model, weights, Tokens(), {target, threads, 5});
        ASSERT_TRUE(all.ok()) << all.status();
        EXPECT_EQ(*all, *side) << TargetName(target) << ", " << threads;
      }
    }
  }
}

// The logits of `model` with `output` [vocab_size, hidden_size] in place of its
// output matrix.
std::vector<std::vector<float>> RunWithOutput(const Model& model,
                                              const TensorView& output,
                                              absl::Span<const LowRank> paths,
                                              const RunOptions& run) {
  Weights weights = model.weights();
  weights.Replace(weights.output_index(), output);
  for (const LowRank& path : paths) {
    weights.AddSidePath(weights.output_index(), path);
  }
  const auto all = RunAll(model, weights, Tokens(), run);
  EXPECT_TRUE(all.ok()) << all.status();
  return all.ok() ? *all : std::vector<std::vector<float>>();
}

// An output matrix that begins with the identity shows its input x, so what a side
// path must add is known from x alone.
TEST(TransformerTest, SidePathsAreTheDocumentsSumsBitForBit) {
  for (DType dtype : {DType::kF32, DType::kQ8_0, DType::kQ4_0}) {
    TinyModelOptions options;
    options.dtype = dtype;
    options.hidden_size = 96;
    options.head_dim = 16;
    const LoadedModel loaded(options);
    const Model& model = *loaded.model;
    const TensorView& output = model.weights().output();
    const size_t hidden = options.hidden_size;
    std::vector<float> identity(output.rows * hidden);
    for (size_t i = 0; i < hidden; ++i) identity[i * hidden + i] = 1;
    std::vector<std::vector<float>> factors;
    for (uint32_t rank : {3, 17}) {
      factors.push_back(RandomValues(rank, rank * hidden, 0.3f));
      factors.push_back(RandomValues(50 + rank, output.rows * rank, 0.3f));
    }
    const LowRank paths[] = {{factors[0], factors[1], 3, 0.5f},
                             {factors[2], factors[3], 17, -0.75f}};
    for (Target target : SupportedTargets()) {
      const RunOptions run = {target, 2, 5};
      const auto inputs = RunWithOutput(
          model, ViewF32(identity, output.rows, hidden), {}, run);
      auto expected = RunWithOutput(model, output, {}, run);
      for (size_t t = 0; t < Tokens().size(); ++t) {
        const absl::Span<const float> x(inputs[t].data(), hidden);
        for (const LowRank& path : paths) {
          std::vector<float> h(path.rank);
          LowRankDown(path, x, absl::MakeSpan(h));
          LowRankUp(path, 0, h, absl::MakeSpan(expected[t]));
        }
      }
      EXPECT_EQ(RunWithOutput(model, output, paths, run), expected)
          << DTypeName(dtype) << ", " << TargetName(target);
    }
  }
}

TEST(TransformerTest, SequencesOfABatchDoNotTouchEachOther) {
  const LoadedModel loaded({});
  const Model& model = *loaded.model;
  const std::vector<uint32_t> other = {256, 9, 9, 8, 40, 41};
  const auto first = RunAll(model, model.weights(), Tokens());
  const auto second = RunAll(model, model.weights(), other);
  ASSERT_TRUE(first.ok() && second.ok());
  ThreadPool pool(2);
  MemoryOptions options;
  options.logits_rows = 2;
  options.threads = 2;
  absl::StatusOr<Transformer> transformer =
      Transformer::Create(model.shape(), options, &pool, &BestKernels());
  ASSERT_TRUE(transformer.ok());
  absl::StatusOr<KvCache> a = KvCache::Create(model.shape(), 20);
  absl::StatusOr<KvCache> b = KvCache::Create(model.shape(), 20);
  ASSERT_TRUE(a.ok() && b.ok());
  std::vector<BatchToken> batch;
  for (uint32_t i = 0; i < other.size(); ++i) {
    batch.push_back({&*a, Tokens()[i], i, i + 1 == other.size()});
  }
  for (uint32_t i = 0; i < other.size(); ++i) {
    batch.push_back({&*b, other[i], i, i + 1 == other.size()});
  }
  ASSERT_TRUE(transformer->Forward(model.weights(), batch).ok());
  const auto copy = [&](size_t row) {
    const absl::Span<const float> logits = transformer->logits(row);
    return std::vector<float>(logits.begin(), logits.end());
  };
  EXPECT_EQ(copy(0), (*first)[other.size() - 1]);
  EXPECT_EQ(copy(1), second->back());
}

TEST(TransformerTest, RefusesAPositionPastTheContext) {
  TinyModelOptions options;
  options.max_context = 2;
  const LoadedModel loaded(options);
  const absl::Status status =
      RunAll(*loaded.model, loaded.model->weights(), {1, 2, 3}).status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kContextExceeded);
  EXPECT_EQ(status.message(), "Position 2 is past max_context 2");
}

struct Overflow {
  std::string tensor;
  std::string place;
};

class TransformerOverflowTest : public testing::TestWithParam<Overflow> {};

// Makes one tensor so large that what it feeds leaves the range of f32.
TEST_P(TransformerOverflowTest, NamesThePlace) {
  const LoadedModel loaded({});
  const Model& model = *loaded.model;
  const int index =
      model.reader().FindTensor(TensorNameHash(GetParam().tensor));
  ASSERT_GE(index, 0);
  const TensorView& view = model.weights().tensors()[index];
  std::vector<float> huge(view.rows * view.columns);
  for (uint64_t row = 0; row < view.rows; ++row) {
    DequantizeRow(view, row,
                  absl::MakeSpan(huge).subspan(row * view.columns,
                                               view.columns));
  }
  for (float& value : huge) {
    value = value < 0 ? -3e38f : 3e38f;
  }
  Weights weights = model.weights();
  weights.Replace(index, ViewF32(huge, view.rows, view.columns));
  const absl::Status status = RunAll(model, weights, {5, 6}).status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kGenerationFailed);
  EXPECT_EQ(status.message(),
            absl::StrCat("Activation is not finite: ", GetParam().place));
}

INSTANTIATE_TEST_SUITE_P(
    AllPlaces, TransformerOverflowTest,
    testing::Values(
        Overflow{"tok_embeddings.weight", "layers.0.attn_norm"},
        Overflow{"layers.0.wq.weight", "layers.0.wq"},
        Overflow{"layers.0.wk.weight", "layers.0.wk"},
        Overflow{"layers.1.wv.weight", "layers.1.wv"},
        Overflow{"layers.0.w1.weight", "layers.0.w1"},
        Overflow{"layers.1.w3.weight", "layers.1.w3"},
        Overflow{"output.weight", "logits"}));

class SidePathOverflowTest : public testing::TestWithParam<Overflow> {};

// h leaves the range of f32, and B is 0 or not: what follows is not finite in
// either case, and the side path is named.
TEST_P(SidePathOverflowTest, NamesTheLayer) {
  // Activations of some size, so that a sum of them times 3e38 has none.
  TinyModelOptions options;
  options.weight_range = 3;
  const LoadedModel loaded(options);
  const Model& model = *loaded.model;
  const int index =
      model.reader().FindTensor(TensorNameHash(GetParam().tensor));
  ASSERT_GE(index, 0);
  const TensorView& view = model.weights().tensors()[index];
  constexpr uint32_t kRank = 16;
  std::vector<float> a = RandomValues(7, kRank * view.columns, 1);
  for (float& value : a) value = value < 0 ? -3e38f : 3e38f;
  for (float b_value : {0.0f, 0.1f}) {
    const std::vector<float> b(view.rows * kRank, b_value);
    Weights weights = model.weights();
    weights.AddSidePath(index, {a, b, kRank, 1});
    for (int threads : {1, 2}) {
      const absl::Status status =
          RunAll(model, weights, {5, 6}, {Target::kScalar, threads, 2})
              .status();
      EXPECT_EQ(GetErrorCode(status), ErrorCode::kGenerationFailed);
      EXPECT_EQ(status.message(),
                absl::StrCat("Activation is not finite: ", GetParam().place));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllPlaces, SidePathOverflowTest,
    testing::Values(Overflow{"layers.0.wq.weight", "layers.0.adapter"},
                    Overflow{"layers.1.wv.weight", "layers.1.adapter"},
                    Overflow{"layers.1.wo.weight", "layers.1.adapter"},
                    Overflow{"layers.1.w3.weight", "layers.1.adapter"},
                    Overflow{"layers.1.w2.weight", "layers.1.adapter"},
                    Overflow{"output.weight", "output adapter"}));

}  // namespace
}  // namespace pedigree
