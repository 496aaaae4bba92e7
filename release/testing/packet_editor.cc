#include "release/testing/packet_editor.h"

#include <cstdio>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "release/layout.h"
#include "release/oci.h"
#include "runtime/base/check.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

constexpr char kFilePath[] = "org.cncf.model.filepath";

template <typename T>
T Must(absl::StatusOr<T> value) {
  PEDIGREE_CHECK(value.ok());
  return *std::move(value);
}

// The descriptor of the layer `name`, or of the config.
Json& Find(Json& manifest, std::string_view name) {
  if (name == "config") return manifest["config"];
  for (Json& layer : manifest["layers"]) {
    if (layer["annotations"][kFilePath] == name) return layer;
  }
  PEDIGREE_CHECK(false);
  return manifest;
}

}  // namespace

PacketEditor::PacketEditor(std::string directory)
    : directory_(std::move(directory)) {}

std::string PacketEditor::Path(std::string_view file) const {
  return absl::StrCat(directory_, "/", file);
}

Json PacketEditor::Manifest() const {
  const Descriptor descriptor =
      Must(ParseOciIndex(Must(ReadFile(Path("index.json")))));
  return Must(ParseJson(
      Must(ReadFile(BlobPath(directory_, descriptor.digest))), "manifest"));
}

Digest PacketEditor::DigestOf(std::string_view name) const {
  if (name == "manifest") {
    return Must(ParseOciIndex(Must(ReadFile(Path("index.json"))))).digest;
  }
  Json manifest = Manifest();
  return Must(ParseDigest(Find(manifest, name)["digest"].get<std::string>()));
}

std::string PacketEditor::PathOf(std::string_view name) const {
  return BlobPath(directory_, DigestOf(name));
}

std::string PacketEditor::Read(std::string_view name) const {
  return Must(ReadFile(PathOf(name)));
}

void PacketEditor::Replace(std::string_view name, std::string_view bytes) {
  std::remove(PathOf(name).c_str());
  WriteBlob(bytes);
  ChangeManifest([&](Json& manifest) {
    Json& descriptor = Find(manifest, name);
    descriptor["digest"] = Sha256(bytes).ToString();
    descriptor["size"] = bytes.size();
  });
}

void PacketEditor::ChangeJson(std::string_view name,
                              const std::function<void(Json&)>& change) {
  Json json = Must(ParseJson(Read(name), name));
  change(json);
  Replace(name, CanonicalJson(json));
}

void PacketEditor::ChangeManifest(const std::function<void(Json&)>& change) {
  Json manifest = Manifest();
  change(manifest);
  ReplaceManifest(CanonicalJson(manifest));
}

void PacketEditor::ReplaceManifest(std::string_view bytes) {
  std::remove(PathOf("manifest").c_str());
  WriteBlob(bytes);
  Descriptor descriptor;
  descriptor.media_type = kManifestMediaType;
  descriptor.digest = Sha256(bytes);
  descriptor.size = bytes.size();
  WriteFile(Path("index.json"), WriteOciIndex(descriptor));
}

void PacketEditor::FlipBit(const std::string& path) {
  std::string bytes = Must(ReadFile(path));
  PEDIGREE_CHECK(!bytes.empty());
  bytes[bytes.size() / 2] ^= 1;
  WriteFile(path, bytes);
}

void PacketEditor::WriteFile(const std::string& path, std::string_view bytes) {
  PEDIGREE_CHECK(WriteFileAtomically(path, bytes).ok());
}

void PacketEditor::WriteBlob(std::string_view bytes) {
  WriteFile(BlobPath(directory_, Sha256(bytes)), bytes);
}

}  // namespace pedigree
