#include "release/lineage/layered_layout.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

namespace pedigree {
namespace {

// Rounds that improve order and places; more changes little.
constexpr int kRounds = 8;
// Width of an edge that passes a layer.
constexpr double kPassWidth = 12;
// Leaves of one parent that stand in one row whatever their number.
constexpr size_t kMinRow = 5;

// A node, or the place of an edge in a layer that it passes.
struct Vertex {
  size_t layer = 0;
  double width = 0;
  double x = 0;
  std::vector<size_t> above;
  std::vector<size_t> below;
};

class Layout {
 public:
  Layout(const std::vector<std::vector<size_t>>& parents,
         const LayoutSizes& sizes)
      : parents_(parents), sizes_(sizes) {}

  LayeredLayout Run() {
    MakeNodes();
    MakeEdges();
    FillLayers();
    for (int round = 0; round < kRounds; ++round) Order(round % 2 == 0);
    Place();
    return Finish();
  }

 private:
  void MakeNodes() {
    vertices_.resize(parents_.size());
    for (size_t i = 0; i < parents_.size(); ++i) {
      vertices_[i].width = sizes_.node_width;
      for (size_t parent : parents_[i]) {
        vertices_[i].layer =
            std::max(vertices_[i].layer, vertices_[parent].layer + 1);
      }
    }
    PullDown();
    WrapLeaves();
  }

  // Many leaves of one parent stand in several rows instead of one endless one.
  void WrapLeaves() {
    std::vector<bool> leaf(parents_.size(), true);
    for (const std::vector<size_t>& parents : parents_) {
      for (size_t parent : parents) leaf[parent] = false;
    }
    std::map<size_t, std::vector<size_t>> leaves;
    for (size_t i = 0; i < parents_.size(); ++i) {
      if (leaf[i] && parents_[i].size() == 1) {
        leaves[parents_[i][0]].push_back(i);
      }
    }
    for (const auto& [parent, children] : leaves) {
      size_t row = kMinRow;
      while (row * row < 2 * children.size()) ++row;
      for (size_t i = 0; i < children.size(); ++i) {
        vertices_[children[i]].layer += i / row;
      }
    }
  }

  // Roots stand right above their first child instead of all at the top.
  void PullDown() {
    std::vector<size_t> highest(parents_.size(), SIZE_MAX);
    for (size_t i = 0; i < parents_.size(); ++i) {
      for (size_t parent : parents_[i]) {
        highest[parent] = std::min(highest[parent], vertices_[i].layer);
      }
    }
    for (size_t i = 0; i < parents_.size(); ++i) {
      if (parents_[i].empty() && highest[i] != SIZE_MAX) {
        vertices_[i].layer = highest[i] - 1;
      }
    }
  }

  void MakeEdges() {
    const size_t count = parents_.size();
    for (size_t i = 0; i < count; ++i) {
      for (size_t parent : parents_[i]) {
        std::vector<size_t> path = {parent};
        for (size_t layer = vertices_[parent].layer + 1;
             layer < vertices_[i].layer; ++layer) {
          path.push_back(vertices_.size());
          vertices_.emplace_back();
          vertices_.back().layer = layer;
          vertices_.back().width = kPassWidth;
        }
        path.push_back(i);
        for (size_t k = 1; k < path.size(); ++k) {
          vertices_[path[k - 1]].below.push_back(path[k]);
          vertices_[path[k]].above.push_back(path[k - 1]);
        }
        paths_.push_back(std::move(path));
      }
    }
  }

  void FillLayers() {
    for (size_t i = 0; i < vertices_.size(); ++i) {
      if (layers_.size() <= vertices_[i].layer) {
        layers_.resize(vertices_[i].layer + 1);
      }
      layers_[vertices_[i].layer].push_back(i);
    }
    for (std::vector<size_t>& layer : layers_) Number(layer);
  }

  void Number(const std::vector<size_t>& layer) {
    if (places_.size() < vertices_.size()) places_.resize(vertices_.size());
    for (size_t i = 0; i < layer.size(); ++i) {
      places_[layer[i]] = static_cast<double>(i);
    }
  }

  // The mean place of the neighbours in one direction; its own without any.
  double Barycentre(size_t vertex, bool down) const {
    const std::vector<size_t>& others =
        down ? vertices_[vertex].above : vertices_[vertex].below;
    if (others.empty()) return places_[vertex];
    double sum = 0;
    for (size_t other : others) sum += places_[other];
    return sum / static_cast<double>(others.size());
  }

  void Order(bool down) {
    for (size_t k = 0; k < layers_.size(); ++k) {
      std::vector<size_t>& layer = layers_[down ? k : layers_.size() - 1 - k];
      std::vector<std::pair<double, size_t>> keys;
      for (size_t vertex : layer) {
        keys.emplace_back(Barycentre(vertex, down), vertex);
      }
      std::stable_sort(keys.begin(), keys.end(),
                       [](const auto& a, const auto& b) {
                         return a.first < b.first;
                       });
      for (size_t i = 0; i < layer.size(); ++i) layer[i] = keys[i].second;
      Number(layer);
    }
  }

  // Half of each of the two, and the gap between; none between two edges that
  // only pass.
  double Distance(size_t left, size_t right) const {
    if (left >= parents_.size() && right >= parents_.size()) return kPassWidth;
    return (vertices_[left].width + vertices_[right].width) / 2 + sizes_.gap_x;
  }

  void Place() {
    for (const std::vector<size_t>& layer : layers_) {
      double x = 0;
      for (size_t i = 0; i < layer.size(); ++i) {
        if (i > 0) x += Distance(layer[i - 1], layer[i]);
        vertices_[layer[i]].x = x;
      }
      // Layers start out centred on each other.
      for (size_t vertex : layer) vertices_[vertex].x -= x / 2;
    }
    for (int round = 0; round < 2 * kRounds; ++round) {
      const bool down = round % 2 == 0;
      for (size_t k = 0; k < layers_.size(); ++k) {
        PlaceLayer(layers_[down ? k : layers_.size() - 1 - k], down);
      }
    }
  }

  // Where a vertex would like to be: at the mean of its neighbours.
  double Wish(size_t vertex, bool down) const {
    const std::vector<size_t>& others =
        down ? vertices_[vertex].above : vertices_[vertex].below;
    if (others.empty()) return vertices_[vertex].x;
    double sum = 0;
    for (size_t other : others) sum += vertices_[other].x;
    return sum / static_cast<double>(others.size());
  }

  // The places nearest to all wishes, by least squares, that keep order and
  // distance.
  void PlaceLayer(const std::vector<size_t>& layer, bool down) {
    struct Block {
      double sum;
      size_t count;
    };
    std::vector<Block> blocks;
    std::vector<double> offsets;
    double offset = 0;
    for (size_t i = 0; i < layer.size(); ++i) {
      if (i > 0) offset += Distance(layer[i - 1], layer[i]);
      offsets.push_back(offset);
      blocks.push_back({Wish(layer[i], down) - offset, 1});
      while (blocks.size() > 1) {
        const Block& last = blocks.back();
        Block& before = blocks[blocks.size() - 2];
        if (before.sum / static_cast<double>(before.count) <=
            last.sum / static_cast<double>(last.count)) {
          break;
        }
        before.sum += last.sum;
        before.count += last.count;
        blocks.pop_back();
      }
    }
    size_t i = 0;
    for (const Block& block : blocks) {
      for (size_t k = 0; k < block.count; ++k, ++i) {
        vertices_[layer[i]].x =
            offsets[i] + block.sum / static_cast<double>(block.count);
      }
    }
  }

  double CentreY(size_t layer) const {
    return sizes_.margin + sizes_.node_height / 2 +
           static_cast<double>(layer) * (sizes_.node_height + sizes_.gap_y);
  }

  LayeredLayout Finish() {
    double left = 0;
    double right = 0;
    for (size_t i = 0; i < vertices_.size(); ++i) {
      const double half = vertices_[i].width / 2;
      if (i == 0 || vertices_[i].x - half < left) left = vertices_[i].x - half;
      if (i == 0 || vertices_[i].x + half > right) right = vertices_[i].x + half;
    }
    LayeredLayout layout;
    for (Vertex& vertex : vertices_) vertex.x += sizes_.margin - left;
    for (size_t i = 0; i < parents_.size(); ++i) {
      layout.nodes.push_back({vertices_[i].x, CentreY(vertices_[i].layer)});
    }
    for (const std::vector<size_t>& path : paths_) {
      layout.edges.push_back(EdgeOf(path));
    }
    layout.width = right - left + 2 * sizes_.margin;
    layout.height = layers_.empty() ? 2 * sizes_.margin
                                    : CentreY(layers_.size() - 1) +
                                          sizes_.node_height / 2 +
                                          sizes_.margin;
    return layout;
  }

  LayoutEdge EdgeOf(const std::vector<size_t>& path) const {
    LayoutEdge edge{path.front(), path.back(), {}};
    for (size_t k = 0; k < path.size(); ++k) {
      LayoutPoint point{vertices_[path[k]].x, CentreY(vertices_[path[k]].layer)};
      if (k == 0) point.y += sizes_.node_height / 2;
      if (k + 1 == path.size()) point.y -= sizes_.node_height / 2;
      edge.points.push_back(point);
    }
    return edge;
  }

  const std::vector<std::vector<size_t>>& parents_;
  const LayoutSizes sizes_;
  std::vector<Vertex> vertices_;
  std::vector<std::vector<size_t>> paths_;
  std::vector<std::vector<size_t>> layers_;
  std::vector<double> places_;
};

}  // namespace

LayeredLayout LayOut(const std::vector<std::vector<size_t>>& parents,
                     const LayoutSizes& sizes) {
  return Layout(parents, sizes).Run();
}

}  // namespace pedigree
