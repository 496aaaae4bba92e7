#include "runtime/model/kv_cache.h"

#include <cstdint>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/format/slm_format.h"

namespace pedigree {
namespace {

TEST(KvCacheTest, EveryVectorHasItsPlace) {
  ModelShape shape;
  shape.layer_count = 3;
  shape.kv_head_count = 2;
  shape.head_dim = 4;
  shape.max_context = 5;
  std::vector<float> values(2 * 3 * 5 * 2 * 4);
  KvCache cache(shape, values.data());
  std::set<const float*> starts;
  for (uint32_t layer = 0; layer < 3; ++layer) {
    for (uint32_t head = 0; head < 2; ++head) {
      for (uint32_t position = 0; position < 5; ++position) {
        for (const float* start :
             {cache.Key(layer, head, position).data(),
              cache.Value(layer, head, position).data()}) {
          EXPECT_GE(start, values.data());
          EXPECT_LE(start + 4, values.data() + values.size());
          EXPECT_EQ((start - values.data()) % 4, 0);
          EXPECT_TRUE(starts.insert(start).second);
        }
      }
    }
  }
  EXPECT_EQ(starts.size() * 4, values.size());
}

TEST(KvCacheTest, KeysOfAHeadFollowEachOther) {
  ModelShape shape;
  shape.layer_count = 1;
  shape.kv_head_count = 2;
  shape.head_dim = 8;
  shape.max_context = 6;
  std::vector<float> values(2 * 6 * 2 * 8);
  KvCache cache(shape, values.data());
  EXPECT_EQ(cache.Key(0, 1, 3).data() + 8, cache.Key(0, 1, 4).data());
}

}  // namespace
}  // namespace pedigree
