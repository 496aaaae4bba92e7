#include "release/lineage/layered_layout.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

using Parents = std::vector<std::vector<size_t>>;

// No two nodes cover each other.
void ExpectApart(const LayeredLayout& layout) {
  const LayoutSizes sizes;
  for (size_t i = 0; i < layout.nodes.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      const double x = std::abs(layout.nodes[i].x - layout.nodes[k].x);
      const double y = std::abs(layout.nodes[i].y - layout.nodes[k].y);
      EXPECT_TRUE(x > sizes.node_width || y > sizes.node_height)
          << i << " and " << k;
    }
  }
}

void ExpectInside(const LayeredLayout& layout) {
  for (const LayoutPoint& node : layout.nodes) {
    EXPECT_GT(node.x, 0);
    EXPECT_LT(node.x, layout.width);
    EXPECT_GT(node.y, 0);
    EXPECT_LT(node.y, layout.height);
  }
}

TEST(LayeredLayoutTest, PutsParentsAboveChildren) {
  const Parents parents = {{}, {0}, {0}, {1, 2}, {3, 0}};
  const LayeredLayout layout = LayOut(parents);
  for (size_t i = 0; i < parents.size(); ++i) {
    for (size_t parent : parents[i]) {
      EXPECT_LT(layout.nodes[parent].y, layout.nodes[i].y);
    }
  }
  ExpectApart(layout);
  ExpectInside(layout);
}

TEST(LayeredLayoutTest, CentresAParentOverItsChildren) {
  const LayeredLayout layout = LayOut({{}, {0}, {0}});
  EXPECT_NEAR(layout.nodes[0].x, (layout.nodes[1].x + layout.nodes[2].x) / 2,
              1e-6);
}

TEST(LayeredLayoutTest, LeadsLongEdgesThroughEveryLayer) {
  const LayeredLayout layout = LayOut({{}, {0}, {1}, {2, 0}});
  bool found = false;
  for (const LayoutEdge& edge : layout.edges) {
    if (edge.from != 0 || edge.to != 3) continue;
    found = true;
    EXPECT_EQ(edge.points.size(), 4u);
  }
  EXPECT_TRUE(found);
}

TEST(LayeredLayoutTest, AvoidsACrossingThatOrderAvoids) {
  // Two roots, each with a child; the children come in the other order.
  const LayeredLayout layout = LayOut({{}, {}, {1}, {0}});
  EXPECT_EQ(layout.nodes[0].x < layout.nodes[1].x,
            layout.nodes[3].x < layout.nodes[2].x);
}

TEST(LayeredLayoutTest, WrapsManyLeavesOfOneParent) {
  Parents parents = {{}};
  for (int i = 0; i < 200; ++i) parents.push_back({0});
  const LayeredLayout layout = LayOut(parents);
  ExpectApart(layout);
  ExpectInside(layout);
  // A quarter of what one row would take.
  EXPECT_LT(layout.width, 200 * 256.0 / 4);
}

TEST(LayeredLayoutTest, IsTheSameEachTime) {
  Parents parents = {{}};
  for (size_t i = 1; i < 60; ++i) parents.push_back({(i - 1) / 3, (i - 1) / 7});
  for (auto& each : parents) {
    if (each.size() == 2 && each[0] == each[1]) each.pop_back();
  }
  const LayeredLayout a = LayOut(parents);
  const LayeredLayout b = LayOut(parents);
  ExpectApart(a);
  for (size_t i = 0; i < parents.size(); ++i) {
    EXPECT_EQ(a.nodes[i].x, b.nodes[i].x);
  }
}

TEST(LayeredLayoutTest, TakesAnEmptyGraph) {
  const LayeredLayout layout = LayOut({});
  EXPECT_TRUE(layout.nodes.empty());
  EXPECT_GT(layout.height, 0);
}

}  // namespace
}  // namespace pedigree
