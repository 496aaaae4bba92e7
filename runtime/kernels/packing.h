// Matrices in the order in which kernels read them.

#ifndef PEDIGREE_RUNTIME_KERNELS_PACKING_H_
#define PEDIGREE_RUNTIME_KERNELS_PACKING_H_

#include <cstddef>
#include <cstdint>

#include "runtime/format/slm_format.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {

// Rows that a quantized kernel computes side by side, one to a lane.
inline constexpr size_t kTileRows = 16;

// Packed, 16 rows of a quantized matrix are one tile. A tile is a chain of units,
// one for each scale of a row: what the scale covers, as the first 4 stored bytes
// of each row, then the next 4 of each, and so on; then the 16 rows' scales. Rows
// are filled up with zeros to whole activation blocks, the last tile to 16 rows.
// Scales are f32, or halves where those hold each of a tensor's block scales
// exactly, which saves a tenth of what q4_0 reads. So a kernel reads tile after tile
// front to back, as one stream through the matrices or, of one matrix, as several
// from distant tiles on. WebAssembly's kernels want the sign bit of every weight
// flipped but of the highest in 16 bits (wasm_pairs-inl.h); there it is.
// TensorView::packed points to such a form.
//
// A packed f32 matrix is its rows as they are stored: kernels read these front to
// back as well, and what packing gives is memory of the runtime's own, in huge
// pages where the system has them.
struct TileLayout {
  // Scales of a row.
  size_t units = 0;
  // Activation blocks that a scale covers.
  size_t unit_blocks = 0;
  // 16 rows of an activation block.
  size_t block_bytes = 0;
  // Whether scales are halves, not floats.
  bool half_scales = false;
  // unit_blocks blocks and the scales.
  size_t unit_bytes = 0;
  size_t tile_bytes = 0;
};

// Whether kernels have a fast path for a quantized tensor: one scale a row, or
// blocks of whole activation blocks. All others, which only odd block sizes
// make, go through the scalar reference; packing them is no use.
bool HasTiles(const TensorView& tensor);

// Whether the packed form may hold the scales as halves: it has several a row, and
// all are halves. Reads every scale.
bool HasHalfScales(const TensorView& tensor);

// The tiles of a tensor that has them.
TileLayout LayoutOfTiles(const TensorView& tensor, bool half_scales);

// What is flipped in four packed bytes of weights.
uint32_t FlippedBits(DType dtype);

// Whether a matrix has a packed form that kernels read.
bool HasPackedForm(const TensorView& tensor);

// Tiles that hold the rows.
size_t TileCount(const TensorView& tensor);
// Bytes of the packed form, with halves if packed_half_scales is set; 0 where
// there is none.
uint64_t PackedBytes(const TensorView& tensor);
// Scratch that a matrix product over unpacked weights works in.
size_t TileScratchBytes(const TensorView& tensor);

// Packs tile `tile` of a tensor that has them to `out`, which is aligned to 4, as
// `layout` says.
void PackTile(const TensorView& tensor, const TileLayout& layout, size_t tile,
              uint8_t* out);

// Packs tiles [begin, end) of a packed form to their places in `packed`, which is
// aligned to 64, with halves if packed_half_scales is set. Calls for different tiles may run at
// the same time.
void PackTiles(const TensorView& tensor, size_t begin, size_t end,
               uint8_t* packed);

// Whether the tiles of a tensor take no more room than its stored rows and scales
// do: its rows fill tiles, and its columns activation blocks.
bool TilesFitInPlace(const TensorView& tensor);

// Scratch of PackInPlace.
uint64_t PackInPlaceScratchBytes(const TensorView& tensor);

// Packs a tensor whose tiles fit to where its payload lies, and over its scales,
// which stand behind the payload. `payload`: tensor.payload, writable. `scratch`:
// PackInPlaceScratchBytes(tensor), aligned to 4. What comes back has the packed form
// and no other.
TensorView PackInPlace(const TensorView& tensor, uint8_t* payload,
                       uint8_t* scratch);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_KERNELS_PACKING_H_
