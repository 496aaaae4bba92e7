// How far the runtime's arithmetic is from the exact one: elementary functions
// against libm in a wider type, logits against a forward pass in binary64.
// docs/notes/accuracy.md has the results.

#ifndef PEDIGREE_RUNTIME_BENCH_ACCURACY_H_
#define PEDIGREE_RUNTIME_BENCH_ACCURACY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/kernels/kernels.h"

namespace pedigree {

// The largest error over some inputs, in units in the last place of the exact
// result: of f32 for ExpF and tables, of f64 for Exp, Sin and Cos.
struct UlpError {
  uint64_t inputs = 0;
  double largest = 0;
  double at = 0;  // the input
};

// ExpF of every `stride`-th float (by its bits) of those that neither overflow
// nor vanish, against exp in binary64, which is within 2^-29 of such a unit.
UlpError ExpFError(uint32_t stride);

// How many inputs of the same kind the kernels' exponential treats otherwise
// than the scalar one, as seen through SwiGLU (all floats) and through a softmax
// of two scores (those in -104..0). Must be 0.
uint64_t ExponentialDifferences(const Kernels& kernels, uint32_t stride);

// Exp at `count` points from -708 to 709, against long double.
UlpError ExpError(uint32_t count);

// Sin and Cos of the angles that RoPE takes: for theta 10^4, 5 * 10^5 and 10^6,
// heads of 8, 48, 64 and 128, every pair, every `stride`-th position below
// kMaxContextLimit.
struct RopeError {
  // Of the angle as it is, in f64.
  UlpError sine;
  UlpError cosine;
  double largest_absolute = 0;
  // Of the f32 values in the table: in ulp against the angle as it is.
  UlpError table;
  // The table against position * theta^(-2i / head_dim) exactly: its rounding and
  // that of the angle, absolute.
  double largest_table_absolute = 0;
};
RopeError RopeErrors(uint32_t stride);

// The logits of ReferenceGeneration against those of WideLogits, on the same
// dequantized weights. The relative error of a position is the norm of the
// difference over the norm of the exact logits.
struct LogitError {
  uint64_t positions = 0;
  double largest = 0;
  double rms = 0;
  // Positions whose largest logit is the same token's.
  uint64_t same_choice = 0;
};

// Errors: those of Model::Load and ReferenceGeneration.
absl::StatusOr<LogitError> LogitErrors(ByteSpan model_file,
                                       std::string_view prompt);

// Random models of three shapes and the types f32, q8_0 (a scale a row, and a
// block of 32) and q4_0 (32).
struct AccuracyModel {
  std::string name;
  std::string type;
  std::string file;
};
int AccuracyModelCount();
AccuracyModel MakeAccuracyModel(int index);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BENCH_ACCURACY_H_
