#include "release/layer.h"

#include <string>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(LayerTest, EveryKindIsFoundByItsName) {
  for (int i = 0; i < kLayerKindCount; ++i) {
    const LayerKind kind = static_cast<LayerKind>(i);
    std::string name(LayerFilePathPrefix(kind));
    if (name.back() == '/') name += "0.json";
    EXPECT_EQ(LayerKindOfFilePath(name), kind) << name;
    EXPECT_TRUE(IsSafeFilePath(name)) << name;
    EXPECT_NE(LayerMediaType(kind), "");
  }
}

TEST(LayerTest, AFolderBelowAnotherIsAKindOfItsOwn) {
  EXPECT_EQ(LayerKindOfFilePath("licenses/MIT"), LayerKind::kLicense);
  EXPECT_EQ(LayerKindOfFilePath("licenses/third-party"), LayerKind::kLicense);
  EXPECT_EQ(LayerKindOfFilePath("licenses/third-party/zstd/LICENSE"),
            LayerKind::kNotice);
}

TEST(LayerTest, RefusesNamesOfNoKind) {
  EXPECT_EQ(LayerKindOfFilePath(""), std::nullopt);
  EXPECT_EQ(LayerKindOfFilePath("model.slm.bak"), std::nullopt);
  EXPECT_EQ(LayerKindOfFilePath("x/model.slm"), std::nullopt);
  EXPECT_EQ(LayerKindOfFilePath("adapters"), std::nullopt);
}

TEST(LayerTest, RefusesUnsafeNames) {
  for (const char* name :
       {"", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", ".a", "a/.b", ".",
        "a\\b", "a b", "a\nb", "a:b", "\xC3\xA9"}) {
    EXPECT_FALSE(IsSafeFilePath(name)) << name;
  }
  EXPECT_TRUE(IsSafeFilePath(std::string(255, 'a')));
  EXPECT_FALSE(IsSafeFilePath(std::string(256, 'a')));
  EXPECT_TRUE(IsSafeFilePath("a..b/c+d-e_f.g"));
}

TEST(LayerTest, OnlyRecordsAreDocuments) {
  EXPECT_TRUE(IsDocument(LayerKind::kRecord));
  EXPECT_TRUE(IsDocument(LayerKind::kPolicy));
  EXPECT_FALSE(IsDocument(LayerKind::kModel));
  EXPECT_FALSE(IsDocument(LayerKind::kRuntime));
  EXPECT_FALSE(IsDocument(LayerKind::kNotice));
  EXPECT_TRUE(IsDocument(LayerKind::kBom));
}

}  // namespace
}  // namespace pedigree
