#include "packager/training/gradient_pass.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "packager/model_weights.h"
#include "packager/tokenizer_writer.h"
#include "packager/training/kernels/training_kernels.h"
#include "packager/training/testing/double_model.h"
#include "packager/training/trained_model.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_reader.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/model.h"
#include "runtime/model/transformer.h"
#include "runtime/tensor/math.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

using Ids = std::vector<uint32_t>;

ModelShape TestShape(bool tied) {
  ModelShape shape;
  shape.tied_output = tied;
  shape.vocab_size = 260;
  shape.special_token_count = 4;
  shape.hidden_size = 20;
  shape.layer_count = 2;
  shape.head_count = 4;
  shape.kv_head_count = 2;
  shape.head_dim = 6;
  shape.ffn_size = 24;
  shape.max_context = 96;
  shape.rope_theta = 10000;
  shape.rms_norm_epsilon = 1e-5f;
  return shape;
}

// Norm weights that are not all 1, so that a slip with them shows.
TrainedModel TestModel(bool tied) {
  TrainedModel model = InitialModel(TestShape(tied), 5);
  for (TrainedTensor& tensor : model.tensors) {
    if (tensor.spec.rank > 1) continue;
    const Floats noise = RandomValues(tensor.spec.dims[0], tensor.columns(),
                                      0.3f);
    for (size_t i = 0; i < noise.size(); ++i) tensor.weights[i] += noise[i];
  }
  return model;
}

// The same with factors of every kind of matrix, B not zero.
TrainedModel TestModelWithFactors() {
  TrainedModel model = TestModel(false);
  StoredModel stored =
      *StoreModel({model.shape, WriteBtok(), [&] {
                     std::vector<Floats> tensors;
                     for (const TrainedTensor& tensor : model.tensors) {
                       tensors.push_back(tensor.weights);
                     }
                     return tensors;
                   }()},
                  {});
  const AlignedBytes bytes(stored.file_bytes);
  const SlmReader reader = *SlmReader::Parse(AsBytes(bytes.text()));
  FactorSettings settings;
  settings.rank = 3;
  settings.alpha = 4.5f;
  settings.targets = {"wq", "wk", "wv", "wo", "w1", "w2", "w3", "output"};
  TrainedModel adapted = *ModelWithFactors(reader, settings, 9);
  uint64_t seed = 100;
  for (TrainedTensor& tensor : adapted.tensors) {
    if (tensor.factors.rank == 0) continue;
    tensor.factors.b = RandomValues(++seed, tensor.factors.b.size(), 0.3f);
  }
  return adapted;
}

// Sequences of several lengths, one of them over several blocks of attention.
struct TestBatch {
  explicit TestBatch(size_t longest = 40) {
    const size_t lengths[] = {7, longest, 2, 18, 23};
    const size_t first_targets[] = {1, 5, 1, 17, 10};
    for (size_t s = 0; s < 5; ++s) {
      Ids& ids = texts.emplace_back();
      const std::vector<float> values =
          RandomValues(s + 40, lengths[s], 130.0f);
      for (const float value : values) {
        ids.push_back(static_cast<uint32_t>(value + 130.0f) % 258);
      }
    }
    for (size_t s = 0; s < 5; ++s) {
      sequences.push_back({texts[s], first_targets[s]});
    }
  }
  std::vector<Ids> texts;
  std::vector<TrainingSequence> sequences;
};

std::vector<Floats> Gradients(TrainedModel& model) {
  std::vector<Floats> gradients;
  for (const Parameter& parameter : Parameters(model)) {
    gradients.emplace_back(parameter.gradient.begin(),
                           parameter.gradient.end());
  }
  return gradients;
}

// Compares each parameter's gradient with central differences of the loss of a
// plain model in binary64. Of large tensors a sample of elements.
void ExpectFiniteDifferences(TrainedModel model) {
  const TestBatch batch;
  ThreadPool pool(1);
  GradientPass pass(&model, &pool, BestTarget());
  const BatchLoss loss = *pass.RunBatch(batch.sequences);
  DoubleModel reference(model);
  EXPECT_NEAR(loss.mean(), reference.MeanLoss(batch.sequences), 2e-6);
  const std::vector<Floats> gradients = Gradients(model);
  ASSERT_EQ(gradients.size(), reference.parameters().size());
  for (size_t p = 0; p < gradients.size(); ++p) {
    std::vector<double>& values = *reference.parameters()[p];
    double largest = 0;
    for (const float g : gradients[p]) largest = std::fmax(largest, std::fabs(g));
    EXPECT_GT(largest, 0) << "parameter " << p;
    const size_t stride = values.size() / 37 + 1;
    for (size_t i = p % stride; i < values.size(); i += stride) {
      const double step = 1e-5;
      const double held = values[i];
      values[i] = held + step;
      const double above = reference.MeanLoss(batch.sequences);
      values[i] = held - step;
      const double below = reference.MeanLoss(batch.sequences);
      values[i] = held;
      EXPECT_NEAR(gradients[p][i], (above - below) / (2 * step),
                  1e-5 * largest + 1e-9)
          << "parameter " << p << ", element " << i;
    }
  }
}

TEST(GradientPassTest, GradientsOfAllWeightsAreFiniteDifferences) {
  ExpectFiniteDifferences(TestModel(false));
}

TEST(GradientPassTest, GradientsOfATiedModelAreFiniteDifferences) {
  ExpectFiniteDifferences(TestModel(true));
}

TEST(GradientPassTest, GradientsOfFactorsAreFiniteDifferences) {
  ExpectFiniteDifferences(TestModelWithFactors());
}

TEST(GradientPassTest, NeitherThreadsNorTargetChangeABit) {
  for (const bool with_factors : {false, true}) {
    std::vector<Floats> expected;
    double expected_loss = 0;
    for (const Target target : SupportedTargets()) {
      for (const int threads : {1, 2, 3}) {
        TrainedModel model =
            with_factors ? TestModelWithFactors() : TestModel(true);
        // Longer than a call of the attention kernel takes.
        const TestBatch batch(90);
        ThreadPool pool(threads);
        GradientPass pass(&model, &pool, target);
        const BatchLoss loss = *pass.RunBatch(batch.sequences);
        EXPECT_TRUE(loss.finite);
        if (expected.empty()) {
          expected = Gradients(model);
          expected_loss = loss.sum;
        }
        EXPECT_EQ(loss.sum, expected_loss) << TargetName(target);
        EXPECT_EQ(Gradients(model), expected)
            << TargetName(target) << ", " << threads << " threads";
      }
    }
  }
}

TEST(GradientPassTest, ABatchesGradientDoesNotDependOnTheOneBefore) {
  TrainedModel model = TestModel(false);
  ThreadPool pool(2);
  GradientPass pass(&model, &pool, BestTarget());
  const TestBatch batch;
  (void)*pass.RunBatch(batch.sequences);
  const std::vector<Floats> expected = Gradients(model);
  (void)*pass.RunBatch(absl::MakeSpan(batch.sequences).subspan(1, 2));
  EXPECT_NE(Gradients(model), expected);
  (void)*pass.RunForward(batch.sequences);
  const BatchLoss loss = *pass.RunBatch(batch.sequences);
  EXPECT_EQ(Gradients(model), expected);
  EXPECT_EQ(loss.targets, 6u + 35 + 1 + 1 + 13);
}

// The loss of one sequence by the runtime, token by token.
double TransformerLoss(Transformer& transformer, const Model& model,
                       const TrainingSequence& sequence) {
  KvCache cache = *KvCache::Create(
      model.shape(), static_cast<uint32_t>(sequence.inputs()));
  double loss = 0;
  for (size_t t = 0; t < sequence.inputs(); ++t) {
    const BatchToken token = {&cache, sequence.ids[t],
                              static_cast<uint32_t>(t), true};
    EXPECT_TRUE(transformer.Forward(model.weights(), {&token, 1}).ok());
    if (t + 1 < sequence.first_target) continue;
    Floats logits(transformer.logits().begin(), transformer.logits().end());
    const CrossEntropyRow row =
        FindTrainingKernels(Target::kScalar)
            .cross_entropy(logits.data(), logits.size(), sequence.ids[t + 1],
                           1.0f);
    loss += Log(row.sum) - (static_cast<double>(row.target_logit) -
                            static_cast<double>(row.largest));
  }
  return loss;
}

// The runtime's own loss of a model's file: numerics v1.
double RuntimeLoss(TrainedModel& model,
                   absl::Span<const TrainingSequence> batch) {
  ModelWeights weights;
  weights.shape = model.shape;
  weights.tokenizer_section = WriteBtok();
  for (const TrainedTensor& tensor : model.tensors) {
    weights.tensors.push_back(tensor.weights);
  }
  const AlignedBytes bytes(StoreModel(weights, {})->file_bytes);
  const auto loaded = *Model::Load(AsBytes(bytes.text()));
  ThreadPool pool(1);
  MemoryOptions options;
  options.context_tokens = model.shape.max_context;
  Transformer transformer = *Transformer::Create(
      model.shape, options, &pool, FindKernels(Target::kScalar));
  double loss = 0;
  for (const TrainingSequence& sequence : batch) {
    loss += TransformerLoss(transformer, *loaded, sequence);
  }
  return loss;
}

TEST(GradientPassTest, LossIsWhatTheRuntimeComputes) {
  TrainedModel model = TestModel(false);
  const TestBatch batch(90);
  ThreadPool pool(2);
  GradientPass pass(&model, &pool, BestTarget());
  for (size_t s = 0; s < batch.sequences.size(); ++s) {
    const auto one = absl::MakeConstSpan(batch.sequences).subspan(s, 1);
    EXPECT_EQ(pass.RunForward(one)->sum, RuntimeLoss(model, one)) << s;
  }
}

TEST(GradientPassTest, NotesWhatIsNotFinite) {
  TrainedModel model = TestModel(false);
  model.layer(1, TrainedLayerTensor::kW1).weights[3] = 3e38f;
  model.layer(1, TrainedLayerTensor::kW1).weights[4] = 3e38f;
  model.layer(1, TrainedLayerTensor::kW3).weights[3] = 3e38f;
  const TestBatch batch;
  ThreadPool pool(1);
  GradientPass pass(&model, &pool, BestTarget());
  EXPECT_FALSE(pass.RunBatch(batch.sequences)->finite);
}

}  // namespace
}  // namespace pedigree
