#include "release/diff/commands.h"

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "release/diff/html_report.h"
#include "release/diff/json_report.h"
#include "release/diff/packet_difference.h"
#include "release/diff/opened_packet.h"
#include "release/diff/text_report.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

struct DiffOptions {
  std::string a;
  std::string b;
  std::string format = "text";
  std::string out;
};

std::string Render(const PacketDifference& difference,
                   const std::string& format) {
  if (format == "html") return PacketDifferenceToHtml(difference);
  if (format == "json") {
    return absl::StrCat(CanonicalJson(PacketDifferenceToJson(difference)),
                        "\n");
  }
  return DescribePacketDifference(difference);
}

absl::StatusOr<Outcome> Diff(const DiffOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const OpenedPacket a, OpenedPacket::Open(options.a));
  PEDIGREE_ASSIGN_OR_RETURN(const OpenedPacket b, OpenedPacket::Open(options.b));
  PEDIGREE_ASSIGN_OR_RETURN(const PacketDifference difference,
                            ComparePackets(a, b));
  const std::string report = Render(difference, options.format);
  if (options.out.empty()) {
    std::fwrite(report.data(), 1, report.size(), stdout);
  } else {
    PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(options.out, report));
  }
  return difference.equal() ? Outcome::kGood : Outcome::kBad;
}

}  // namespace

void AddDiffCommand(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App* command = command_line.Add(
      packet, "diff",
      "Explain what differs between two packets; exit 1 when they differ",
      [options] { return Diff(*options); });
  command->add_option("a", options->a, "A packet directory")->required();
  command->add_option("b", options->b, "Another packet directory")->required();
  command
      ->add_option("--format", options->format,
                   "text, json or html (default: text)")
      ->check(CLI::IsMember({"text", "json", "html"}));
  command->add_option("--out", options->out,
                      "Write the report to this file (default: stdout)");
}

}  // namespace pedigree
