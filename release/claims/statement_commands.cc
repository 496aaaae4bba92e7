#include "release/claims/statement_commands.h"

#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "release/claims/claim_options.h"
#include "release/claims/claims_directory.h"
#include "release/claims/good_packet.h"
#include "release/packet_files.h"
#include "release/pending_directory.h"
#include "release/statements/statement_parts.h"
#include "release/statements/statements.h"
#include "release/statements/vsa.h"
#include "release/verified_packet.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

struct MakeOptions {
  VerifyRequest packet;
  std::string out;
};

absl::StatusOr<Outcome> Make(const MakeOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::optional<StatementParts> parts,
                            LoadGoodPacket(options.packet));
  if (!parts.has_value()) return Outcome::kBad;
  PEDIGREE_ASSIGN_OR_RETURN(const auto statements, MakeStatements(*parts));
  PEDIGREE_ASSIGN_OR_RETURN(PendingDirectory out,
                            PendingDirectory::Create(options.out));
  for (const auto& [kind, text] : statements) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string path,
                              out.PrepareFile(StatementFileName(kind)));
    PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(path, text));
  }
  PEDIGREE_RETURN_IF_ERROR(out.Commit());
  std::printf("%zu statements about packet %s\n", statements.size(),
              parts->packet.ToString().c_str());
  return Outcome::kGood;
}

void AddMake(CommandLine& command_line, CLI::App* statement) {
  auto options = std::make_shared<MakeOptions>();
  CLI::App* command = command_line.Add(
      statement, "make", "Write the unsigned statements about a packet",
      [options] { return Make(*options); });
  AddVerifyRequest(command, options->packet);
  command->add_option("--out", options->out, "The new folder")->required();
}

struct DescribeOptions {
  std::string manifest;
  std::string blob_list;
  std::map<ClaimKind, std::string> outs;
};

absl::StatusOr<Outcome> Describe(const DescribeOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const PacketFiles packet,
      PacketFiles::OpenDescribed(options.manifest, options.blob_list));
  PEDIGREE_ASSIGN_OR_RETURN(const StatementParts parts,
                            LoadStatementParts(packet));
  PEDIGREE_ASSIGN_OR_RETURN(const auto statements, MakeStatements(parts));
  for (const auto& [kind, text] : statements) {
    PEDIGREE_RETURN_IF_ERROR(
        WriteFileAtomically(options.outs.at(kind), text));
  }
  return Outcome::kGood;
}

void AddDescribe(CommandLine& command_line, CLI::App* statement) {
  auto options = std::make_shared<DescribeOptions>();
  CLI::App* command = command_line.Add(
      statement, "describe",
      "Write the unsigned statements from a packet's parts",
      [options] { return Describe(*options); });
  command->add_option("--manifest", options->manifest, "OCI manifest")
      ->required();
  command
      ->add_option("--blob-list", options->blob_list,
                   "JSON list of {digest, path}")
      ->required();
  for (const ClaimKind kind : kPacketClaims) {
    command
        ->add_option(absl::StrCat("--", ClaimName(kind), "-out"),
                     options->outs[kind],
                     absl::StrCat("The ", ClaimName(kind), " statement"))
        ->required();
  }
}

struct VsaOptions {
  VerifyRequest packet;
  ClaimOptions claims;
  VsaRequest request;
  std::string out;
};

// Every envelope that was read, named by the bundle that holds it too.
void AddAttestations(const ClaimsReport& report, VsaRequest& request) {
  for (const VerifiedClaim& claim : report.claims) {
    for (const Digest& envelope : claim.envelopes) {
      request.attestations.emplace_back(
          absl::StrCat(kClaimsFile, "#", ClaimName(claim.kind)), envelope);
    }
  }
}

absl::StatusOr<Outcome> MakeSummary(const VsaOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::optional<StatementParts> parts,
                            LoadGoodPacket(options.packet));
  if (!parts.has_value()) return Outcome::kBad;
  PEDIGREE_ASSIGN_OR_RETURN(const ClaimTrust trust,
                            LoadClaimTrust(options.claims, parts->record));
  PEDIGREE_ASSIGN_OR_RETURN(
      const ClaimsReport report,
      VerifyClaims(*parts, options.claims.claims, trust));
  for (const std::string& fault : report.faults) {
    std::fprintf(stderr, "fault: %s\n", fault.c_str());
  }
  if (!report.faults.empty()) return Outcome::kBad;
  VsaRequest request = options.request;
  request.claim_policy = trust.keys.digest;
  AddAttestations(report, request);
  PEDIGREE_ASSIGN_OR_RETURN(const Json statement, MakeVsa(*parts, request));
  PEDIGREE_RETURN_IF_ERROR(
      WriteFileAtomically(options.out, CanonicalJson(statement)));
  std::printf("summary of packet %s\n", parts->packet.ToString().c_str());
  return Outcome::kGood;
}

void AddVsa(CommandLine& command_line, CLI::App* statement) {
  auto options = std::make_shared<VsaOptions>();
  CLI::App* command = command_line.Add(
      statement, "vsa",
      "Write an auditor's summary of a packet whose claims verify",
      [options] { return MakeSummary(*options); });
  AddVerifyRequest(command, options->packet);
  AddClaimOptions(command, options->claims);
  command->get_option("--claims")->required();
  command
      ->add_option("--verifier-id", options->request.verifier_id,
                   "URI of whoever verifies")
      ->required();
  command->add_option("--resource-uri", options->request.resource_uri,
                      "URI that the packet is fetched as (default: "
                      "https://pedigree.dev/packets/NAME@VERSION)");
  command->add_flag("--reproduced", options->request.reproduced,
                    "Say that the packet was built again to the same digest");
  command->add_option("--out", options->out, "The statement, unsigned")
      ->required();
}

}  // namespace

CLI::App* AddStatementCommands(CommandLine& command_line) {
  CLI::App* statement = command_line.Add(
      nullptr, "statement", "Statements about packets", nullptr);
  AddMake(command_line, statement);
  AddDescribe(command_line, statement);
  AddVsa(command_line, statement);
  return statement;
}

}  // namespace pedigree
