#include "ci/scale/plot.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pedigree {
namespace {

constexpr double kPanelWidth = 460;
constexpr double kHeight = 380;
constexpr double kLeft = 60;
// Room for the labels at the ends of the lines.
constexpr double kRight = 130;
constexpr double kTop = 40;
constexpr double kBottom = 50;
// Labels nearer than this would overlap.
constexpr double kLabelHeight = 15;

constexpr const char* kColours[] = {"#1b6ca8", "#c2571a", "#2e7d32", "#7b3fa0",
                                    "#a01b3c"};

struct Bounds {
  double least = std::numeric_limits<double>::max();
  double greatest = 0;

  void Add(double value) {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
};

// A logarithmic scale over whole decades.
class Axis {
 public:
  Axis(const Bounds& bounds, double from, double to)
      : first_(static_cast<int>(std::floor(std::log10(bounds.least)))),
        last_(std::max(static_cast<int>(std::ceil(std::log10(bounds.greatest))),
                       first_ + 1)),
        from_(from),
        to_(to) {}

  double At(double value) const {
    const double share = (std::log10(value) - first_) / (last_ - first_);
    return from_ + share * (to_ - from_);
  }
  int first() const { return first_; }
  int last() const { return last_; }
  double from() const { return from_; }
  double to() const { return to_; }
  double greatest() const { return std::pow(10.0, last_); }

 private:
  int first_;
  int last_;
  double from_;
  double to_;
};

std::string Line(double x1, double y1, double x2, double y2, const char* style) {
  return absl::StrFormat(
      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2,
      y2, style);
}

std::string Text(double x, double y, const char* style, const std::string& text) {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y,
                         style, text);
}

std::string PowerOfTen(int exponent) {
  return absl::StrFormat("%.*f", std::max(0, -exponent),
                         std::pow(10.0, exponent));
}

class Panel {
 public:
  Panel(const PlotPanel& panel, double left)
      : panel_(panel),
        x_(Sizes(panel), left + kLeft, left + kPanelWidth - kRight),
        y_(Costs(panel), kHeight - kBottom, kTop),
        left_(left) {}

  std::string Draw(const std::string& x_title) const {
    std::string out = Text(left_ + kLeft, kTop - 16, "font-weight=\"bold\"",
                           panel_.title);
    absl::StrAppend(&out, Grid(),
                    Text((left_ + kLeft + left_ + kPanelWidth - kRight) / 2,
                         kHeight - 12, "text-anchor=\"middle\"", x_title));
    for (size_t i = 0; i < panel_.series.size(); ++i) {
      absl::StrAppend(&out, Series(panel_.series[i],
                                   kColours[i % std::size(kColours)]));
    }
    return absl::StrCat(out, Labels());
  }

 private:
  static Bounds Sizes(const PlotPanel& panel) {
    Bounds bounds;
    for (const PlotSeries& series : panel.series) {
      for (const auto& point : series.points) bounds.Add(point.first);
    }
    return bounds;
  }

  static Bounds Costs(const PlotPanel& panel) {
    Bounds bounds;
    for (const PlotSeries& series : panel.series) {
      for (const auto& point : series.points) bounds.Add(point.second);
    }
    return bounds;
  }

  std::string Grid() const {
    constexpr const char* kStyle = "stroke=\"#ddd\"";
    std::string out;
    for (int i = x_.first(); i <= x_.last(); ++i) {
      const double x = x_.At(std::pow(10.0, i));
      absl::StrAppend(&out, Line(x, y_.from(), x, y_.to(), kStyle),
                      Text(x, kHeight - kBottom + 17, "text-anchor=\"middle\"",
                           PowerOfTen(i)));
    }
    for (int i = y_.first(); i <= y_.last(); ++i) {
      const double y = y_.At(std::pow(10.0, i));
      absl::StrAppend(&out, Line(x_.from(), y, x_.to(), y, kStyle),
                      Text(x_.from() - 8, y + 4, "text-anchor=\"end\"",
                           PowerOfTen(i)));
    }
    return out;
  }

  // The dashed line ends where the panel does.
  std::string LinearGuide(const PlotSeries& series, const char* colour) const {
    const auto [size, cost] = series.points.front();
    const double factor =
        std::min(series.points.back().first / size, y_.greatest() / cost);
    const std::string style = absl::StrFormat(
        "stroke=\"%s\" stroke-opacity=\"0.5\" stroke-dasharray=\"3 4\"", colour);
    return Line(x_.At(size), y_.At(cost), x_.At(size * factor),
                y_.At(cost * factor), style.c_str());
  }

  std::string Series(const PlotSeries& series, const char* colour) const {
    std::string path;
    std::string dots;
    for (const auto& [size, cost] : series.points) {
      absl::StrAppendFormat(&path, "%s%.1f,%.1f", path.empty() ? "" : " ",
                            x_.At(size), y_.At(cost));
      absl::StrAppendFormat(
          &dots, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n",
          x_.At(size), y_.At(cost), colour);
    }
    return absl::StrFormat(
        "%s<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" "
        "stroke-width=\"2\"/>\n%s",
        LinearGuide(series, colour), path, colour, dots);
  }

  // From the top down, each at the end of its line or as near as there is room.
  std::string Labels() const {
    std::vector<std::pair<double, size_t>> places;
    for (size_t i = 0; i < panel_.series.size(); ++i) {
      places.emplace_back(y_.At(panel_.series[i].points.back().second), i);
    }
    std::sort(places.begin(), places.end());
    std::string out;
    double lowest = kTop - kLabelHeight;
    for (const auto& [y, i] : places) {
      lowest = std::max(y, lowest + kLabelHeight);
      const std::string style =
          absl::StrCat("fill=\"", kColours[i % std::size(kColours)], "\"");
      absl::StrAppend(&out, Text(x_.to() + 8, lowest + 4, style.c_str(),
                                 panel_.series[i].label));
    }
    return out;
  }

  const PlotPanel& panel_;
  Axis x_;
  Axis y_;
  double left_;
};

}  // namespace

std::string PlotSvg(const std::string& x_title,
                    const std::vector<PlotPanel>& panels) {
  const double width = kPanelWidth * panels.size();
  std::string out = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      width, kHeight);
  for (size_t i = 0; i < panels.size(); ++i) {
    absl::StrAppend(&out, Panel(panels[i], kPanelWidth * i).Draw(x_title));
  }
  return absl::StrCat(out, "</svg>\n");
}

}  // namespace pedigree
