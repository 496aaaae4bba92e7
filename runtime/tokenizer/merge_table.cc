#include "runtime/tokenizer/merge_table.h"

#include <algorithm>
#include <queue>

namespace pedigree {
namespace {

constexpr uint32_t kNone = 0xffffffff;

// One id of the sequence, linked to its neighbours. A node that was merged
// into its left neighbour has id kNone.
struct Node {
  uint32_t id;
  uint32_t previous;
  uint32_t next;
};

// A pair that could be merged when it was found. Nodes change afterwards, so
// it counts only while its ids are still there.
struct Candidate {
  uint32_t rank;
  uint32_t left_node;
  uint32_t right_node;
  uint32_t left;
  uint32_t right;
  uint32_t output;

  // Orders a heap whose top has the lowest rank, the leftmost on ties: nodes
  // never move, so their index is their order.
  friend bool operator<(const Candidate& a, const Candidate& b) {
    if (a.rank != b.rank) return a.rank > b.rank;
    return a.left_node > b.left_node;
  }
};

std::vector<Node> MakeNodes(const std::vector<uint32_t>& ids) {
  std::vector<Node> nodes(ids.size());
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    nodes[i] = {ids[i], i == 0 ? kNone : i - 1,
                i + 1 == nodes.size() ? kNone : i + 1};
  }
  return nodes;
}

bool IsCurrent(const Candidate& candidate, const std::vector<Node>& nodes) {
  const Node& left = nodes[candidate.left_node];
  return left.id == candidate.left && left.next == candidate.right_node &&
         nodes[candidate.right_node].id == candidate.right;
}

void MergeNodes(const Candidate& candidate, std::vector<Node>& nodes) {
  Node& left = nodes[candidate.left_node];
  Node& right = nodes[candidate.right_node];
  left.id = candidate.output;
  left.next = right.next;
  if (right.next != kNone) nodes[right.next].previous = candidate.left_node;
  right.id = kNone;
}

bool PairLess(const Merge& a, const Merge& b) {
  return std::pair(a.left, a.right) < std::pair(b.left, b.right);
}

}  // namespace

MergeTable::MergeTable(std::vector<Merge> merges)
    : merges_(std::move(merges)) {
  std::sort(merges_.begin(), merges_.end(), PairLess);
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
  const Merge key = {left, right, 0, 0};
  const auto found =
      std::lower_bound(merges_.begin(), merges_.end(), key, PairLess);
  if (found == merges_.end() || PairLess(key, *found)) return nullptr;
  return &*found;
}

void MergeTable::Apply(std::vector<uint32_t>& ids) const {
  std::vector<Node> nodes = MakeNodes(ids);
  std::priority_queue<Candidate> candidates;
  const auto add = [&](uint32_t left_node) {
    const uint32_t right_node =
        left_node == kNone ? kNone : nodes[left_node].next;
    if (right_node == kNone) return;
    const Merge* merge = Find(nodes[left_node].id, nodes[right_node].id);
    if (merge == nullptr) return;
    candidates.push({merge->rank, left_node, right_node, merge->left,
                     merge->right, merge->output});
  };
  for (uint32_t i = 0; i < nodes.size(); ++i) add(i);
  while (!candidates.empty()) {
    const Candidate candidate = candidates.top();
    candidates.pop();
    if (!IsCurrent(candidate, nodes)) continue;
    MergeNodes(candidate, nodes);
    add(nodes[candidate.left_node].previous);
    add(candidate.left_node);
  }
  ids.clear();
  for (const Node& node : nodes) {
    if (node.id != kNone) ids.push_back(node.id);
  }
}

}  // namespace pedigree
