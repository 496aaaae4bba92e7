#include "release/lineage/commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "release/lineage/lineage_graph.h"
#include "release/lineage/lineage_page.h"
#include "release/lineage/read_lineage.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

struct Options {
  std::vector<std::string> packets;
  std::string registry;
  std::string format = "text";
  std::string out;
};

std::string Format(const Options& options, const LineageGraph& graph) {
  if (options.format == "dot") return LineageToDot(graph);
  if (options.format == "html") return LineageToHtml(graph);
  if (options.format == "json") {
    return absl::StrCat(CanonicalJson(LineageToJson(graph)), "\n");
  }
  return LineageToText(graph);
}

absl::StatusOr<Outcome> Run(const Options& options) {
  if (options.packets.empty() == options.registry.empty()) {
    return absl::InvalidArgumentError(
        "Invalid lineage: give packets or --registry, one of the two");
  }
  absl::StatusOr<LineageGraph> graph =
      options.registry.empty() ? ReadPacketLineage(options.packets)
                               : ReadRegistryLineage(options.registry);
  if (!graph.ok()) return graph.status();
  const std::string text = Format(options, *graph);
  if (options.out.empty()) {
    std::fputs(text.c_str(), stdout);
  } else {
    PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(options.out, text));
  }
  return Outcome::kGood;
}

}  // namespace

void AddLineageCommand(CommandLine& command_line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = command_line.Add(
      nullptr, "lineage", "Show who descends from whom",
      [options] { return Run(*options); });
  command->add_option("packets", options->packets, "Packet directories");
  command->add_option("--registry", options->registry,
                      "A registry, in place of packets");
  command
      ->add_option("--format", options->format, "text, dot, html or json")
      ->check(CLI::IsMember({"text", "dot", "html", "json"}))
      ->capture_default_str();
  command->add_option("--out", options->out, "File; default: standard output");
}

}  // namespace pedigree
