#include "release/diff/golden_reports.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "release/diff/divergence.h"
#include "release/diff/html_report.h"
#include "release/diff/json_report.h"
#include "release/diff/packet_difference.h"
#include "release/diff/opened_packet.h"
#include "release/diff/text_report.h"
#include "release/testing/packet_pair.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

OpenedPacket Write(const PacketLayers& layers, const std::string& version,
                  const std::string& folder) {
  WriteLayers(layers, version, folder);
  absl::StatusOr<OpenedPacket> packet = OpenedPacket::Open(folder);
  PEDIGREE_CHECK(packet.ok());
  return *std::move(packet);
}

std::string DivergenceLines(const PacketDifference& difference) {
  std::string lines;
  for (const Divergence& divergence : Divergences(difference)) {
    absl::StrAppend(&lines, divergence.artifact, ": ", divergence.what, "\n");
  }
  return lines;
}

}  // namespace

std::map<std::string, std::string> GoldenReports(const std::string& scratch) {
  const OpenedPacket a = Write(FirstOfPair(), "1.0.0", scratch + "/a");
  const OpenedPacket b = Write(SecondOfPair(), "1.1.0", scratch + "/b");
  const absl::StatusOr<PacketDifference> difference = ComparePackets(a, b);
  PEDIGREE_CHECK(difference.ok());
  return {{"divergences.txt", DivergenceLines(*difference)},
          {"pair.html", PacketDifferenceToHtml(*difference)},
          {"pair.json", CanonicalJson(PacketDifferenceToJson(*difference))},
          {"pair.txt", DescribePacketDifference(*difference)}};
}

}  // namespace pedigree
