// A packet as an OCI image-layout directory. Specification:
// docs/formats/packet.md, "Directory".

#ifndef PEDIGREE_RELEASE_LAYOUT_H_
#define PEDIGREE_RELEASE_LAYOUT_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/oci.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// Limits on what is read into memory, far above what packets need.
inline constexpr uint64_t kMaxIndexBytes = uint64_t{1} << 20;
inline constexpr uint64_t kMaxManifestBytes = uint64_t{4} << 20;
inline constexpr uint64_t kMaxDocumentBytes = uint64_t{256} << 20;

// A blob that lies in a file.
struct BlobSource {
  Digest digest;
  std::string path;
};

// Paths inside the layout at `directory`.
std::string BlobPath(const std::string& directory, const Digest& digest);

// Makes the layout: marker, index, the manifest, `texts` as blobs, and `blobs`,
// each hashed while it is copied. Links in source paths are followed. `out`
// must not exist, or be an empty folder; on an error it stays as it was.
//
// Errors: kDataLoss when a source's bytes have another digest.
absl::Status WriteLayout(std::string_view manifest,
                         const std::vector<std::string>& texts,
                         const std::vector<BlobSource>& blobs,
                         const std::string& out);

// What lies in a layout, before anything in it is believed.
struct LayoutListing {
  // Digests from the names below blobs/sha256, and the sizes of the files.
  std::map<Digest, uint64_t> blobs;
};

// Lists the layout at `directory` (itself perhaps a link). Everything that no
// packet holds is appended to `faults`: other files and folders, links, files
// that are not regular, blob names that are not digests, a missing marker,
// index or blob folder.
//
// Errors: kNotFound or kInvalidArgument when `directory` is no folder.
absl::StatusOr<LayoutListing> ListLayout(const std::string& directory,
                                         std::vector<std::string>* faults);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_LAYOUT_H_
