#include "runtime/model/kv_cache.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/format/slm_format.h"

namespace pedigree {
namespace {

ModelShape Shape() {
  ModelShape shape;
  shape.layer_count = 3;
  shape.kv_head_count = 2;
  shape.head_dim = 4;
  shape.max_context = 21;
  return shape;
}

// The key of one position, gathered from its lane.
std::vector<float> Key(const KvCache& cache, uint32_t layer, uint32_t head,
                       uint32_t position) {
  const float* keys = cache.Keys(layer, head);
  std::vector<float> key;
  for (uint32_t i = 0; i < 4; ++i) {
    key.push_back(keys[(position / 16 * 4 + i) * 16 + position % 16]);
  }
  return key;
}

TEST(KvCacheTest, EveryVectorComesBack) {
  absl::StatusOr<KvCache> cache = KvCache::Create(Shape(), 21);
  ASSERT_TRUE(cache.ok());
  const auto vector_of = [](uint32_t layer, uint32_t head, uint32_t position,
                            float sign) {
    const float base =
        sign * static_cast<float>(((layer * 2 + head) * 21 + position) * 4 + 1);
    return std::vector<float>{base, base + sign, base + 2 * sign,
                              base + 3 * sign};
  };
  for (uint32_t layer = 0; layer < 3; ++layer) {
    for (uint32_t head = 0; head < 2; ++head) {
      for (uint32_t position = 0; position < 21; ++position) {
        cache->Store(layer, head, position,
                     vector_of(layer, head, position, 1).data(),
                     vector_of(layer, head, position, -1).data());
      }
    }
  }
  for (uint32_t layer = 0; layer < 3; ++layer) {
    for (uint32_t head = 0; head < 2; ++head) {
      for (uint32_t position = 0; position < 21; ++position) {
        EXPECT_EQ(Key(*cache, layer, head, position),
                  vector_of(layer, head, position, 1));
        const float* value = cache->Values(layer, head) + position * 4;
        EXPECT_EQ(std::vector<float>(value, value + 4),
                  vector_of(layer, head, position, -1));
      }
    }
  }
}

TEST(KvCacheTest, KeysAreRoundedUpToWholeBlocksOfPositions) {
  // 3 layers, 2 heads, (32 + 21) positions, 4 floats.
  EXPECT_EQ(KvCache::Bytes(Shape(), 21), 3u * 2 * (32 + 21) * 4 * 4);
  EXPECT_EQ(KvCache::Bytes(Shape(), 16), 3u * 2 * (16 + 16) * 4 * 4);
  const absl::StatusOr<KvCache> cache = KvCache::Create(Shape(), 21);
  ASSERT_TRUE(cache.ok());
  EXPECT_EQ(cache->bytes(), KvCache::Bytes(Shape(), 21));
  EXPECT_EQ(cache->capacity(), 21u);
}

TEST(KvCacheTest, ASizeThatOverflowsIsTheLargest) {
  ModelShape shape;
  shape.layer_count = UINT32_MAX;
  shape.kv_head_count = UINT32_MAX;
  shape.head_dim = UINT32_MAX;
  EXPECT_EQ(KvCache::Bytes(shape, UINT32_MAX),
            std::numeric_limits<uint64_t>::max());
}

}  // namespace
}  // namespace pedigree
