#include "release/distribution/claim_artifact.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "release/file_stream.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

constexpr char kTitle[] = "org.opencontainers.image.title";
constexpr size_t kMaxNameBytes = 100;
constexpr size_t kMaxFiles = 128;

// The type of a file by its name; empty when it is no claim's.
std::string_view TypeOf(std::string_view name) {
  if (absl::EndsWith(name, ".sigstore.json")) return kBundleArtifactType;
  if (absl::EndsWith(name, ".intoto.jsonl")) return kEnvelopesArtifactType;
  return "";
}

bool IsSafeName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && name[0] != '.' &&
         !TypeOf(name).empty() &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

Json DescriptorOf(std::string_view media_type, std::string_view bytes) {
  return {{"digest", Sha256(bytes).ToString()},
          {"mediaType", media_type},
          {"size", bytes.size()}};
}

absl::Status Refuse(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid manifest of a claim: ", what));
}

const Json* Find(const Json& object, const char* key, Json::value_t type) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found != object.end() && found->type() == type ? &*found : nullptr;
}

std::string Text(const Json& object, const char* key) {
  const Json* found = Find(object, key, Json::value_t::string);
  return found == nullptr ? "" : found->get<std::string>();
}

absl::StatusOr<ClaimLayer> ParseLayer(const Json& layer) {
  const absl::StatusOr<Digest> digest = ParseDigest(Text(layer, "digest"));
  const Json* size = Find(layer, "size", Json::value_t::number_unsigned);
  if (!digest.ok() || size == nullptr) {
    return Refuse("its layer has no digest by SHA-256 or no size");
  }
  ClaimLayer result = {"", *digest, size->get<uint64_t>()};
  if (result.size > kMaxClaimFileBytes) {
    return Refuse(absl::StrCat("layer of ", result.size, " bytes (at most ",
                               kMaxClaimFileBytes, ")"));
  }
  const Json* annotations =
      Find(layer, "annotations", Json::value_t::object);
  const std::string name =
      annotations == nullptr ? "" : Text(*annotations, kTitle);
  if (IsSafeName(name)) result.name = name;
  return result;
}

}  // namespace

bool IsClaimType(std::string_view artifact_type) {
  return artifact_type == kBundleArtifactType ||
         artifact_type == kEnvelopesArtifactType;
}

absl::StatusOr<std::vector<ClaimFile>> ReadClaimFiles(
    const std::string& directory) {
  std::error_code error;
  std::vector<std::string> names;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(directory, error)) {
    names.push_back(entry.path().filename().string());
  }
  if (error) {
    return absl::NotFoundError(
        absl::StrCat(directory, ": no such folder of claims"));
  }
  if (names.size() > kMaxFiles) {
    return absl::InvalidArgumentError(
        absl::StrCat(directory, ": ", names.size(),
                     " files of claims (expected at most ", kMaxFiles, ")"));
  }
  std::sort(names.begin(), names.end());
  std::vector<ClaimFile> files;
  for (const std::string& name : names) {
    if (!IsSafeName(name)) {
      return absl::InvalidArgumentError(absl::StrCat(
          directory, ": \"", absl::CHexEscape(name.substr(0, 120)),
          "\" is no claim (expected *.sigstore.json or *.intoto.jsonl)"));
    }
    PEDIGREE_ASSIGN_OR_RETURN(
        std::string bytes,
        ReadSmallFile(absl::StrCat(directory, "/", name), Links::kFollow,
                      kMaxClaimFileBytes));
    files.push_back({name, std::string(TypeOf(name)), std::move(bytes)});
  }
  return files;
}

std::string WriteClaimManifest(const ClaimFile& file,
                               const Descriptor& subject) {
  Json layer = DescriptorOf(file.artifact_type, file.bytes);
  layer["annotations"] = {{kTitle, file.name}};
  return CanonicalJson(
      {{"artifactType", file.artifact_type},
       {"config", DescriptorOf(kEmptyMediaType, kEmptyConfig)},
       {"layers", Json::array({std::move(layer)})},
       {"mediaType", kManifestMediaType},
       {"schemaVersion", 2},
       {"subject",
        {{"digest", subject.digest.ToString()},
         {"mediaType", kManifestMediaType},
         {"size", subject.size}}}});
}

Json ClaimDescriptor(const ClaimFile& file, std::string_view manifest) {
  Json descriptor = DescriptorOf(kManifestMediaType, manifest);
  descriptor["artifactType"] = file.artifact_type;
  return descriptor;
}

absl::StatusOr<ClaimLayer> ParseClaimManifest(std::string_view text,
                                              const Digest& subject) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json manifest,
                            ParseForeignJson(text, "manifest of a claim"));
  const Json* subject_json = Find(manifest, "subject", Json::value_t::object);
  const std::string found =
      subject_json == nullptr ? "" : Text(*subject_json, "digest");
  if (found != subject.ToString()) {
    return Refuse(absl::StrCat("points at \"", found.substr(0, 80),
                               "\" (expected ", subject.ToString(), ")"));
  }
  const Json* layers = Find(manifest, "layers", Json::value_t::array);
  const size_t count = layers == nullptr ? 0 : layers->size();
  if (count != 1) {
    return Refuse(absl::StrCat(count, " layers (expected 1)"));
  }
  return ParseLayer(layers->front());
}

}  // namespace pedigree
