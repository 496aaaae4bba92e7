#include "release/verify_commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
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
#include "release/verified_packet.h"
#include "release/verify.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

void PrintJson(const Json& json) {
  std::printf("%s\n", CanonicalJson(json).c_str());
}

struct VerifyOptions {
  VerifyRequest packet;
  // Folder of unsigned statements; empty for none.
  std::string statements;
  ClaimOptions claims;
  bool json = false;
};

// What is said beside the packet: its faults are added to the packet's. Without
// a good packet there is nothing to compare with.
absl::StatusOr<std::vector<VerifiedClaim>> CheckBeside(
    const VerifyOptions& options, VerifiedPacket& packet) {
  std::vector<std::string>& faults = packet.report.faults;
  if (!faults.empty() ||
      (options.statements.empty() && options.claims.claims.empty())) {
    return std::vector<VerifiedClaim>();
  }
  PEDIGREE_ASSIGN_OR_RETURN(const StatementParts parts,
                            LoadStatementParts(*packet.source));
  if (!options.statements.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(faults,
                              CheckStatements(parts, options.statements));
  }
  if (options.claims.claims.empty()) return std::vector<VerifiedClaim>();
  PEDIGREE_ASSIGN_OR_RETURN(ClaimsReport claims,
                            CheckClaims(options.claims, parts));
  faults.insert(faults.end(), claims.faults.begin(), claims.faults.end());
  return std::move(claims.claims);
}

void PrintVerdict(const VerifyReport& report,
                  const std::vector<VerifiedClaim>& claims,
                  bool identity_checked) {
  if (!report.faults.empty()) return PrintFaults(stdout, report.faults);
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
  // Options that do not go together are an error whatever the packet is.
  PEDIGREE_RETURN_IF_ERROR(CheckClaimOptions(options.claims));
  PEDIGREE_ASSIGN_OR_RETURN(VerifiedPacket packet,
                            VerifyRequested(options.packet));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<VerifiedClaim> claims,
                            CheckBeside(options, packet));
  const VerifyReport& report = packet.report;
  const bool identity_checked =
      !options.packet.digest.empty() || !options.claims.claims.empty();
  if (options.json) {
    PrintJson(VerdictToJson(report, claims, identity_checked));
  } else {
    PrintVerdict(report, claims, identity_checked);
  }
  return report.faults.empty() ? Outcome::kGood : Outcome::kBad;
}

struct InspectOptions {
  VerifyRequest packet;
  bool json = false;
};

absl::StatusOr<Outcome> Inspect(const InspectOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const VerifiedPacket packet,
                            VerifyRequested(options.packet));
  if (!packet.report.faults.empty()) {
    PrintFaults(stderr, packet.report.faults);
    return Outcome::kBad;
  }
  if (options.json) {
    PrintJson(PacketToJson(packet.report));
  } else {
    std::printf("%s", DescribePacket(packet.report).c_str());
  }
  return Outcome::kGood;
}

struct ExportOptions {
  VerifyRequest packet;
  std::string out;
};

absl::StatusOr<Outcome> Export(const ExportOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const PacketFiles files,
                            OpenPacketFiles(options.packet.packet));
  PEDIGREE_ASSIGN_OR_RETURN(const VerifiedPacket packet,
                            VerifyRequested(options.packet));
  const VerifyReport& report = packet.report;
  if (!report.faults.empty()) {
    PrintFaults(stderr, report.faults);
    return Outcome::kBad;
  }
  PEDIGREE_RETURN_IF_ERROR(ExportLayers(files, report.layers, options.out));
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
  AddVerifyRequest(command, options->packet);
  command->add_option("--resume", options->packet.resume,
                      "Note in this file which blobs were hashed, and hash "
                      "none again that is still the same file");
  command->add_option("--threads", options->packet.threads,
                      "Threads that hash (default: one for each core)")
      ->check(CLI::Range(1, kMaxThreads));
  command->add_flag("--json", options->json, "Print JSON");
  command->add_option("--statements", options->statements,
                      "Folder of unsigned statements that must be the packet's");
  AddClaimOptions(command, options->claims);
}

void AddInspect(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = command_line.Add(
      packet, "inspect", "Show a packet's record, lineage and layers",
      [options] { return Inspect(*options); });
  AddVerifyRequest(command, options->packet);
  command->add_flag("--json", options->json, "Print JSON");
}

void AddExport(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command =
      command_line.Add(packet, "export", "Write a packet's named files",
                       [options] { return Export(*options); });
  AddVerifyRequest(command, options->packet);
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
