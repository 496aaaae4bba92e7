#include "runtime/model/memory_plan.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/base/error_code.h"
#include "runtime/format/slm_format.h"

namespace pedigree {
namespace {

// The shape of the size check in docs/formats/slm.md.
ModelShape SizeCheckShape() {
  ModelShape shape;
  shape.vocab_size = 260;
  shape.hidden_size = 512;
  shape.layer_count = 4;
  shape.head_count = 8;
  shape.kv_head_count = 8;
  shape.head_dim = 64;
  shape.ffn_size = 2048;
  shape.max_context = 512;
  return shape;
}

TEST(MemoryPlanTest, KvCacheOfTheSizeCheckIs8MiB) {
  const absl::StatusOr<MemoryPlan> plan = PlanMemory(SizeCheckShape());
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->kv_cache_bytes, uint64_t{8} << 20);
  EXPECT_EQ(plan->total_bytes, plan->scratch_bytes + plan->kv_cache_bytes);
  EXPECT_EQ(KvBytesPerToken(SizeCheckShape()), uint64_t{16} << 10);
}

TEST(MemoryPlanTest, PartsAreAlignedAndDoNotOverlap) {
  ModelShape shape = SizeCheckShape();
  shape.vocab_size = 261;
  shape.max_context = 7;
  MemoryOptions options;
  options.batch_tokens = 3;
  options.logits_rows = 2;
  options.threads = 2;
  const absl::StatusOr<MemoryPlan> plan = PlanMemory(shape, options);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->normed, 3u * 512 * 4);
  EXPECT_EQ(plan->rope_frequencies - plan->logits, 2112u);  // 2 x 261 floats
  EXPECT_EQ(plan->split_integers - plan->integers, 3u * 512);
  EXPECT_EQ(plan->gate_split_integers - plan->gate_integers, 3u * 2048);
  // Scores of whole vectors for each thread.
  EXPECT_EQ(plan->tile - plan->scores, 2u * kAttentionTokens * 16 * 4);
  EXPECT_EQ(plan->tile_bytes, 16u * (2048 + 2048 / 32 * 4));
  EXPECT_EQ(plan->scratch_bytes - plan->tile, 2 * plan->tile_bytes);
  for (uint64_t offset :
       {plan->normed, plan->query, plan->logits, plan->rope_cosines,
        plan->integers, plan->gate_scales, plan->scores, plan->tile}) {
    EXPECT_EQ(offset % 64, 0u);
  }
}

TEST(MemoryPlanTest, EverySequenceHasItsOwnKvCache) {
  MemoryOptions options;
  options.sequences = 3;
  options.context_tokens = 100;
  const absl::StatusOr<MemoryPlan> plan =
      PlanMemory(SizeCheckShape(), options);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->context_tokens, 100u);
  // Keys of 112 positions and values of 100.
  EXPECT_EQ(plan->kv_cache_bytes, 3u * 4 * 8 * 64 * 4 * (112 + 100));
}

struct BadOption {
  const char* message;
  void (*set)(MemoryOptions&);
};

class BadMemoryOptionTest : public testing::TestWithParam<BadOption> {};

TEST_P(BadMemoryOptionTest, IsRefused) {
  MemoryOptions options;
  GetParam().set(options);
  const absl::Status status = PlanMemory(SizeCheckShape(), options).status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidLength);
  EXPECT_EQ(status.message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    AllOptions, BadMemoryOptionTest,
    testing::Values(
        BadOption{"Invalid option: batch_tokens is 0 (expected 1..64)",
                  [](MemoryOptions& o) { o.batch_tokens = 0; }},
        BadOption{"Invalid option: batch_tokens is 65 (expected 1..64)",
                  [](MemoryOptions& o) { o.batch_tokens = 65; }},
        BadOption{"Invalid option: logits_rows is 65 (expected 1..64)",
                  [](MemoryOptions& o) { o.logits_rows = 65; }},
        BadOption{"Invalid option: threads is 257 (expected 1..256)",
                  [](MemoryOptions& o) { o.threads = 257; }},
        BadOption{"Invalid option: sequences is 0 (expected 1..4294967295)",
                  [](MemoryOptions& o) { o.sequences = 0; }},
        BadOption{"Invalid option: context_tokens is 513 (expected 1..512)",
                  [](MemoryOptions& o) { o.context_tokens = 513; }}));

TEST(MemoryPlanTest, RefusesAContextPastTheLimit) {
  ModelShape shape = SizeCheckShape();
  shape.max_context = kMaxContextLimit + 1;
  const absl::Status status = PlanMemory(shape).status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kResourceLimit);
  EXPECT_EQ(status.message(), "Model has max_context 1048577 (limit 1048576)");
}

TEST(MemoryPlanTest, RefusesMoreThanTheBudget) {
  const absl::StatusOr<MemoryPlan> plan = PlanMemory(SizeCheckShape());
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(PlanMemory(SizeCheckShape(), {}, plan->total_bytes).ok());
  const absl::Status status =
      PlanMemory(SizeCheckShape(), {}, plan->total_bytes - 1).status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kResourceLimit);
  EXPECT_NE(status.message().find(std::to_string(plan->total_bytes)),
            std::string::npos);
}

TEST(MemoryPlanTest, NoShapeOverflows) {
  ModelShape shape = SizeCheckShape();
  shape.max_context = kMaxContextLimit;
  for (uint32_t* field : {&shape.hidden_size, &shape.ffn_size,
                          &shape.head_dim, &shape.vocab_size,
                          &shape.head_count, &shape.kv_head_count,
                          &shape.layer_count}) {
    *field = UINT32_MAX;
    const absl::Status status = PlanMemory(shape, {}, UINT64_MAX / 2).status();
    if (!status.ok()) {
      EXPECT_EQ(GetErrorCode(status), ErrorCode::kResourceLimit);
    }
  }
  EXPECT_NE(PlanMemory(shape, {}, UINT64_MAX).status().message().find("2^64"),
            std::string::npos);
}

}  // namespace
}  // namespace pedigree
