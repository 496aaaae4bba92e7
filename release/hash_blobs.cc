#include "release/hash_blobs.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace pedigree {

std::map<Digest, absl::StatusOr<FileDigest>> HashBlobs(
    const PacketSource& source, const std::map<Digest, uint64_t>& sizes,
    int threads) {
  std::vector<std::pair<uint64_t, Digest>> order;
  for (const auto& [digest, size] : sizes) order.emplace_back(size, digest);
  std::sort(order.rbegin(), order.rend());
  std::vector<absl::StatusOr<FileDigest>> found(
      order.size(), absl::InternalError("not hashed"));
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < order.size(); i = next++) {
      found[i] = source.HashBlob(order[i].second);
    }
  };
  // No ThreadPool, whose threads spin while they wait: one large blob takes
  // seconds.
  std::vector<std::thread> helpers;
  while (helpers.size() + 1 <
         std::min(order.size(), static_cast<size_t>(threads))) {
    helpers.emplace_back(work);
  }
  work();
  for (std::thread& helper : helpers) helper.join();
  std::map<Digest, absl::StatusOr<FileDigest>> hashes;
  for (size_t i = 0; i < order.size(); ++i) {
    hashes.emplace(order[i].second, std::move(found[i]));
  }
  return hashes;
}

}  // namespace pedigree
