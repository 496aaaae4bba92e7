// The exports of stream.wasm: SHA-256 and a zstd frame decoder over streams of
// any length, in memory that does not grow with them. Built for wasm32 only.
//
// Handles and pointers are offsets into the module's memory and belong to its
// host, which is this site's own worker (../worker/stream_module.js). Bytes from
// outside only ever lie in the buffers.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"
#include "zstd.h"
#include "zstd_errors.h"

namespace pedigree {
namespace {

// One frame that is being decoded.
struct Frame {
  ZSTD_DCtx* zstd = nullptr;
  ZSTD_inBuffer input = {nullptr, 0, 0};
  bool ended = false;
  const char* error_name = "";
};

// What frame_read returns in place of a count.
enum FrameFault : int32_t {
  kDamaged = -1,
  kNoFrame = -2,
  kWindowTooLarge = -3,
  kOutOfMemory = -4,
};

int32_t FaultOf(size_t error) {
  switch (ZSTD_getErrorCode(error)) {
    case ZSTD_error_prefix_unknown:
      return kNoFrame;
    case ZSTD_error_frameParameter_windowTooLarge:
      return kWindowTooLarge;
    case ZSTD_error_memory_allocation:
      return kOutOfMemory;
    default:
      return kDamaged;
  }
}

}  // namespace

#define PEDIGREE_EXPORT(name) extern "C" __attribute__((export_name(#name)))

PEDIGREE_EXPORT(stream_alloc) void* stream_alloc(uint32_t length) {
  return std::malloc(length);
}

PEDIGREE_EXPORT(stream_free) void stream_free(void* block) {
  std::free(block);
}

PEDIGREE_EXPORT(hash_new) Sha256Stream* hash_new() { return new Sha256Stream; }

PEDIGREE_EXPORT(hash_update)
void hash_update(Sha256Stream* hash, const uint8_t* bytes, uint32_t length) {
  hash->Update(ByteSpan(bytes, length));
}

// Writes the 32 bytes of the digest to `out` and takes the handle back.
PEDIGREE_EXPORT(hash_finish)
void hash_finish(Sha256Stream* hash, uint8_t* out) {
  const Digest digest = hash->Finish();
  for (size_t i = 0; i < digest.bytes.size(); ++i) out[i] = digest.bytes[i];
  delete hash;
}

// A decoder of frames with windows of at most 2^window_log bytes; null when
// memory has run out.
PEDIGREE_EXPORT(frame_new) Frame* frame_new(uint32_t window_log) {
  Frame* frame = new Frame;
  frame->zstd = ZSTD_createDCtx();
  if (frame->zstd != nullptr &&
      !ZSTD_isError(ZSTD_DCtx_setParameter(frame->zstd, ZSTD_d_windowLogMax,
                                           static_cast<int>(window_log)))) {
    return frame;
  }
  ZSTD_freeDCtx(frame->zstd);
  delete frame;
  return nullptr;
}

// Hands over the next piece of the frame, which stays the host's and where it is
// until frame_input_left is 0.
PEDIGREE_EXPORT(frame_write)
void frame_write(Frame* frame, const uint8_t* bytes, uint32_t length) {
  frame->input = {bytes, length, 0};
}

// Decodes into `out`. Returns how many bytes, perhaps 0 when more input is
// needed, or a FrameFault.
PEDIGREE_EXPORT(frame_read)
int32_t frame_read(Frame* frame, uint8_t* out, uint32_t capacity) {
  if (frame->ended) return 0;
  ZSTD_outBuffer output = {out, capacity, 0};
  const size_t left =
      ZSTD_decompressStream(frame->zstd, &output, &frame->input);
  if (ZSTD_isError(left)) {
    frame->error_name = ZSTD_getErrorName(left);
    return FaultOf(left);
  }
  frame->ended = left == 0;
  return static_cast<int32_t>(output.pos);
}

// zstd's name of the last fault: a text that ends with a zero byte.
PEDIGREE_EXPORT(frame_error_name)
const char* frame_error_name(const Frame* frame) { return frame->error_name; }

PEDIGREE_EXPORT(frame_input_left)
uint32_t frame_input_left(const Frame* frame) {
  return static_cast<uint32_t>(frame->input.size - frame->input.pos);
}

PEDIGREE_EXPORT(frame_ended) uint32_t frame_ended(const Frame* frame) {
  return frame->ended ? 1 : 0;
}

PEDIGREE_EXPORT(frame_free) void frame_free(Frame* frame) {
  ZSTD_freeDCtx(frame->zstd);
  delete frame;
}

}  // namespace pedigree
