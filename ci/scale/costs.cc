#include "ci/scale/costs.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "ci/scale/plot.h"

namespace pedigree {
namespace {

enum class Kind {
  kCount,
  kProcessorTime,
  // By the clock, or with the start of a server: told, not judged.
  kOtherTime,
  kMemory,
};

struct CostKind {
  const char* name;
  const char* title;
  Kind kind;
};

constexpr CostKind kCosts[] = {
    {"targets", "targets", Kind::kCount},
    {"actions", "actions", Kind::kCount},
    {"graph_bytes", "action graph as text, bytes", Kind::kCount},
    {"cold_analysis_cpu_ms", "loading and analysis, cold server, processor s",
     Kind::kOtherTime},
    {"cold_analysis_ms", "the same by the clock, s", Kind::kOtherTime},
    {"warm_analysis_cpu_ms", "loading and analysis, warm server, processor s",
     Kind::kProcessorTime},
    {"warm_analysis_ms", "the same by the clock, s", Kind::kOtherTime},
    {"heap_kib", "heap of the server after collection, MiB", Kind::kMemory},
    {"resident_kib", "resident memory of the server at most, MiB",
     Kind::kMemory},
    {"first_build_cpu_ms", "first build with its actions, processor s",
     Kind::kProcessorTime},
    {"first_build_ms", "the same by the clock, s", Kind::kOtherTime},
    {"no_op_cpu_ms", "no-op build, warm server, processor s",
     Kind::kProcessorTime},
    {"no_op_ms", "the same by the clock, s", Kind::kOtherTime},
    {"no_op_actions", "actions that it executes", Kind::kCount},
    {"change_cpu_ms", "one adapter changed, processor s", Kind::kProcessorTime},
    {"change_ms", "the same by the clock, s", Kind::kOtherTime},
    {"change_actions", "actions that it executes", Kind::kCount},
};

const CostKind* Find(std::string_view name) {
  for (const CostKind& cost : kCosts) {
    if (name == cost.name) return &cost;
  }
  return nullptr;
}

// Counts are exact, and only names grow longer. What is measured varies: a server
// compiles itself while it works, a collector takes memory in steps. What a server
// takes to start varies by more than hundreds of descendants cost.
std::optional<GrowthLimit> LimitOf(Kind kind) {
  switch (kind) {
    case Kind::kCount:
      return GrowthLimit{1.05, 0, 0};
    case Kind::kProcessorTime:
      return GrowthLimit{2, 500, 0.5};
    case Kind::kMemory:
      return GrowthLimit{2, 0, 0.5};
    case Kind::kOtherTime:
      break;
  }
  return std::nullopt;
}

absl::Status AddLine(std::string_view line, Costs* costs) {
  const std::vector<std::string_view> words = absl::StrSplit(line, ' ');
  int64_t size = 0;
  int64_t value = 0;
  if (words.size() != 3 || !absl::SimpleAtoi(words[0], &size) || size < 1 ||
      !absl::SimpleAtoi(words[2], &value) || value < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid measurement: \"", line, "\" (expected a size, a name, a value)"));
  }
  if (Find(words[1]) == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid measurement: unknown cost ", words[1]));
  }
  (*costs)[std::string(words[1])][size].push_back(static_cast<double>(value));
  return absl::OkStatus();
}

absl::Status CheckComplete(const Costs& costs) {
  std::set<int64_t> sizes;
  for (const auto& [name, growth] : costs) {
    for (const auto& [size, rounds] : growth) sizes.insert(size);
  }
  if (sizes.empty()) return absl::InvalidArgumentError("No measurement");
  for (const CostKind& cost : kCosts) {
    const auto found = costs.find(cost.name);
    for (const int64_t size : sizes) {
      if (found == costs.end() || found->second.count(size) == 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("Missing measurement: ", cost.name, " at ", size));
      }
    }
  }
  return absl::OkStatus();
}

std::string Cell(Kind kind, double value) {
  switch (kind) {
    case Kind::kCount:
      return absl::StrFormat("%.0f", value);
    case Kind::kProcessorTime:
    case Kind::kOtherTime:
      return absl::StrFormat("%.2f", value / 1000);
    case Kind::kMemory:
      return absl::StrFormat("%.0f", value / 1024);
  }
  return "";
}

PlotSeries SeriesOf(const Costs& costs, const char* name, const char* label,
                    double unit) {
  PlotSeries series;
  series.label = label;
  for (const auto& [size, rounds] : costs.at(name)) {
    // A logarithm has no place for nothing.
    const double value = std::max(Median(rounds), 1.0);
    series.points.emplace_back(static_cast<double>(size), value / unit);
  }
  return series;
}

}  // namespace

absl::StatusOr<Costs> ParseCosts(std::string_view text) {
  Costs costs;
  for (std::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const absl::Status added = AddLine(line, &costs);
    if (!added.ok()) return added;
  }
  const absl::Status complete = CheckComplete(costs);
  if (!complete.ok()) return complete;
  return costs;
}

std::vector<std::string> Faults(const Costs& costs, uint64_t max_no_op_ms) {
  std::vector<std::string> faults;
  for (const CostKind& cost : kCosts) {
    const auto limit = LimitOf(cost.kind);
    if (!limit.has_value()) continue;
    const auto fault = FasterThanLinear(costs.at(cost.name), *limit);
    if (fault.has_value()) {
      faults.push_back(
          absl::StrCat(cost.name, " grows faster than linearly: ", *fault));
    }
  }
  for (const auto& [size, rounds] : costs.at("no_op_actions")) {
    if (Greatest(rounds) > 0) {
      faults.push_back(absl::StrFormat(
          "a no-op at %d executes %.0f actions (expected 0)", size,
          Greatest(rounds)));
    }
  }
  for (const auto& [size, rounds] : costs.at("no_op_ms")) {
    if (Least(rounds) > static_cast<double>(max_no_op_ms)) {
      faults.push_back(absl::StrFormat(
          "a no-op at %d takes %.0f ms (expected at most %d)", size,
          Least(rounds), max_no_op_ms));
    }
  }
  const Growth& changes = costs.at("change_actions");
  const double own = Least(changes.begin()->second);
  for (const auto& [size, rounds] : changes) {
    if (Greatest(rounds) > own) {
      faults.push_back(absl::StrFormat(
          "a changed adapter at %d executes %.0f actions (expected %.0f, as at "
          "%d)",
          size, Greatest(rounds), own, changes.begin()->first));
    }
  }
  return faults;
}

std::string CostTable(const Costs& costs) {
  std::string heading = "| descendants |";
  std::string rule = "| --- |";
  for (const auto& [size, rounds] : costs.at(kCosts[0].name)) {
    absl::StrAppend(&heading, " ", size, " |");
    absl::StrAppend(&rule, " ---: |");
  }
  std::string out = absl::StrCat(heading, "\n", rule, "\n");
  for (const CostKind& cost : kCosts) {
    absl::StrAppend(&out, "| ", cost.title, " |");
    for (const auto& [size, rounds] : costs.at(cost.name)) {
      absl::StrAppend(&out, " ", Cell(cost.kind, Median(rounds)), " |");
    }
    absl::StrAppend(&out, "\n");
  }
  return out;
}

Json CostsJson(const Costs& costs, const std::vector<std::string>& faults) {
  Json out = {{"costs", Json::object()},
              {"faults", faults},
              {"schema_version", "pedigree.scale.v1"}};
  for (const auto& [name, growth] : costs) {
    for (const auto& [size, rounds] : growth) {
      Json values = Json::array();
      for (const double value : rounds) {
        values.push_back(absl::StrFormat("%.0f", value));
      }
      out["costs"][name][absl::StrCat(size)] = std::move(values);
    }
  }
  return out;
}

std::string CostPlot(const Costs& costs) {
  return PlotSvg(
      "descendants",
      {{"Processor time, s",
        {SeriesOf(costs, "first_build_cpu_ms", "first build", 1000),
         SeriesOf(costs, "cold_analysis_cpu_ms", "analysis, cold", 1000),
         SeriesOf(costs, "warm_analysis_cpu_ms", "analysis, warm", 1000),
         SeriesOf(costs, "change_cpu_ms", "one adapter changed", 1000),
         SeriesOf(costs, "no_op_cpu_ms", "no-op", 1000)}},
       {"Memory of the server, MiB",
        {SeriesOf(costs, "resident_kib", "resident, at most", 1024),
         SeriesOf(costs, "heap_kib", "heap", 1024)}}});
}

}  // namespace pedigree
