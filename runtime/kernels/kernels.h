// The inner loops of inference, in one version for each instruction set.
//
// Every version gives the bits of docs/numerics.md; the scalar one is that page
// in C++, and the others are tested against it. Arrays need no alignment beyond
// that of their elements, but run faster on multiples of 64 bytes. No function
// allocates or fails; one that meets a value that is not finite says so.

#ifndef PEDIGREE_RUNTIME_KERNELS_KERNELS_H_
#define PEDIGREE_RUNTIME_KERNELS_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "runtime/kernels/packing.h"
#include "runtime/kernels/target.h"
#include "runtime/tensor/quantize_activation.h"

namespace pedigree {

// The most tokens that one call of a matrix product or of attention takes.
inline constexpr size_t kMaxBatchTokens = 64;

// Activations of several tokens, in the forms that matrices read.
struct ActivationBatch {
  size_t tokens = 0;  // 1..kMaxBatchTokens
  size_t columns = 0;

  // f32 [tokens][value_stride].
  const float* values = nullptr;
  size_t value_stride = 0;

  // The same as QuantizeActivation makes them, or null. Each row is filled up
  // with zeros to integer_stride, a multiple of kActivationBlock.
  const int8_t* integers = nullptr;
  // As `integers`, with the even columns of each block before its odd ones:
  // the order in which the low and the high nibbles of q4_0 lie.
  const int8_t* split_integers = nullptr;
  size_t integer_stride = 0;
  // [tokens][integer_stride / kActivationBlock]: scale of each block, and the
  // sum of its integers.
  const float* scales = nullptr;
  const int32_t* sums = nullptr;

  size_t blocks() const { return integer_stride / kActivationBlock; }
};

// Where to put one token's quantized activation; see ActivationBatch.
struct QuantizedRow {
  int8_t* integers = nullptr;
  int8_t* split_integers = nullptr;
  float* scales = nullptr;
  int32_t* sums = nullptr;
};

// Causal attention of one head for tokens at consecutive positions.
struct AttentionHead {
  // f32 [position / 16][head_dim][16]: lanes are positions.
  const float* keys = nullptr;
  // f32 [position][head_dim].
  const float* values = nullptr;
  size_t head_dim = 0;

  // Queries of the tokens, query_stride floats apart.
  const float* queries = nullptr;
  size_t query_stride = 0;
  size_t tokens = 0;  // 1..kMaxBatchTokens
  // The first token's; it sees the keys of positions 0..first_position.
  size_t first_position = 0;

  // 1 / sqrt(head_dim).
  float scale = 0;
  // Scratch, f32 [tokens][score_stride]; score_stride is a multiple of 16 and
  // above the last position.
  float* scores = nullptr;
  size_t score_stride = 0;

  float* out = nullptr;  // [tokens] rows of head_dim, out_stride apart
  size_t out_stride = 0;
};

// What an attention call found.
enum class AttentionResult { kOk, kScoresNotFinite, kOutputNotFinite };

// The table of one target. "Finite" results tell whether all outputs are.
struct Kernels {
  Target target;

  // out[t][r] = dot(row r of `weights`, activation t) for begin_row <= r <
  // end_row. begin_row is a multiple of kTileRows; out: [tokens][out_stride],
  // indexed by r. `tile` has TileScratchBytes(weights) bytes.
  void (*mat_mul)(const TensorView& weights, size_t begin_row, size_t end_row,
                  const ActivationBatch& x, float* out, size_t out_stride,
                  uint8_t* tile);

  // Quantizes columns [begin, end) of one token; begin is a multiple of
  // kActivationBlock, and end too unless it is the row's last column. Fills
  // the last block up with zeros. Leaves out what `to` has no room for.
  void (*quantize)(const float* x, size_t begin, size_t end,
                   const QuantizedRow& to);

  // RmsNorm of runtime/tensor/rms_norm.h. Finite.
  bool (*rms_norm)(const float* x, const float* weight, float epsilon,
                   size_t size, float* out);

  // gate[i] = Silu(gate[i]) * up[i]. Finite: inputs and results.
  bool (*swiglu)(float* gate, const float* up, size_t size);

  // x[i] = x[i] + delta[i]. Finite.
  bool (*add)(float* x, const float* delta, size_t size);

  // Turns `pairs` adjacent pairs by their angles. Finite.
  bool (*rope)(float* head, const float* cosines, const float* sines,
               size_t pairs);

  bool (*all_finite)(const float* x, size_t size);

  AttentionResult (*attend)(const AttentionHead& head);

  // The lowest index of the largest of `size` >= 1 finite values.
  size_t (*arg_max)(const float* x, size_t size);

  // For benchmarks: multiplies 8-bit operands that stay in registers, as fast as
  // this target can. Returns how many multiply-adds that were. Null for kWasmSimd.
  uint64_t (*multiply_in_registers)(size_t iterations);
};

// The table of a target; null when this build or this machine lacks it.
const Kernels* FindKernels(Target target);

// The table of BestTarget().
const Kernels& BestKernels();

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_KERNELS_KERNELS_H_
