#include "runtime/tokenizer/merge_table.h"

#include <algorithm>
#include <functional>

#include "runtime/base/sort.h"

namespace pedigree {
namespace {

constexpr uint32_t kNone = 0xffffffff;

// Up to so many ids, looking at all pairs again is quicker than a heap.
constexpr size_t kFewIds = 40;

// One id of the sequence, linked to its neighbours. A node that was merged
// into its left neighbour has id kNone.
struct Node {
  uint32_t id;
  uint32_t previous;
  uint32_t next;
  uint32_t merge;  // index of the merge with the next node, or kNone
};

// (rank, node) in order, the lowest rank first, the leftmost on ties: nodes
// never move, so their index is their order.
//
// Entries that come behind all that are sorted now wait for a sort of their
// own, the others go through a heap. In a long run of one character each merge
// makes work for later only, so that no heap is needed.
class MergeQueue {
 public:
  void Push(uint32_t rank, uint32_t node) {
    const uint64_t entry = uint64_t{rank} << 32 | node;
    if (entry > limit_) {
      later_.push_back(entry);
    } else {
      heap_.push_back(entry);
      std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    }
  }

  // The first entry, or nothing.
  std::optional<std::pair<uint32_t, uint32_t>> Pop() {
    if (next_ == sorted_.size() && heap_.empty()) SortLater();
    const bool sorted_left = next_ < sorted_.size();
    if (!sorted_left && heap_.empty()) return std::nullopt;
    uint64_t entry;
    if (heap_.empty() || (sorted_left && sorted_[next_] <= heap_.front())) {
      entry = sorted_[next_++];
    } else {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      entry = heap_.back();
      heap_.pop_back();
    }
    return std::pair(static_cast<uint32_t>(entry >> 32),
                     static_cast<uint32_t>(entry));
  }

 private:
  void SortLater() {
    sorted_.swap(later_);
    later_.clear();
    next_ = 0;
    if (sorted_.empty()) return;
    if (!std::is_sorted(sorted_.begin(), sorted_.end())) {
      Sort(sorted_.begin(), sorted_.end());
    }
    limit_ = sorted_.back();
  }

  std::vector<uint64_t> sorted_;  // those from next_ on are left
  size_t next_ = 0;
  std::vector<uint64_t> heap_;   // none is above limit_
  std::vector<uint64_t> later_;  // all are above limit_
  uint64_t limit_ = 0;
};

bool PairLess(const Merge& a, const Merge& b) {
  return std::pair(a.left, a.right) < std::pair(b.left, b.right);
}

}  // namespace

MergeTable::MergeTable(std::vector<Merge> merges)
    : merges_(std::move(merges)) {
  Sort(merges_.begin(), merges_.end(), PairLess);
  if (merges_.empty()) return;
  first_.resize(size_t{merges_.back().left} + 2);
  for (const Merge& merge : merges_) ++first_[size_t{merge.left} + 1];
  for (size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
}

std::optional<std::pair<uint32_t, uint32_t>> MergeTable::FindRepeatedPair()
    const {
  for (size_t i = 1; i < merges_.size(); ++i) {
    if (!PairLess(merges_[i - 1], merges_[i])) {
      return std::pair(merges_[i].left, merges_[i].right);
    }
  }
  return std::nullopt;
}

const Merge* MergeTable::Find(uint32_t left, uint32_t right) const {
  if (size_t{left} + 1 >= first_.size()) return nullptr;
  const Merge* begin = merges_.data() + first_[left];
  const Merge* end = merges_.data() + first_[left + 1];
  const Merge* found = std::lower_bound(
      begin, end, right,
      [](const Merge& merge, uint32_t id) { return merge.right < id; });
  return found == end || found->right != right ? nullptr : found;
}

size_t MergeTable::Apply(absl::Span<uint32_t> ids) const {
  if (ids.size() < 2) return ids.size();
  return ids.size() <= kFewIds ? ApplyToFew(ids) : ApplyToMany(ids);
}

size_t MergeTable::ApplyToFew(absl::Span<uint32_t> ids) const {
  // merges[i] is that of ids i and i + 1.
  const Merge* merges[kFewIds];
  size_t count = ids.size();
  for (size_t i = 0; i + 1 < count; ++i) merges[i] = Find(ids[i], ids[i + 1]);
  while (true) {
    size_t best = count;
    for (size_t i = 0; i + 1 < count; ++i) {
      if (merges[i] == nullptr) continue;
      if (best == count || merges[i]->rank < merges[best]->rank) best = i;
    }
    if (best == count) return count;
    ids[best] = merges[best]->output;
    std::copy(&ids[best] + 2, ids.data() + count, &ids[best] + 1);
    std::copy(&merges[best] + 1, &merges[count - 1], &merges[best]);
    --count;
    if (best > 0) merges[best - 1] = Find(ids[best - 1], ids[best]);
    if (best + 1 < count) merges[best] = Find(ids[best], ids[best + 1]);
  }
}

size_t MergeTable::ApplyToMany(absl::Span<uint32_t> ids) const {
  std::vector<Node> nodes(ids.size());
  MergeQueue queue;
  const auto update = [&](uint32_t index) {
    Node& node = nodes[index];
    const Merge* merge =
        node.next == kNone ? nullptr : Find(node.id, nodes[node.next].id);
    node.merge = merge == nullptr
                     ? kNone
                     : static_cast<uint32_t>(merge - merges_.data());
    if (merge != nullptr) queue.Push(merge->rank, index);
  };
  const auto count = static_cast<uint32_t>(nodes.size());
  for (uint32_t i = 0; i < count; ++i) {
    nodes[i] = {ids[i], i == 0 ? kNone : i - 1, i + 1 == count ? kNone : i + 1,
                kNone};
  }
  for (uint32_t i = 0; i < count; ++i) update(i);
  for (auto entry = queue.Pop(); entry.has_value(); entry = queue.Pop()) {
    const auto [rank, index] = *entry;
    Node& left = nodes[index];
    // Nodes change; an entry counts only while the node's merge has its rank.
    if (left.merge == kNone || merges_[left.merge].rank != rank) continue;
    Node& right = nodes[left.next];
    left.id = merges_[left.merge].output;
    left.next = right.next;
    if (left.next != kNone) nodes[left.next].previous = index;
    right.id = kNone;
    right.merge = kNone;
    update(index);
    if (left.previous != kNone) update(left.previous);
  }
  size_t left = 0;
  for (const Node& node : nodes) {
    if (node.id != kNone) ids[left++] = node.id;
  }
  return left;
}

}  // namespace pedigree
