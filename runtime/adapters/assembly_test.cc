#include "runtime/adapters/assembly.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

TEST(AssemblyTest, IsTheDigestOfTheCanonicalJson) {
  const Digest base = Sha256("base");
  const Digest first = Sha256("first");
  const Digest second = Sha256("second");
  EXPECT_EQ(AssemblyDigest(base, {}),
            Sha256(absl::StrCat("{\"adapters\":[],\"base\":\"",
                                base.ToString(), "\"}")));
  EXPECT_EQ(AssemblyDigest(base, {first, second}),
            Sha256(absl::StrCat("{\"adapters\":[\"", first.ToString(),
                                "\",\"", second.ToString(), "\"],\"base\":\"",
                                base.ToString(), "\"}")));
}

TEST(AssemblyTest, OrderMatters) {
  const Digest base = Sha256("base");
  const Digest first = Sha256("first");
  const Digest second = Sha256("second");
  EXPECT_NE(AssemblyDigest(base, {first, second}),
            AssemblyDigest(base, {second, first}));
}

}  // namespace
}  // namespace pedigree
