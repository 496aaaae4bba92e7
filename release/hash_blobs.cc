#include "release/hash_blobs.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "release/for_each_parallel.h"

namespace pedigree {

std::map<Digest, absl::StatusOr<FileDigest>> HashBlobs(
    const PacketSource& source, const std::map<Digest, uint64_t>& sizes,
    int threads) {
  std::vector<std::pair<uint64_t, Digest>> order;
  for (const auto& [digest, size] : sizes) order.emplace_back(size, digest);
  std::sort(order.rbegin(), order.rend());
  std::vector<absl::StatusOr<FileDigest>> found(
      order.size(), absl::InternalError("not hashed"));
  // A blob that cannot be read stops none of the others.
  ForEachParallel(order.size(), static_cast<size_t>(threads), [&](size_t i) {
    found[i] = source.HashBlob(order[i].second);
    return absl::OkStatus();
  }).IgnoreError();
  std::map<Digest, absl::StatusOr<FileDigest>> hashes;
  for (size_t i = 0; i < order.size(); ++i) {
    hashes.emplace(order[i].second, std::move(found[i]));
  }
  return hashes;
}

}  // namespace pedigree
