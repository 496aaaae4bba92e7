// Measures whole training steps, gradients and optimizer, in tokens a second,
// and what share of this machine's f32 peak without fused multiply-add the
// steps' products are. Random weights and ids: what they are costs nothing. It
// can't show what reading data, validating and writing take. One thread is timed
// by its processor time, which other programs of a busy machine take nothing of;
// several by the clock.

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "packager/training/gradient_pass.h"
#include "packager/training/kernels/training_kernels.h"
#include "packager/training/optimizer.h"
#include "packager/training/trained_model.h"
#include "runtime/kernels/target.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

double Now(int threads) {
  timespec now;
  clock_gettime(threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC,
                &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

// Operations a second of one thread.
double PeakOfThread(Target target) {
  const TrainingKernels& kernels = FindTrainingKernels(target);
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    const double start = Now(1);
    const uint64_t operations = kernels.compute_in_registers(20'000'000);
    const double rate = static_cast<double>(operations) / (Now(1) - start);
    if (rate > best) best = rate;
  }
  return best;
}

struct Options {
  ModelShape shape;
  uint32_t batch = 32;
  uint32_t length = 64;
  uint32_t steps = 20;
  int threads = 1;
  std::string target;
};

// Multiplications and additions of the products with weights of a step: 2 each
// forward, 4 backward.
double OperationsPerToken(const ModelShape& shape) {
  double values = 0;
  for (const TensorSpec& spec : CanonicalTensors(shape)) {
    const bool lookup =
        spec.name == "tok_embeddings.weight" && !shape.tied_output;
    if (spec.rank > 1 && !lookup) {
      values += static_cast<double>(spec.element_count());
    }
  }
  return 6 * values;
}

void Measure(const Options& options) {
  const Target target = options.target.empty()
                            ? BestTarget()
                            : *TargetByName(options.target);
  TrainedModel model = InitialModel(options.shape, 1);
  std::vector<std::vector<uint32_t>> texts;
  std::vector<TrainingSequence> batch;
  for (uint32_t s = 0; s < options.batch; ++s) {
    std::vector<uint32_t>& ids = texts.emplace_back();
    for (const float v : RandomValues(s + 1, options.length + 1, 100.0f)) {
      ids.push_back(static_cast<uint32_t>(v + 100.0f));
    }
  }
  for (const std::vector<uint32_t>& ids : texts) batch.push_back({ids, 1});
  ThreadPool pool(options.threads);
  GradientPass pass(&model, &pool, target);
  AdamW optimizer(Parameters(model), {}, &pool, target);
  double best_forward = 1e9;
  double best_pass = 1e9;
  double best_step = 1e9;
  for (uint32_t step = 0; step < options.steps; ++step) {
    const double begin = Now(options.threads);
    (void)*pass.RunForward(batch);
    const double start = Now(options.threads);
    (void)*pass.RunBatch(batch);
    const double between = Now(options.threads);
    optimizer.Step(1e-3);
    const double end = Now(options.threads);
    best_forward = std::min(best_forward, start - begin);
    best_pass = std::min(best_pass, between - start);
    best_step = std::min(best_step, end - start);
  }
  const double tokens = static_cast<double>(options.batch) * options.length;
  const double peak = PeakOfThread(target) * options.threads;
  const double rate = tokens * OperationsPerToken(options.shape) / best_step;
  std::printf(
      "target %s, threads %d: %.0f tokens/s (best step %.2f ms, gradients "
      "%.2f ms, forward alone %.2f ms); %.1f GFLOP/s, %.0f %% of %.1f\n",
      std::string(TargetName(target)).c_str(), options.threads,
      tokens / best_step, 1e3 * best_step, 1e3 * best_pass,
      1e3 * best_forward, rate / 1e9,
      100 * rate / peak, peak / 1e9);
}

int Main(int argc, char** argv) {
  CLI::App app("Measures training steps");
  Options options;
  ModelShape& shape = options.shape;
  shape.vocab_size = 260;
  shape.hidden_size = 128;
  shape.layer_count = 4;
  shape.head_count = 4;
  shape.head_dim = 32;
  shape.ffn_size = 352;
  shape.rope_theta = 10000;
  shape.rms_norm_epsilon = 1e-5f;
  app.add_option("--hidden", shape.hidden_size, "hidden_size; default 128");
  app.add_option("--layers", shape.layer_count, "Layers; default 4");
  app.add_option("--heads", shape.head_count, "Heads; default 4");
  app.add_option("--ffn", shape.ffn_size, "ffn_size; default 352");
  app.add_option("--vocab", shape.vocab_size, "vocab_size; default 260");
  app.add_option("--batch", options.batch, "Texts a step; default 32");
  app.add_option("--length", options.length, "Tokens a text; default 64");
  app.add_option("--steps", options.steps, "Steps; default 20");
  app.add_option("--threads", options.threads, "Threads; default 1");
  app.add_option("--target", options.target, "Kernels; default the best");
  CLI11_PARSE(app, argc, argv);
  shape.kv_head_count = shape.head_count;
  shape.head_dim = shape.hidden_size / shape.head_count;
  shape.max_context = options.length;
  Measure(options);
  return 0;
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) { return pedigree::Main(argc, argv); }
