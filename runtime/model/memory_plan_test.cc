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
  const absl::StatusOr<MemoryPlan> plan = PlanMemory(shape);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->normed, 512u * 4);
  EXPECT_EQ(plan->logits - plan->scores, 64u);          // 7 floats
  EXPECT_EQ(plan->rope_frequencies - plan->logits, 1088u);  // 261 floats
  EXPECT_EQ(plan->activation_scales - plan->activation_values, 2048u);
  EXPECT_EQ(plan->scratch_bytes - plan->activation_scales, 64u * 4);
  EXPECT_EQ(plan->kv_cache, plan->scratch_bytes);
}

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
  EXPECT_TRUE(PlanMemory(SizeCheckShape(), plan->total_bytes).ok());
  const absl::Status status =
      PlanMemory(SizeCheckShape(), plan->total_bytes - 1).status();
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
    const absl::Status status = PlanMemory(shape, UINT64_MAX / 2).status();
    if (!status.ok()) {
      EXPECT_EQ(GetErrorCode(status), ErrorCode::kResourceLimit);
    }
  }
  EXPECT_NE(PlanMemory(shape, UINT64_MAX).status().message().find("2^64"),
            std::string::npos);
}

}  // namespace
}  // namespace pedigree
