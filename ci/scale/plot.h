// Costs over sizes as a picture.

#ifndef PEDIGREE_CI_SCALE_PLOT_H_
#define PEDIGREE_CI_SCALE_PLOT_H_

#include <string>
#include <utility>
#include <vector>

namespace pedigree {

struct PlotSeries {
  std::string label;
  // Size and cost, both positive, in ascending order of size; at least one.
  std::vector<std::pair<double, double>> points;
};

struct PlotPanel {
  // With the unit of its costs.
  std::string title;
  // At least one.
  std::vector<PlotSeries> series;
};

// A self-contained SVG: a panel beside the other, both axes logarithmic, so that
// what is linear rises no steeper than the dashed line through each series' first
// point. Titles and labels hold no markup.
std::string PlotSvg(const std::string& x_title,
                    const std::vector<PlotPanel>& panels);

}  // namespace pedigree

#endif  // PEDIGREE_CI_SCALE_PLOT_H_
