// What a packet's layers are: kinds, media types and file names.
// Specification: docs/formats/packet.md, "Layers".

#ifndef PEDIGREE_RELEASE_LAYER_H_
#define PEDIGREE_RELEASE_LAYER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/sha256.h"

namespace pedigree {

// In the order in which a packet lists its layers.
enum class LayerKind {
  kRecord,
  kModel,
  kAdapter,
  kModelManifest,
  kAdapterManifest,
  kReceipt,
  kSuite,
  kSidecar,
  kBaseline,
  kScorecard,
  kDecision,
  kPolicy,
  kDiagnostics,
  kDerivationNode,
  kAncestorNode,
  kReleaseNode,
  kRuntime,
  kLicense,
  kNotice,
  kBom,
};

inline constexpr int kLayerKindCount =
    static_cast<int>(LayerKind::kBom) + 1;

// One layer: its bytes by digest, and the name that `packet export` gives it.
struct Layer {
  LayerKind kind = LayerKind::kRecord;
  std::string file_path;
  Digest digest;
  uint64_t size = 0;
};

// The kind's OCI media type. Model and adapters share ModelPack's type for raw
// weights; every other kind of ours has its own.
std::string_view LayerMediaType(LayerKind kind);

// "model.slm" for a kind that a packet holds once, "adapters/" for one that it
// holds any number of.
std::string_view LayerFilePathPrefix(LayerKind kind);

// The kind whose layers may be named `file_path`.
std::optional<LayerKind> LayerKindOfFilePath(std::string_view file_path);

// Whether layers of `kind` are parsed as records (JSON), as opposed to bytes
// that are only hashed.
bool IsDocument(LayerKind kind);

// Whether `file_path` is safe to create below a folder: relative, of at most
// 255 bytes, made of [A-Za-z0-9._+-], no part empty or starting with a dot.
bool IsSafeFilePath(std::string_view file_path);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_LAYER_H_
