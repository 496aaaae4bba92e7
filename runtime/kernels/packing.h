// Quantized matrices in the order in which kernels read them.

#ifndef PEDIGREE_RUNTIME_KERNELS_PACKING_H_
#define PEDIGREE_RUNTIME_KERNELS_PACKING_H_

#include <cstddef>
#include <cstdint>

#include "runtime/tensor/tensor_view.h"

namespace pedigree {

// Rows that a quantized kernel computes side by side, one to a lane.
inline constexpr size_t kTileRows = 16;

// Packed, 16 rows of a quantized matrix are one tile: the first 4 stored bytes of
// each row, then the next 4 of each, and so on; rows are filled up with zeros to
// whole activation blocks, the last tile to 16 rows. Behind the tiles, as
// [tile][scale of the row][16], lie the scales: f32, or halves where those hold
// each of a tensor's block scales exactly, which saves a tenth of what q4_0
// reads. A kernel so reads one stream of weights from front to back, and one of
// scales. TensorView::packed points to such a form.

// Whether kernels have a fast path for a quantized tensor: one scale a row, or
// blocks of whole activation blocks. All others, which only odd block sizes
// make, go through the scalar reference; packing them is no use.
bool HasTiles(const TensorView& tensor);

// Bytes of one row in a tile.
size_t TileRowBytes(const TensorView& tensor);
// Tiles that hold the rows.
size_t TileCount(const TensorView& tensor);
// Whether the packed form may hold the scales as halves: it has several a row, and
// all are halves. Reads every scale.
bool HasHalfScales(const TensorView& tensor);
// Bytes of the packed form, with halves if packed_half_scales is set; 0 where
// HasTiles is false.
uint64_t PackedBytes(const TensorView& tensor);
// Scratch that a matrix product over unpacked weights works in.
size_t TileScratchBytes(const TensorView& tensor);

// Packs tiles [begin, end) to their places in `packed`, which is aligned to 64,
// with halves if packed_half_scales is set. Calls for different tiles may run at
// the same time.
void PackTiles(const TensorView& tensor, size_t begin, size_t end,
               uint8_t* packed);

// Packs the rows of one tile, without scales.
void PackTile(const TensorView& tensor, size_t tile, uint8_t* out);
// The scales of one tile, f32 [ScalesPerRow][16].
void PackTileScales(const TensorView& tensor, size_t tile, float* out);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_KERNELS_PACKING_H_
