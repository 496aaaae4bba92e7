#include "runtime/kernels/packing.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/read_row.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

struct Shape {
  DType dtype;
  uint64_t rows;
  uint64_t columns;
  uint32_t block_size;
  bool half_scales;
};

// A tensor as a file holds it: the payload, then the scales, and nothing behind.
class Stored {
 public:
  explicit Stored(const Shape& shape) {
    tensor_.dtype = shape.dtype;
    tensor_.rows = shape.rows;
    tensor_.columns = shape.columns;
    tensor_.block_size = shape.block_size;
    tensor_.packed_half_scales = shape.half_scales;
    const size_t scale_bytes =
        shape.rows * tensor_.ScalesPerRow() * sizeof(float);
    const size_t payload_bytes = tensor_.StoredBytes() - scale_bytes;
    block_ = *AlignedBuffer::Allocate(tensor_.StoredBytes(), "a tensor");
    uint32_t state = 1;
    for (size_t i = 0; i < payload_bytes; ++i) {
      state = state * 1664525 + 1013904223;
      payload()[i] = static_cast<uint8_t>(state >> 24);
    }
    for (size_t i = 0; i < scale_bytes / sizeof(float); ++i) {
      // Halves hold 1 + i / 1024, and no third.
      float scale = 1 + static_cast<float>(i % 1024) / 1024;
      if (!shape.half_scales) scale /= 3;
      std::memcpy(payload() + payload_bytes + i * sizeof(float), &scale,
                  sizeof(scale));
    }
    tensor_.payload = payload();
    tensor_.scales =
        reinterpret_cast<const float*>(payload() + payload_bytes);
  }

  uint8_t* payload() { return block_.data(); }
  const TensorView& tensor() const { return tensor_; }

 private:
  AlignedBuffer block_;
  TensorView tensor_;
};

constexpr Shape kFit[] = {
    {DType::kQ8_0, 16, 32, 32, false},   {DType::kQ8_0, 48, 96, 96, false},
    {DType::kQ8_0, 32, 96, 32, false},   {DType::kQ8_0, 32, 96, 32, true},
    {DType::kQ4_0, 16, 64, 32, false},   {DType::kQ4_0, 48, 160, 32, true},
    {DType::kQ4_0, 32, 192, 64, true},   {DType::kQ4_0, 32, 192, 64, false},
    {DType::kQ4_0, 160, 96, 96, false},  {DType::kQ4_0, 160, 32, 32, true},
};

std::string Name(const Shape& shape) {
  return std::to_string(shape.rows) + " x " + std::to_string(shape.columns) +
         (shape.dtype == DType::kQ4_0 ? " q4_0 by " : " q8_0 by ") +
         std::to_string(shape.block_size) + (shape.half_scales ? " half" : "");
}

std::vector<uint8_t> PackedCopy(const TensorView& tensor) {
  std::vector<uint8_t> packed(PackedBytes(tensor));
  PackTiles(tensor, 0, TileCount(tensor), packed.data());
  return packed;
}

TensorView PackedInPlace(Stored& stored) {
  std::vector<float> scratch(
      PackInPlaceScratchBytes(stored.tensor()) / sizeof(float));
  return PackInPlace(stored.tensor(), stored.payload(),
                     reinterpret_cast<uint8_t*>(scratch.data()));
}

TEST(PackingTest, InPlaceGivesTheTilesThatACopyHas) {
  for (const Shape& shape : kFit) {
    Stored stored(shape);
    ASSERT_TRUE(TilesFitInPlace(stored.tensor())) << Name(shape);
    const std::vector<uint8_t> copy = PackedCopy(stored.tensor());
    const TensorView packed = PackedInPlace(stored);
    EXPECT_EQ(packed.packed, stored.payload());
    EXPECT_EQ(packed.payload, nullptr);
    EXPECT_EQ(packed.scales, nullptr);
    EXPECT_EQ(std::memcmp(packed.packed, copy.data(), copy.size()), 0)
        << Name(shape);
  }
}

TEST(PackingTest, ARowIsTheSameFromEitherForm) {
  for (const Shape& shape : kFit) {
    const Stored original(shape);
    Stored stored(shape);
    const TensorView packed = PackedInPlace(stored);
    std::vector<float> expected(shape.columns);
    std::vector<float> row(shape.columns);
    for (uint64_t i = 0; i < shape.rows; ++i) {
      DequantizeRow(original.tensor(), i, absl::MakeSpan(expected));
      ReadRow(original.tensor(), i, absl::MakeSpan(row));
      EXPECT_EQ(row, expected) << Name(shape) << ", row " << i;
      ReadRow(packed, i, absl::MakeSpan(row));
      EXPECT_EQ(row, expected) << Name(shape) << ", packed row " << i;
    }
  }
}

TEST(PackingTest, WhatIsFilledUpHasNoRoomInPlace) {
  const Shape shapes[] = {
      {DType::kQ8_0, 17, 32, 32, false},  // the last tile
      {DType::kQ8_0, 16, 40, 40, false},  // the last activation block
      {DType::kQ4_0, 15, 64, 32, false},
      {DType::kQ4_0, 16, 64, 16, false},  // has no tiles
  };
  for (const Shape& shape : shapes) {
    EXPECT_FALSE(TilesFitInPlace(Stored(shape).tensor())) << Name(shape);
  }
  TensorView floats;
  floats.rows = 16;
  floats.columns = 32;
  EXPECT_FALSE(TilesFitInPlace(floats));
}

}  // namespace
}  // namespace pedigree
