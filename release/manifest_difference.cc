#include "release/manifest_difference.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "release/json_difference.h"
#include "release/oci.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::StatusOr<OciManifest> Parse(std::string_view text,
                                  std::string_view what) {
  std::vector<std::string> faults;
  OciManifest manifest = ParseOciManifest(text, &faults);
  if (faults.empty()) return manifest;
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": ", absl::StrJoin(faults, "; ")));
}

std::map<std::string, std::string> DigestsByName(const OciManifest& manifest) {
  std::map<std::string, std::string> digests;
  for (const Descriptor& layer : manifest.layers) {
    digests[layer.file_path] = layer.digest.ToString();
  }
  return digests;
}

std::vector<std::string> CompareLayers(const OciManifest& manifest,
                                       const OciManifest& recorded) {
  std::vector<std::string> differences;
  const auto now = DigestsByName(manifest);
  const auto before = DigestsByName(recorded);
  for (const Descriptor& layer : manifest.layers) {
    const auto old = before.find(layer.file_path);
    if (old == before.end()) {
      differences.push_back(absl::StrCat(layer.file_path, " is new (",
                                         layer.digest.ToString(), ")"));
    } else if (old->second != layer.digest.ToString()) {
      differences.push_back(absl::StrCat(layer.file_path, " is ",
                                         layer.digest.ToString(),
                                         " (recorded ", old->second, ")"));
    }
  }
  for (const Descriptor& layer : recorded.layers) {
    if (now.count(layer.file_path) == 0) {
      differences.push_back(absl::StrCat(layer.file_path, " is missing (",
                                         "recorded ", layer.digest.ToString(),
                                         ")"));
    }
  }
  return differences;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> DescribeManifestDifference(
    std::string_view manifest, std::string_view recorded) {
  PEDIGREE_ASSIGN_OR_RETURN(const OciManifest now,
                            Parse(manifest, "manifest"));
  PEDIGREE_ASSIGN_OR_RETURN(const OciManifest before,
                            Parse(recorded, "recorded manifest"));
  std::vector<std::string> differences = CompareLayers(now, before);
  if (!differences.empty() || manifest == recorded) return differences;
  // Names, order and the config follow from the layers, unless this build
  // writes them in another way than the one that made the record.
  PEDIGREE_ASSIGN_OR_RETURN(const Json now_json,
                            ParseJson(manifest, "manifest"));
  PEDIGREE_ASSIGN_OR_RETURN(const Json before_json,
                            ParseJson(recorded, "recorded manifest"));
  differences = DescribeDifferences(now_json, before_json);
  if (differences.empty()) {
    differences.push_back("recorded manifest is not in canonical form");
  }
  return differences;
}

}  // namespace pedigree
