#include "packager/training/kernels/training_kernels.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/kernels/target.h"
#include "runtime/tensor/math.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

using Floats = std::vector<float>;

const TrainingKernels& Scalar() {
  return FindTrainingKernels(Target::kScalar);
}

// Lengths that fill vectors, and that do not.
constexpr size_t kSizes[] = {1, 3, 4, 7, 8, 15, 16, 17, 31, 48, 96, 130};

class TrainingKernelsTest : public testing::TestWithParam<Target> {
 protected:
  const TrainingKernels& kernels() { return FindTrainingKernels(GetParam()); }

  // `count` values of its own each time.
  Floats Random(size_t count, float range = 2.0f) {
    return RandomValues(++seed_, count, range);
  }

 private:
  uint64_t seed_ = 0;
};

std::string NameOf(const testing::TestParamInfo<Target>& info) {
  std::string name(TargetName(info.param));
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Targets, TrainingKernelsTest,
                         testing::ValuesIn(SupportedTargets()), NameOf);

struct ProductShape {
  size_t rows, inner, columns;
};

TEST_P(TrainingKernelsTest, OuterProductsEqualTheReference) {
  const ProductShape shapes[] = {{1, 1, 1},     {2, 3, 4},    {5, 17, 9},
                                 {6, 128, 64},  {7, 129, 65}, {13, 300, 112},
                                 {12, 256, 48}, {11, 31, 8},  {3, 40, 100}};
  for (const ProductShape& shape : shapes) {
    for (const bool transposed : {false, true}) {
      for (const bool add : {false, true}) {
        const size_t gap = 3;
        const Floats a = Random((shape.rows + gap) * (shape.inner + gap));
        const Floats b = Random((shape.columns + gap) * shape.inner);
        Floats expected = Random((shape.columns + gap) * shape.rows);
        Floats found = expected;
        OuterProducts products;
        products.a = a.data();
        products.a_row_stride = transposed ? 1 : shape.inner + gap;
        products.a_inner_stride = transposed ? shape.rows + gap : 1;
        products.b = b.data();
        products.b_stride = shape.columns + gap;
        products.out_stride = shape.columns + gap;
        products.rows = shape.rows;
        products.inner = shape.inner;
        products.columns = shape.columns;
        products.add = add;
        products.out = expected.data();
        Scalar().add_outer_products(products);
        products.out = found.data();
        kernels().add_outer_products(products);
        EXPECT_EQ(found, expected)
            << shape.rows << " " << shape.inner << " " << shape.columns;
      }
    }
  }
}

TEST_P(TrainingKernelsTest, NoInnerIndexGivesZerosOrTheStart) {
  Floats out = {1, 2};
  OuterProducts products;
  products.out = out.data();
  products.out_stride = 2;
  products.rows = 1;
  products.columns = 2;
  products.add = true;
  kernels().add_outer_products(products);
  EXPECT_EQ(out, Floats({1, 2}));
  products.add = false;
  kernels().add_outer_products(products);
  EXPECT_EQ(out, Floats({0, 0}));
}

TEST_P(TrainingKernelsTest, RmsNormGradientsEqualTheReference) {
  for (const size_t size : kSizes) {
    const Floats x = Random(size);
    const Floats weight = Random(size);
    const Floats dy = Random(size);
    Floats expected = Random(size);
    Floats found = expected;
    const float scale = Scalar().rms_norm_gradient(
        x.data(), weight.data(), dy.data(), 1e-5f, size, expected.data());
    EXPECT_EQ(kernels().rms_norm_gradient(x.data(), weight.data(), dy.data(),
                                          1e-5f, size, found.data()),
              scale);
    EXPECT_EQ(found, expected) << size;
  }
}

TEST_P(TrainingKernelsTest, NormWeightGradientsEqualTheReference) {
  for (const size_t size : kSizes) {
    const size_t rows = 9;
    const Floats dy = Random(size * rows);
    const Floats x = Random(size * rows);
    const Floats inverse = Random(rows);
    Floats expected(size);
    Floats found(size);
    Scalar().norm_weight_gradient(dy.data(), x.data(), size, inverse.data(),
                                  rows, size, expected.data());
    kernels().norm_weight_gradient(dy.data(), x.data(), size, inverse.data(),
                                   rows, size, found.data());
    EXPECT_EQ(found, expected) << size;
  }
}

TEST_P(TrainingKernelsTest, SwiGluGradientsEqualTheReference) {
  for (const size_t size : kSizes) {
    Floats gate = Random(size, 20.0f);
    gate[0] = -200;
    const Floats up = Random(size);
    Floats expected = Random(size);
    Floats found = expected;
    Floats expected_up(size);
    Floats found_up(size);
    Scalar().swiglu_gradient(gate.data(), up.data(), expected.data(),
                             expected_up.data(), size);
    kernels().swiglu_gradient(gate.data(), up.data(), found.data(),
                              found_up.data(), size);
    EXPECT_EQ(found, expected) << size;
    EXPECT_EQ(found_up, expected_up) << size;
  }
}

TEST_P(TrainingKernelsTest, SoftmaxGradientsEqualTheReference) {
  for (const size_t size : kSizes) {
    const Floats probabilities = Random(size, 1.0f);
    Floats expected = Random(size);
    Floats found = expected;
    Scalar().softmax_gradient(probabilities.data(), expected.data(), size,
                              0.25f);
    kernels().softmax_gradient(probabilities.data(), found.data(), size,
                               0.25f);
    EXPECT_EQ(found, expected) << size;
  }
}

TEST_P(TrainingKernelsTest, CrossEntropiesEqualTheReference) {
  for (const size_t size : kSizes) {
    for (const size_t target : {size_t{0}, size / 2, size - 1}) {
      Floats expected = Random(size, 30.0f);
      Floats found = expected;
      const CrossEntropyRow row =
          Scalar().cross_entropy(expected.data(), size, target, 0.125f);
      const CrossEntropyRow same =
          kernels().cross_entropy(found.data(), size, target, 0.125f);
      EXPECT_EQ(found, expected) << size;
      EXPECT_EQ(same.largest, row.largest);
      EXPECT_EQ(same.sum, row.sum);
      EXPECT_EQ(same.target_logit, row.target_logit);
    }
  }
}

TEST_P(TrainingKernelsTest, SumsEqualTheReference) {
  for (const size_t size : kSizes) {
    const Floats x = Random(size);
    Floats expected = Random(size);
    Floats found = expected;
    Scalar().add_scaled(expected.data(), x.data(), 0.3f, size);
    kernels().add_scaled(found.data(), x.data(), 0.3f, size);
    EXPECT_EQ(found, expected) << size;
    EXPECT_EQ(kernels().sum_of_squares(x.data(), size),
              Scalar().sum_of_squares(x.data(), size));
  }
}

TEST_P(TrainingKernelsTest, AdamStepsEqualTheReference) {
  AdamStep step;
  step.gradient_scale = 0.7f;
  step.beta1 = 0.9f;
  step.one_minus_beta1 = 0.1f;
  step.beta2 = 0.99f;
  step.one_minus_beta2 = 0.01f;
  step.second_moment_scale = 3.0f;
  step.epsilon = 1e-8f;
  step.step_size = 0.01f;
  step.decay = 0.001f;
  for (const size_t size : kSizes) {
    const Floats gradient = Random(size);
    Floats expected[3] = {Random(size), Random(size), Random(size)};
    for (float& v : expected[1]) v = v < 0 ? -v : v;
    Floats found[3] = {expected[0], expected[1], expected[2]};
    Scalar().adam_step(step, gradient.data(), expected[0].data(),
                       expected[1].data(), expected[2].data(), size);
    kernels().adam_step(step, gradient.data(), found[0].data(),
                        found[1].data(), found[2].data(), size);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(found[i], expected[i]) << size;
  }
}

TEST(ScalarTrainingKernelsTest, CrossEntropyIsThatOfProbabilities) {
  // e^0 : e^1 : e^2 = 1 : 2.718 : 7.389.
  Floats logits = {0, 1, 2};
  const CrossEntropyRow row =
      Scalar().cross_entropy(logits.data(), 3, 1, 1.0f);
  EXPECT_NEAR(Log(row.sum) - (row.target_logit - row.largest), 1.407606, 1e-6);
  EXPECT_NEAR(logits[0], 0.09003057, 1e-7);
  EXPECT_NEAR(logits[1], 0.24472847 - 1, 1e-7);
  EXPECT_NEAR(logits[2], 0.66524096, 1e-7);
}

TEST(ScalarTrainingKernelsTest, AdamStepFollowsTheFirstGradientsSign) {
  AdamStep step;
  step.beta1 = 0.9f;
  step.one_minus_beta1 = 0.1f;
  step.beta2 = 0.99f;
  step.one_minus_beta2 = 0.01f;
  // What the first step has: 1 / sqrt(1 - beta2), rate / (1 - beta1).
  step.second_moment_scale = 10.0f;
  step.step_size = 0.1f;
  const Floats gradient = {5.0f, -0.001f};
  Floats first(2), second(2), weights(2);
  Scalar().adam_step(step, gradient.data(), first.data(), second.data(),
                     weights.data(), 2);
  EXPECT_NEAR(weights[0], -0.01f, 1e-7);
  EXPECT_NEAR(weights[1], 0.01f, 1e-7);
}

TEST(ScalarTrainingKernelsTest, TargetsShareTheWidestTableTheyHave) {
#if defined(__x86_64__)
  EXPECT_EQ(&FindTrainingKernels(Target::kAvx512),
            &FindTrainingKernels(Target::kAvx512Vnni));
  EXPECT_NE(&FindTrainingKernels(Target::kAvx2),
            &FindTrainingKernels(Target::kAvx512));
#endif
  EXPECT_NE(&FindTrainingKernels(SupportedTargets().back()), &Scalar());
}

}  // namespace
}  // namespace pedigree
