#include "release/lineage/lineage_page.h"

#include <map>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "release/lineage/layered_layout.h"
#include "release/lineage/page_parts.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

// Characters of a label that a card has room for.
constexpr size_t kLabelLength = 20;

// The states of the legend, in its order.
constexpr std::string_view kLegend[] = {
    "champion", "specialist", "canary",   "shadow",   "candidate", "draft",
    "released", "archived",   "rejected", "revoked",  "ancestor"};

// Coordinates to a tenth of a pixel.
std::string Number(double value) {
  return absl::StrFormat("%.1f", value);
}

std::string Shortened(const std::string& text, size_t length) {
  return text.size() <= length ? text
                               : absl::StrCat(text.substr(0, length - 1), "…");
}

// The source expression by which a content security policy allows `text`.
std::string Allowed(std::string_view text) {
  const Digest digest = Sha256(text);
  return absl::StrCat(
      "'sha256-",
      absl::Base64Escape(std::string_view(
          reinterpret_cast<const char*>(digest.bytes.data()),
          digest.bytes.size())),
      "'");
}

std::string EdgePath(const LayoutEdge& edge) {
  const std::vector<LayoutPoint>& points = edge.points;
  std::string path =
      absl::StrCat("M", Number(points[0].x), " ", Number(points[0].y));
  for (size_t i = 1; i < points.size(); ++i) {
    const double middle = (points[i - 1].y + points[i].y) / 2;
    absl::StrAppend(&path, "C", Number(points[i - 1].x), " ", Number(middle),
                    " ", Number(points[i].x), " ", Number(middle), " ",
                    Number(points[i].x), " ", Number(points[i].y));
  }
  return path;
}

std::string EdgeToSvg(const LayoutEdge& edge) {
  return absl::StrCat("<path class=\"edge\" data-from=\"", edge.from,
                      "\" data-to=\"", edge.to, "\" d=\"", EdgePath(edge),
                      "\"/>\n");
}

// The second line of a card.
std::string Subtitle(const LineageNode& node) {
  std::string text =
      absl::StrCat(node.State(), " · ", node.derivation.operator_());
  if (!node.releases.empty()) {
    absl::StrAppend(&text, " · ", node.releases[0].facts.decision.verdict());
  }
  return text;
}

// Aliases as a chip on the upper edge of a card.
std::string AliasesToSvg(const LineageNode& node, const LayoutSizes& sizes) {
  std::string names;
  for (const LineageRelease& release : node.releases) {
    for (const std::string& alias : release.aliases) {
      absl::StrAppend(&names, names.empty() ? "" : ", ", alias);
    }
  }
  if (names.empty()) return "";
  const std::string shown = Shortened(names, 22);
  const double width = 14 + 6.6 * static_cast<double>(shown.size());
  const double x = sizes.node_width / 2 - 10 - width;
  const double y = -sizes.node_height / 2 - 9;
  return absl::StrCat("<rect class=\"chip\" x=\"", Number(x), "\" y=\"",
                      Number(y), "\" width=\"", Number(width),
                      "\" height=\"18\" rx=\"9\"/><text class=\"t3\" x=\"",
                      Number(x + width / 2), "\" y=\"", Number(y + 12.5),
                      "\" text-anchor=\"middle\">", EscapeHtml(shown),
                      "</text>");
}

std::string NodeToSvg(const LineageNode& node, size_t place,
                      const LayoutPoint& centre, const LayoutSizes& sizes) {
  const std::string state = node.State();
  const double left = -sizes.node_width / 2;
  const double top = -sizes.node_height / 2;
  std::string svg = absl::StrCat(
      "<g class=\"node s-", state, "\" data-i=\"", place, "\" data-x=\"",
      Number(centre.x), "\" data-y=\"", Number(centre.y),
      "\" tabindex=\"0\" role=\"button\" aria-label=\"",
      EscapeHtml(absl::StrCat(node.Label(), ", ", Subtitle(node))),
      "\" transform=\"translate(", Number(centre.x), " ", Number(centre.y),
      ")\"><title>", EscapeHtml(node.Label()), "</title>");
  absl::StrAppend(&svg, "<rect class=\"card\" x=\"", Number(left), "\" y=\"",
                  Number(top), "\" width=\"", Number(sizes.node_width),
                  "\" height=\"", Number(sizes.node_height),
                  "\" rx=\"10\"/><rect class=\"side\" x=\"", Number(left),
                  "\" y=\"", Number(top + 12), "\" width=\"4\" height=\"",
                  Number(sizes.node_height - 24), "\" rx=\"2\"/>");
  absl::StrAppend(&svg, "<use href=\"#i-", state, "\" x=\"", Number(left + 20),
                  "\" y=\"-10\" width=\"20\" height=\"20\"/>",
                  "<text class=\"t1\" x=\"", Number(left + 50),
                  "\" y=\"-4\">",
                  EscapeHtml(Shortened(node.Label(), kLabelLength)),
                  "</text><text class=\"t2\" x=\"", Number(left + 50),
                  "\" y=\"15\">", EscapeHtml(Shortened(Subtitle(node), 30)),
                  "</text>");
  return absl::StrCat(svg, AliasesToSvg(node, sizes), "</g>\n");
}

// The node that is shown first: the one that an alias points at, or the last.
size_t FirstShown(const LineageGraph& graph) {
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    if (graph.nodes()[i].State() == "champion") return i;
  }
  return graph.nodes().empty() ? 0 : graph.nodes().size() - 1;
}

std::string GraphToSvg(const LineageGraph& graph) {
  std::vector<std::vector<size_t>> parents;
  for (const LineageNode& node : graph.nodes()) parents.push_back(node.parents);
  const LayoutSizes sizes;
  const LayeredLayout layout = LayOut(parents, sizes);
  std::string svg = absl::StrCat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ",
      Number(layout.width), " ", Number(layout.height), "\" width=\"",
      Number(layout.width), "\" height=\"", Number(layout.height),
      "\" data-width=\"", Number(layout.width), "\" data-height=\"",
      Number(layout.height), "\" data-first=\"", FirstShown(graph),
      "\" role=\"group\" aria-label=\"Lineage graph\">\n");
  for (const LayoutEdge& edge : layout.edges) {
    absl::StrAppend(&svg, EdgeToSvg(edge));
  }
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    absl::StrAppend(&svg,
                    NodeToSvg(graph.nodes()[i], i, layout.nodes[i], sizes));
  }
  return absl::StrCat(svg, "</svg>");
}

std::string LegendToHtml(const LineageGraph& graph) {
  std::map<std::string, size_t> counts;
  for (const LineageNode& node : graph.nodes()) ++counts[node.State()];
  std::string html;
  for (std::string_view state : kLegend) {
    const auto count = counts.find(std::string(state));
    if (count == counts.end()) continue;
    absl::StrAppend(&html, "<button type=\"button\" data-state=\"", state,
                    "\" aria-pressed=\"true\"><svg class=\"icon ", state,
                    "\" aria-hidden=\"true\"><use href=\"#i-", state,
                    "\"/></svg>", state, " <b>", count->second,
                    "</b></button>\n");
  }
  return html;
}

std::string Counts(const LineageGraph& graph) {
  size_t packets = 0;
  for (const LineageNode& node : graph.nodes()) packets += node.releases.size();
  return absl::StrCat(graph.nodes().size(), " assemblies, ", packets,
                      " packets");
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string EscapeForScript(std::string_view json) {
  // Within JSON these stand in strings only, where an escape means the same.
  std::string escaped;
  for (char c : json) {
    switch (c) {
      case '<': escaped += "\\u003c"; break;
      case '>': escaped += "\\u003e"; break;
      case '&': escaped += "\\u0026"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string LineageToHtml(const LineageGraph& graph) {
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; style-src ",
      Allowed(kPageStyle), "; script-src ", Allowed(kPageScript),
      "; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<title>Lineage</title>\n<style>",
      kPageStyle, "</style>\n</head>\n<body>\n<header><h1>Lineage<small>",
      Counts(graph),
      "</small></h1><label id=\"search\"><input id=\"query\" type=\"search\" "
      "placeholder=\"Search name, state, alias, digest ( / )\" "
      "aria-label=\"Search\"></label><span id=\"found\" class=\"note\" "
      "role=\"status\"></span><button id=\"theme\" type=\"button\" "
      "aria-label=\"Light or dark\" title=\"Light or dark\">◐</button>"
      "</header>\n<nav class=\"legend\" aria-label=\"States\">\n",
      LegendToHtml(graph),
      "</nav>\n<main>\n<div class=\"stage\"><div id=\"graph\">",
      GraphToSvg(graph),
      "</div><div class=\"zoom\"><button id=\"out\" type=\"button\" "
      "aria-label=\"Smaller\">−</button><button id=\"fit\" type=\"button\" "
      "aria-label=\"Fit\" title=\"Fit\">⤢</button><button id=\"in\" "
      "type=\"button\" aria-label=\"Larger\">+</button></div></div>\n<aside "
      "id=\"panel\" aria-live=\"polite\"></aside>\n</main>\n<svg width=\"0\" "
      "height=\"0\" aria-hidden=\"true\">",
      kPageSymbols, "</svg>\n<script type=\"application/json\" id=\"data\">",
      EscapeForScript(CanonicalJson(LineageToJson(graph))),
      "</script>\n<script>", kPageScript, "</script>\n</body>\n</html>\n");
}

}  // namespace pedigree
