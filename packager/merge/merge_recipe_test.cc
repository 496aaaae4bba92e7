#include "packager/merge/merge_recipe.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

using testing::ElementsAre;

absl::StatusOr<MergePlan> Read(const std::string& recipe) {
  return ReadMergeRecipe(absl::StrCat(
      "schema_version: \"pedigree.merge_recipe.v1\"\n", recipe));
}

constexpr char kTwo[] = R"(models { model: "a" } models { model: "b" })";

TEST(MergeRecipeTest, ReadsModelsAndSettings) {
  const auto plan = Read(R"(
    method: "dare_ties"
    base: "parent.slm"
    models { model: "a.slm" weight: "0.50" }
    models { model: "b.slm" }
    density: "2e-1"
    seed: 7
    dtype: "q8_0"
    q8_0_group: "32")");
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->base, "parent.slm");
  EXPECT_THAT(plan->models, ElementsAre("a.slm", "b.slm"));
  EXPECT_EQ(plan->config.dtype(), "q8_0");
  EXPECT_EQ(plan->config.q8_0_group(), "32");
  EXPECT_THAT(plan->config.merge().weights(), ElementsAre("0.5", "1"));
  EXPECT_EQ(plan->config.merge().density(), "0.2");
  EXPECT_EQ(plan->config.merge().lambda(), "1");
  EXPECT_EQ(plan->config.merge().interpolation(), "");
  const auto settings = ReadMergeConfig(plan->config.merge(), 2);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->method, MergeMethod::kDareTies);
  EXPECT_THAT(settings->weights, ElementsAre(0.5f, 1.0f));
  EXPECT_EQ(settings->density, 0.2f);
  EXPECT_EQ(settings->seed, 7u);
}

TEST(MergeRecipeTest, StoresF32ByDefault) {
  const auto plan = Read(absl::StrCat("method: \"soup\" ", kTwo));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->config.dtype(), "f32");
  EXPECT_EQ(plan->config.q8_0_group(), "row");
}

TEST(MergeRecipeTest, RefusesWhatTheMethodLacks) {
  const struct {
    const char* recipe;
    const char* message;
  } kCases[] = {
      {R"(method: "average")",
       "Invalid merge: method \"average\" (expected soup, task_arithmetic, "
       "slerp, ties, dare or dare_ties)"},
      {R"(method: "soup" models { model: "a" })",
       "Invalid merge: 1 models (soup needs 2 or more)"},
      {R"(method: "slerp" interpolation: "0.5" models { model: "a" }
          models { model: "b" } models { model: "c" })",
       "Invalid merge: 3 models (slerp needs 2)"},
      {R"(method: "ties" base: "p" density: "1")",
       "Invalid merge: 0 models (ties needs 1 or more)"},
      {R"(method: "soup" models { model: "" } models { model: "b" })",
       "Invalid merge: a model has no name"},
      {R"(method: "soup" base: "p" models { model: "a" })",
       "Invalid merge: unexpected base \"p\" (soup has none)"},
      {R"(method: "task_arithmetic" models { model: "a" })",
       "Invalid merge: base is missing (task_arithmetic needs it)"},
      {R"(method: "ties" base: "p" models { model: "a" })",
       "Invalid merge: density is missing (ties needs it)"},
      {R"(method: "dare" base: "p" models { model: "a" } density: "0")",
       "Invalid merge: density 0 (expected above 0, at most 1)"},
      {R"(method: "dare" base: "p" models { model: "a" } density: "1.5")",
       "Invalid merge: density 1.5 (expected above 0, at most 1)"},
      {R"(method: "soup" density: "0.5" models { model: "a" }
          models { model: "b" })",
       "Invalid merge: unexpected density \"0.5\" (soup has none)"},
      {R"(method: "soup" lambda: "1" models { model: "a" }
          models { model: "b" })",
       "Invalid merge: unexpected lambda \"1\" (soup has none)"},
      {R"(method: "soup" seed: 3 models { model: "a" } models { model: "b" })",
       "Invalid merge: unexpected seed 3 (soup has none)"},
      {R"(method: "slerp" models { model: "a" } models { model: "b" })",
       "Invalid merge: interpolation is missing (slerp needs it)"},
      {R"(method: "slerp" interpolation: "-0.5" models { model: "a" }
          models { model: "b" })",
       "Invalid merge: interpolation -0.5 (expected 0 to 1)"},
      {R"(method: "slerp" interpolation: "0.5" models { model: "a" weight: "1" }
          models { model: "b" weight: "1" })",
       "Invalid merge: 2 weights of 2 models (slerp has 0)"},
      {R"(method: "soup" models { model: "a" weight: "-1" }
          models { model: "b" })",
       "Invalid merge: weight -1 (expected above 0)"},
      {R"(method: "dare" density: "1" base: "p"
          models { model: "a" weight: "0" })",
       "Invalid merge: weight 0 (expected not 0)"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Read(test.recipe).status().message(), test.message);
  }
}

TEST(MergeRecipeTest, RefusesAnotherSchema) {
  EXPECT_EQ(ReadMergeRecipe("schema_version: \"v2\"").status().message(),
            "Unsupported merge recipe: schema_version \"v2\" (this build reads "
            "\"pedigree.merge_recipe.v1\")");
}

// A receipt's settings have one form.
TEST(MergeConfigTest, RefusesDecimalsInAnotherForm) {
  auto plan = Read(absl::StrCat("method: \"soup\" ", kTwo));
  ASSERT_TRUE(plan.ok());
  plan->config.mutable_merge()->set_weights(1, "1.0");
  EXPECT_EQ(ReadMergeConfig(plan->config.merge(), 2).status().message(),
            "Invalid merge: weight \"1.0\" is not written as \"1\"");
  EXPECT_EQ(ReadMergeConfig(plan->config.merge(), 3).status().message(),
            "Invalid merge: 2 weights of 3 models (soup has 3)");
}

}  // namespace
}  // namespace pedigree
