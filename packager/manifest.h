// Manifests of models and adapters: what a file is, never where it came from.

#ifndef PEDIGREE_PACKAGER_MANIFEST_H_
#define PEDIGREE_PACKAGER_MANIFEST_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "packager/model_facts.h"
#include "packager/records.pb.h"
#include "packager/terms/terms.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

// What a file cannot say about itself.
struct PackageInfo {
  std::string name;
  std::string version;
  // Sorted by name, then digest, without repeats.
  std::vector<packager::License> licenses;
  Terms terms;
};

// `licenses` in the order that PackageInfo asks for.
std::vector<packager::License> SortLicenses(
    std::vector<packager::License> licenses);

// The storage of a model's matrices: that of its first tensor, the embeddings.
std::string Quantization(const ModelFacts& model);

// XXH3-64 as records spell it: "xxh3-64:" and 16 hex digits.
std::string ChecksumText(uint64_t checksum);

// The manifest of a model, or of the assembly of it and `adapters`.
//
// Errors: those of Tokenizer::Parse.
absl::StatusOr<packager::ModelManifest> MakeModelManifest(
    const PackageInfo& info, const ModelFacts& model,
    absl::Span<const packager::AdapterReference> adapters);

// The manifest of an adapter that fits `parent`; tensors are named after it.
//
// Errors: kInvalidArgument when the parent lacks a tensor of the adapter.
absl::StatusOr<packager::AdapterManifest> MakeAdapterManifest(
    const PackageInfo& info, const AdapterReader& adapter,
    const Digest& adapter_digest, const SlmReader& parent);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_MANIFEST_H_
