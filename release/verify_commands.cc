#include "release/verify_commands.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "release/claims/claim_options.h"
#include "release/claims/verify_claims.h"
#include "release/export.h"
#include "release/file_stream.h"
#include "release/inspect.h"
#include "release/json_difference.h"
#include "release/layout.h"
#include "release/manifest_difference.h"
#include "release/statements/statement_parts.h"
#include "release/statements/statements.h"
#include "release/verify.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// What every command here that reads a packet takes.
struct PacketOptions {
  std::string packet;
  std::string digest;
  bool json = false;
};

void AddPacketOptions(CLI::App* command, PacketOptions& options) {
  command->add_option("packet", options.packet, "The packet directory")
      ->required();
  command->add_option("--digest", options.digest,
                      "sha256:HEX that the packet must have");
}

absl::StatusOr<VerifyReport> VerifyAsAsked(const PacketOptions& options) {
  std::optional<Digest> expected;
  if (!options.digest.empty()) {
    absl::StatusOr<Digest> digest = ParseDigest(options.digest);
    if (!digest.ok()) return digest.status();
    expected = *digest;
  }
  return VerifyPacket(options.packet, expected);
}

void PrintJson(const Json& json) {
  std::printf("%s\n", CanonicalJson(json).c_str());
}

// The faults of a packet that another command refuses to work on.
void PrintFaults(std::FILE* out, const VerifyReport& report) {
  for (const std::string& fault : report.faults) {
    std::fprintf(out, "fault: %s\n", fault.c_str());
  }
  std::fprintf(out, "verify: FAILED (faults: %zu)\n", report.faults.size());
}

struct VerifyOptions {
  PacketOptions packet;
  // Folder of unsigned statements; empty for none.
  std::string statements;
  ClaimOptions claims;
};

// What is said beside the packet: its faults are added to the packet's. Without
// a good packet there is nothing to compare with.
absl::StatusOr<std::vector<VerifiedClaim>> CheckBeside(
    const VerifyOptions& options, VerifyReport& report) {
  // Options that do not go together are an error whatever the packet is.
  PEDIGREE_RETURN_IF_ERROR(CheckClaimOptions(options.claims));
  if (!report.faults.empty() ||
      (options.statements.empty() && options.claims.claims.empty())) {
    return std::vector<VerifiedClaim>();
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const StatementParts parts,
      LoadStatementParts(options.packet.packet, *report.digest));
  if (!options.statements.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(report.faults,
                              CheckStatements(parts, options.statements));
  }
  if (options.claims.claims.empty()) return std::vector<VerifiedClaim>();
  PEDIGREE_ASSIGN_OR_RETURN(ClaimsReport claims,
                            CheckClaims(options.claims, parts));
  report.faults.insert(report.faults.end(), claims.faults.begin(),
                       claims.faults.end());
  return std::move(claims.claims);
}

void PrintVerdict(const VerifyReport& report,
                  const std::vector<VerifiedClaim>& claims,
                  bool identity_checked) {
  if (!report.faults.empty()) return PrintFaults(stdout, report);
  std::printf("packet %s\n", report.digest->ToString().c_str());
  for (const VerifiedClaim& claim : claims) {
    std::printf("claim %s signed by %s\n",
                std::string(ClaimName(claim.kind)).c_str(),
                absl::StrJoin(claim.signers, ", ").c_str());
  }
  std::printf("verify: %s\n", identity_checked
                                  ? "OK"
                                  : "consistent; identity not checked");
}

Json VerdictToJson(const VerifyReport& report,
                   const std::vector<VerifiedClaim>& claims,
                   bool identity_checked) {
  Json list = Json::array();
  for (const VerifiedClaim& claim : claims) {
    list.push_back({{"kind", ClaimName(claim.kind)},
                    {"signers", claim.signers},
                    {"statement", claim.statement.ToString()}});
  }
  return {{"claims", std::move(list)},
          {"digest", report.digest.has_value() ? report.digest->ToString() : ""},
          {"faults", report.faults},
          {"identity_checked", identity_checked},
          {"verified", report.faults.empty()}};
}

absl::StatusOr<Outcome> Verify(const VerifyOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(VerifyReport report, VerifyAsAsked(options.packet));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<VerifiedClaim> claims,
                            CheckBeside(options, report));
  const bool identity_checked =
      !options.packet.digest.empty() || !options.claims.claims.empty();
  if (options.packet.json) {
    PrintJson(VerdictToJson(report, claims, identity_checked));
  } else {
    PrintVerdict(report, claims, identity_checked);
  }
  return report.faults.empty() ? Outcome::kGood : Outcome::kBad;
}

absl::StatusOr<Outcome> Inspect(const PacketOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const VerifyReport report, VerifyAsAsked(options));
  if (!report.faults.empty()) {
    PrintFaults(stderr, report);
    return Outcome::kBad;
  }
  if (options.json) {
    PrintJson(PacketToJson(report));
  } else {
    std::printf("%s", DescribePacket(report).c_str());
  }
  return Outcome::kGood;
}

struct ExportOptions {
  PacketOptions packet;
  std::string out;
};

absl::StatusOr<Outcome> Export(const ExportOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const VerifyReport report,
                            VerifyAsAsked(options.packet));
  if (!report.faults.empty()) {
    PrintFaults(stderr, report);
    return Outcome::kBad;
  }
  PEDIGREE_RETURN_IF_ERROR(
      ExportLayers(options.packet.packet, report.layers, options.out));
  std::printf("exported %zu files of packet %s\n", report.layers.size(),
              report.digest->ToString().c_str());
  return Outcome::kGood;
}

struct CompareOptions {
  std::string manifest;
  std::string recorded_manifest;
  std::string record;
  std::string recorded_record;
};

absl::StatusOr<std::string> ReadDocument(const std::string& path) {
  return ReadSmallFile(path, Links::kFollow, kMaxManifestBytes);
}

// Fields of the release record that differ, when both records are given.
absl::StatusOr<std::vector<std::string>> CompareRecords(
    const CompareOptions& options) {
  if (options.record.empty() || options.recorded_record.empty()) {
    return std::vector<std::string>();
  }
  PEDIGREE_ASSIGN_OR_RETURN(const std::string now, ReadDocument(options.record));
  PEDIGREE_ASSIGN_OR_RETURN(const std::string before,
                            ReadDocument(options.recorded_record));
  PEDIGREE_ASSIGN_OR_RETURN(const Json now_json, ParseJson(now, "record"));
  PEDIGREE_ASSIGN_OR_RETURN(const Json before_json,
                            ParseJson(before, "recorded record"));
  std::vector<std::string> differences =
      DescribeDifferences(now_json, before_json);
  if (differences.empty() && now != before) {
    differences.push_back("recorded record is not in canonical form");
  }
  return differences;
}

absl::StatusOr<Outcome> Compare(const CompareOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string now,
                            ReadDocument(options.manifest));
  PEDIGREE_ASSIGN_OR_RETURN(const std::string before,
                            ReadDocument(options.recorded_manifest));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<std::string> changes,
                            DescribeManifestDifference(now, before));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<std::string> fields,
                            CompareRecords(options));
  for (const std::string& change : changes) {
    std::printf("changed: %s\n", change.c_str());
  }
  for (const std::string& field : fields) {
    std::printf("record: %s\n", field.c_str());
  }
  std::printf("packet %s\n", Sha256(now).ToString().c_str());
  if (changes.empty() && fields.empty()) return Outcome::kGood;
  std::printf("recorded %s\n", Sha256(before).ToString().c_str());
  return Outcome::kBad;
}

void AddVerify(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command =
      command_line.Add(packet, "verify", "Check a packet and name each fault",
                       [options] { return Verify(*options); });
  AddPacketOptions(command, options->packet);
  command->add_flag("--json", options->packet.json, "Print JSON");
  command->add_option("--statements", options->statements,
                      "Folder of unsigned statements that must be the packet's");
  AddClaimOptions(command, options->claims);
}

void AddInspect(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<PacketOptions>();
  CLI::App* command = command_line.Add(
      packet, "inspect", "Show a packet's record, lineage and layers",
      [options] { return Inspect(*options); });
  AddPacketOptions(command, *options);
  command->add_flag("--json", options->json, "Print JSON");
}

void AddExport(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command =
      command_line.Add(packet, "export", "Write a packet's named files",
                       [options] { return Export(*options); });
  AddPacketOptions(command, options->packet);
  command->add_option("--out", options->out, "The new folder")->required();
}

void AddCompare(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = command_line.Add(
      packet, "compare", "Compare a packet's manifest with the one on record",
      [options] { return Compare(*options); });
  command->add_option("--manifest", options->manifest, "OCI manifest")
      ->required();
  command
      ->add_option("--recorded-manifest", options->recorded_manifest,
                   "The manifest on record")
      ->required();
  command->add_option("--record", options->record, "Release record");
  command->add_option("--recorded-record", options->recorded_record,
                      "The release record on record");
}

}  // namespace

void AddVerifyCommands(CommandLine& command_line, CLI::App* packet) {
  AddVerify(command_line, packet);
  AddInspect(command_line, packet);
  AddExport(command_line, packet);
  AddCompare(command_line, packet);
}

}  // namespace pedigree
