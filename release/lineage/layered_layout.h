// Draws a directed graph without cycles in layers, parents above children.

#ifndef PEDIGREE_RELEASE_LINEAGE_LAYERED_LAYOUT_H_
#define PEDIGREE_RELEASE_LINEAGE_LAYERED_LAYOUT_H_

#include <cstddef>
#include <vector>

namespace pedigree {

struct LayoutPoint {
  double x = 0;
  double y = 0;
};

struct LayoutEdge {
  size_t from = 0;
  size_t to = 0;
  // From the bottom of `from` to the top of `to`, one point a layer between.
  std::vector<LayoutPoint> points;
};

struct LayeredLayout {
  // Centres of the nodes.
  std::vector<LayoutPoint> nodes;
  std::vector<LayoutEdge> edges;
  double width = 0;
  double height = 0;
};

struct LayoutSizes {
  double node_width = 232;
  double node_height = 64;
  double gap_x = 24;
  double gap_y = 64;
  double margin = 24;
};

// `parents[i]` are the parents of node i, all below i. Layers are the longest
// ways from a root; edges that span several layers get a place in each; nodes
// are ordered so that few edges cross and moved towards their neighbours.
// Deterministic: sums are of few small numbers and compared in a fixed order.
//
// Sources: Sugiyama, Tagawa and Toda 1981, "Methods for visual understanding of
// hierarchical system structures" (layers and barycentres); Ayer et al. 1955
// (pooling of adjacent violators, for places that keep their distance).
LayeredLayout LayOut(const std::vector<std::vector<size_t>>& parents,
                     const LayoutSizes& sizes = LayoutSizes());

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_LINEAGE_LAYERED_LAYOUT_H_
