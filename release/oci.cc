#include "release/oci.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr uint64_t kMaxSize = (uint64_t{1} << 53) - 1;
constexpr char kFilePath[] = "org.cncf.model.filepath";
constexpr char kTitle[] = "org.opencontainers.image.title";
constexpr char kVersion[] = "org.opencontainers.image.version";
constexpr char kRefName[] = "org.opencontainers.image.ref.name";

Json DescriptorJson(const Descriptor& descriptor) {
  Json json = {{"digest", descriptor.digest.ToString()},
               {"mediaType", descriptor.media_type},
               {"size", descriptor.size}};
  if (!descriptor.file_path.empty()) {
    json["annotations"] = {{kFilePath, descriptor.file_path},
                           {kTitle, descriptor.file_path}};
  }
  return json;
}

// The members that every descriptor has. `what` is that of `reader`.
absl::StatusOr<Descriptor> ReadDescriptor(std::string_view what,
                                          JsonObjectReader& reader) {
  Descriptor descriptor;
  const std::string text = reader.String("digest");
  descriptor.size = reader.Uint("size", 0, kMaxSize);
  PEDIGREE_RETURN_IF_ERROR(reader.Finish());
  const absl::StatusOr<Digest> digest = ParseDigest(text);
  if (!digest.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid ", what, ": ", digest.status().message()));
  }
  descriptor.digest = *digest;
  return descriptor;
}

absl::Status Expect(std::string_view what, std::string_view key,
                    std::string_view found, std::string_view expected) {
  if (found == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid ", what, ": \"", key, "\" is \"",
                   found.substr(0, 120), "\" (expected \"", expected, "\")"));
}

absl::StatusOr<Descriptor> ParseLayer(const Json& json,
                                      const std::string& what) {
  JsonObjectReader reader(json, what);
  const std::string media_type = reader.String("mediaType");
  const std::string annotations_what = absl::StrCat(what, " annotations");
  JsonObjectReader annotations(reader.Object("annotations"), annotations_what);
  PEDIGREE_ASSIGN_OR_RETURN(Descriptor descriptor,
                            ReadDescriptor(what, reader));
  descriptor.media_type = media_type;
  descriptor.file_path = annotations.String(kFilePath);
  const std::string title = annotations.String(kTitle);
  PEDIGREE_RETURN_IF_ERROR(annotations.Finish());
  PEDIGREE_RETURN_IF_ERROR(
      Expect(annotations_what, kTitle, title, descriptor.file_path));
  return descriptor;
}

absl::StatusOr<Descriptor> ParseConfigDescriptor(const Json& json) {
  constexpr char kWhat[] = "packet manifest config";
  JsonObjectReader reader(json, kWhat);
  const std::string media_type = reader.String("mediaType");
  PEDIGREE_ASSIGN_OR_RETURN(Descriptor descriptor,
                            ReadDescriptor(kWhat, reader));
  descriptor.media_type = media_type;
  PEDIGREE_RETURN_IF_ERROR(
      Expect(kWhat, "mediaType", media_type, kConfigMediaType));
  return descriptor;
}

// Name and version.
absl::Status ParseManifestAnnotations(const Json& json, OciManifest& manifest) {
  JsonObjectReader reader(json, "packet manifest annotations");
  manifest.name = reader.String(kTitle);
  manifest.version = reader.String(kVersion);
  return reader.Finish();
}

void Note(const absl::Status& status, std::vector<std::string>* faults) {
  if (!status.ok()) faults->emplace_back(status.message());
}

}  // namespace

std::vector<Descriptor> BlobsOf(const OciManifest& manifest) {
  std::vector<Descriptor> blobs = {manifest.config};
  blobs.insert(blobs.end(), manifest.layers.begin(), manifest.layers.end());
  return blobs;
}

std::string WriteOciManifest(const OciManifest& manifest) {
  Json layers = Json::array();
  for (const Descriptor& layer : manifest.layers) {
    layers.push_back(DescriptorJson(layer));
  }
  return CanonicalJson(
      {{"annotations", {{kTitle, manifest.name}, {kVersion, manifest.version}}},
       {"artifactType", kArtifactType},
       {"config", DescriptorJson(manifest.config)},
       {"layers", std::move(layers)},
       {"mediaType", kManifestMediaType},
       {"schemaVersion", 2}});
}

OciManifest ParseOciManifest(std::string_view text,
                             std::vector<std::string>* faults) {
  OciManifest manifest;
  const absl::StatusOr<Json> json = ParseJson(text, "packet manifest");
  if (!json.ok()) {
    Note(json.status(), faults);
    return manifest;
  }
  JsonObjectReader reader(*json, "packet manifest");
  reader.Uint("schemaVersion", 2, 2);
  const std::string media_type = reader.String("mediaType");
  const std::string artifact_type = reader.String("artifactType");
  const Json& config_json = reader.Object("config");
  const Json& layers = reader.Array("layers");
  const Json& annotations = reader.Object("annotations");
  if (const absl::Status status = reader.Finish(); !status.ok()) {
    Note(status, faults);
    return manifest;
  }
  Note(Expect("packet manifest", "mediaType", media_type, kManifestMediaType),
       faults);
  Note(Expect("packet manifest", "artifactType", artifact_type, kArtifactType),
       faults);
  Note(ParseManifestAnnotations(annotations, manifest), faults);
  absl::StatusOr<Descriptor> config = ParseConfigDescriptor(config_json);
  Note(config.status(), faults);
  if (config.ok()) manifest.config = *std::move(config);
  for (size_t i = 0; i < layers.size(); ++i) {
    absl::StatusOr<Descriptor> layer =
        ParseLayer(layers[i], absl::StrCat("packet manifest layer ", i));
    Note(layer.status(), faults);
    if (layer.ok()) manifest.layers.push_back(*std::move(layer));
  }
  return manifest;
}

std::string WriteOciIndex(const Descriptor& manifest) {
  Json descriptor = DescriptorJson(manifest);
  descriptor["artifactType"] = kArtifactType;
  descriptor["mediaType"] = kManifestMediaType;
  return CanonicalJson({{"manifests", Json::array({std::move(descriptor)})},
                        {"mediaType", kIndexMediaType},
                        {"schemaVersion", 2}});
}

absl::StatusOr<Descriptor> ParseOciIndex(std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseJson(text, "index.json"));
  JsonObjectReader reader(json, "index.json");
  reader.Uint("schemaVersion", 2, 2);
  const Json& manifests = reader.Array("manifests");
  if (reader.Has("mediaType")) {
    const std::string media_type = reader.String("mediaType");
    PEDIGREE_RETURN_IF_ERROR(
        Expect("index.json", "mediaType", media_type, kIndexMediaType));
  }
  PEDIGREE_RETURN_IF_ERROR(reader.Finish());
  if (manifests.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid index.json: names ", manifests.size(),
                     " manifests (expected 1)"));
  }
  constexpr char kWhat[] = "index.json manifest";
  JsonObjectReader entry(manifests[0], kWhat);
  if (entry.Has("mediaType")) {
    const std::string media_type = entry.String("mediaType");
    PEDIGREE_RETURN_IF_ERROR(
        Expect(kWhat, "mediaType", media_type, kManifestMediaType));
  }
  if (entry.Has("artifactType")) {
    const std::string artifact_type = entry.String("artifactType");
    PEDIGREE_RETURN_IF_ERROR(
        Expect(kWhat, "artifactType", artifact_type, kArtifactType));
  }
  if (entry.Has("annotations")) {
    JsonObjectReader annotations(entry.Object("annotations"),
                                 "index.json manifest annotations");
    if (annotations.Has(kRefName)) annotations.String(kRefName);
    PEDIGREE_RETURN_IF_ERROR(annotations.Finish());
  }
  PEDIGREE_ASSIGN_OR_RETURN(Descriptor descriptor,
                            ReadDescriptor(kWhat, entry));
  descriptor.media_type = kManifestMediaType;
  return descriptor;
}

std::string WriteOciLayoutMarker() {
  return CanonicalJson({{"imageLayoutVersion", "1.0.0"}});
}

absl::Status CheckOciLayoutMarker(std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseJson(text, "oci-layout"));
  JsonObjectReader reader(json, "oci-layout");
  const std::string version = reader.String("imageLayoutVersion");
  PEDIGREE_RETURN_IF_ERROR(reader.Finish());
  if (version == "1.0.0") return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("Unsupported oci-layout: imageLayoutVersion \"",
                   version.substr(0, 40), "\" (this build reads 1.0.0)"));
}

}  // namespace pedigree
