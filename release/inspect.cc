#include "release/inspect.h"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "release/layer.h"
#include "runtime/base/check.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

using release::ReleaseRecord;

void Line(std::string& out, std::string_view label, std::string_view value) {
  absl::StrAppendFormat(&out, "%-12s %s\n", label,
                        value.empty() ? "none" : value);
}

template <typename Values>
void Lines(std::string& out, std::string_view label, const Values& values) {
  if (values.empty()) Line(out, label, "");
  for (const std::string& value : values) Line(out, label, value);
}

void AppendEvidence(const ReleaseRecord& record, std::string& out) {
  for (int i = 0; i < record.suites_size(); ++i) {
    const release::Suite& suite = record.suites(i);
    Line(out, "suite",
         absl::StrCat(suite.name(), " ", suite.version(), " ",
                      suite.digest()));
    Line(out, "sidecar", record.sidecars(i).sidecar_digest());
  }
  for (const release::Evidence& baseline : record.baselines()) {
    Line(out, "baseline", baseline.sidecar_digest());
  }
  Line(out, "policy", record.policy_digest());
  Line(out, "decision", record.decision_digest());
  Line(out, "claim", record.claim_level());
}

void AppendOrigin(const ReleaseRecord& record, std::string& out) {
  for (const release::Runtime& runtime : record.runtimes()) {
    Line(out, "runtime",
         absl::StrCat(runtime.target(), " ", runtime.digest()));
  }
  if (record.runtimes().empty()) Line(out, "runtime", "");
  Line(out, "numerics", record.numerics_version());
  Line(out, "inputs", record.inputs_digest());
  Line(out, "pins", absl::StrCat(record.toolchain_pins_size()));
  for (const release::License& license : record.licenses()) {
    Line(out, "license", absl::StrCat(license.name(), " ", license.digest()));
  }
  for (const release::InheritedLicense& license :
       record.inherited_obligations()) {
    Line(out, "inherited",
         absl::StrCat(license.name(), " from ", license.artifact_digest()));
  }
}

}  // namespace

std::string DescribePacket(const VerifyReport& report) {
  const ReleaseRecord& record = report.record;
  std::string out;
  Line(out, "packet", report.digest->ToString());
  Line(out, "release", absl::StrCat(record.name(), " ", record.version()));
  Line(out, "assembly", record.assembly_digest());
  Line(out, "model", record.model_digest());
  Lines(out, "adapter", record.adapter_digests());
  Lines(out, "parent", record.parent_digests());
  Line(out, "ancestors",
       absl::StrCat(record.derivation_node_digests_size() - 1));
  Line(out, "rollback", record.rollback_target());
  AppendEvidence(record, out);
  AppendOrigin(record, out);
  absl::StrAppend(&out, "layers\n");
  for (const Layer& layer : report.layers) {
    absl::StrAppendFormat(&out, "  %s %12d %s\n", layer.digest.ToString(),
                          layer.size, layer.file_path);
  }
  return out;
}

Json PacketToJson(const VerifyReport& report) {
  absl::StatusOr<Json> record =
      ParseJson(CanonicalRecord(report.record), "record");
  PEDIGREE_CHECK(record.ok());
  Json layers = Json::array();
  for (const Layer& layer : report.layers) {
    layers.push_back({{"digest", layer.digest.ToString()},
                      {"media_type", LayerMediaType(layer.kind)},
                      {"name", layer.file_path},
                      {"size", layer.size}});
  }
  return {{"digest", report.digest->ToString()},
          {"layers", std::move(layers)},
          {"record", *std::move(record)}};
}

absl::StatusOr<std::optional<Json>> InspectPacketPath(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path + "/oci-layout", error)) {
    return std::nullopt;
  }
  PEDIGREE_ASSIGN_OR_RETURN(const VerifyReport report, VerifyPacket(path));
  if (!report.faults.empty()) {
    return absl::DataLossError(absl::StrCat(path, ": ", report.faults[0]));
  }
  return PacketToJson(report);
}

}  // namespace pedigree
