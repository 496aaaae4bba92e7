#include "release/hash_blobs.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "runtime/threads/thread_pool.h"

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
  const auto work = [&](int) {
    for (size_t i = next++; i < order.size(); i = next++) {
      found[i] = source.HashBlob(order[i].second);
    }
  };
  const int wanted = static_cast<int>(
      std::clamp<size_t>(order.size(), 1, static_cast<size_t>(threads)));
  ThreadPool pool(wanted);
  pool.Run(pool.size(), work);
  std::map<Digest, absl::StatusOr<FileDigest>> hashes;
  for (size_t i = 0; i < order.size(); ++i) {
    hashes.emplace(order[i].second, std::move(found[i]));
  }
  return hashes;
}

}  // namespace pedigree
