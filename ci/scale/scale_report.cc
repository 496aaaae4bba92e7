// The report of ci/scale.sh: measurements to a table, a record, a picture and a
// verdict.

#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ci/scale/costs.h"
#include "runtime/base/command_line.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

struct Options {
  std::string measurements;
  std::string json;
  std::string plot;
  uint64_t max_no_op_ms = 15000;
};

absl::StatusOr<Outcome> Report(const Options& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(options.measurements));
  PEDIGREE_ASSIGN_OR_RETURN(const Costs costs, ParseCosts(text));
  const std::vector<std::string> faults = Faults(costs, options.max_no_op_ms);
  PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(
      options.json, CanonicalJson(CostsJson(costs, faults)) + "\n"));
  PEDIGREE_RETURN_IF_ERROR(
      WriteFileAtomically(options.plot, CostPlot(costs)));
  std::cout << CostTable(costs);
  for (const std::string& fault : faults) {
    std::cout << "FAULT: " << fault << "\n";
  }
  return faults.empty() ? Outcome::kGood : Outcome::kBad;
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) {
  pedigree::Options options;
  pedigree::CommandLine command_line("scale_report",
                                     "What a population of models costs.");
  CLI::App* report = command_line.Add(
      nullptr, "judge", "Prints a table; exit 1 when something grows too fast.",
      [&options] { return pedigree::Report(options); });
  report->add_option("measurements", options.measurements,
                     "Lines of a size, a cost's name and its value")
      ->required();
  report->add_option("--json", options.json, "Where all values go")->required();
  report->add_option("--plot", options.plot, "Where the picture goes, an SVG")
      ->required();
  report->add_option("--max-no-op-ms", options.max_no_op_ms,
                     "What a build may take when nothing changed. Default: 15000");
  return command_line.Run(argc, argv);
}
