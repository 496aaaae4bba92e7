#include "release/distribution/commands.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "release/distribution/claim_artifact.h"
#include "release/distribution/docker_config.h"
#include "release/distribution/pull.h"
#include "release/distribution/push.h"
#include "release/distribution/reference.h"
#include "release/distribution/registry_client.h"
#include "release/distribution/upload_journal.h"
#include "release/packet_arguments.h"
#include "release/verify.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

struct RegistryFlags {
  std::string reference;
  std::string ca_file;
  bool plain_http = false;
  size_t parallel = 4;
  bool json = false;
};

void AddRegistryFlags(CLI::App* command, RegistryFlags& flags) {
  command
      ->add_option("reference", flags.reference,
                   "HOST[:PORT]/NAME[:TAG][@sha256:HEX]")
      ->required();
  command->add_option("--ca-file", flags.ca_file,
                      "PEM certificates to trust instead of the system's");
  command->add_flag("--plain-http", flags.plain_http,
                    "No TLS; loopback registries are reached so anyway");
  command->add_option("--parallel", flags.parallel, "Blobs at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command->add_flag("--json", flags.json, "Print JSON");
}

absl::StatusOr<RegistryOptions> OptionsOf(const RegistryFlags& flags) {
  RegistryOptions options;
  options.plain_http = flags.plain_http;
  options.ca_file = flags.ca_file;
  PEDIGREE_ASSIGN_OR_RETURN(options.docker_config,
                            DockerConfig::Load(DefaultDockerConfigPath()));
  return options;
}

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

struct PushFlags {
  RegistryFlags registry;
  PacketArguments packet;
  std::string digest;
  std::string claims;
  bool no_claims = false;
  std::string mount_from;
  uint64_t chunk_mib = 64;
  std::string state = DefaultJournalFolder();
};

// The claims to send: those asked for, else those beside the packet.
absl::StatusOr<std::vector<ClaimFile>> ClaimsOf(const PushFlags& flags) {
  if (flags.no_claims) return std::vector<ClaimFile>();
  if (!flags.claims.empty()) return ReadClaimFiles(flags.claims);
  std::string packet = flags.packet.packet;
  if (packet.empty()) return std::vector<ClaimFile>();
  while (packet.size() > 1 && packet.back() == '/') packet.pop_back();
  const std::string beside = packet + ".claims";
  if (!Exists(beside)) return std::vector<ClaimFile>();
  return ReadClaimFiles(beside);
}

// How an error names the packet.
const std::string& PlaceOf(const PacketArguments& packet) {
  return packet.packet.empty() ? packet.manifest : packet.packet;
}

// Whether `found`, the packet's digest, is what the reference and --digest say.
absl::Status CheckIdentity(const PushFlags& flags, const Reference& reference,
                           const Digest& found) {
  Digest expected = reference.digest.value_or(found);
  if (expected == found && !flags.digest.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(expected, ParseDigest(flags.digest));
  }
  if (expected == found) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(PlaceOf(flags.packet), ": packet is ", found.ToString(),
                   " (expected ", expected.ToString(), ")"));
}

void PrintPush(const PushFlags& flags, const PushPacket& packet,
               const PushResult& result) {
  Json claims = Json::array();
  for (const Digest& claim : result.claims) claims.push_back(claim.ToString());
  if (flags.registry.json) {
    std::printf("%s\n",
                CanonicalJson({{"blobs_mounted", result.blobs_mounted},
                               {"blobs_sent", result.blobs_sent},
                               {"blobs_total", packet.blobs.size()},
                               {"bytes_sent", absl::StrCat(result.bytes_sent)},
                               {"claims", std::move(claims)},
                               {"digest", packet.digest.ToString()}})
                    .c_str());
    return;
  }
  std::printf("packet %s\n", packet.digest.ToString().c_str());
  std::printf(
      "pushed: %llu blobs sent, %llu mounted, %zu in all; %llu bytes; %zu "
      "claims\n",
      static_cast<unsigned long long>(result.blobs_sent),
      static_cast<unsigned long long>(result.blobs_mounted),
      packet.blobs.size(), static_cast<unsigned long long>(result.bytes_sent),
      result.claims.size());
}

// Of `push PACKET REFERENCE`, both are taken by place: where a manifest tells the
// packet, the one that is there is the reference.
void SortPlaces(PushFlags& flags) {
  if (!flags.registry.reference.empty() || flags.packet.manifest.empty()) return;
  std::swap(flags.registry.reference, flags.packet.packet);
}

absl::StatusOr<Outcome> PushCommand(PushFlags flags) {
  SortPlaces(flags);
  PEDIGREE_ASSIGN_OR_RETURN(const Reference reference,
                            ParseReference(flags.registry.reference));
  if (!flags.mount_from.empty()) {
    PEDIGREE_RETURN_IF_ERROR(CheckRepository(flags.mount_from));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const PacketFiles files,
                            OpenPacketFiles(flags.packet));
  // With --digest the packet's identity is known; that each blob is what its
  // digest says the registry checks.
  if (flags.digest.empty()) {
    const VerifyReport report = VerifyPacket(files);
    if (!report.faults.empty()) {
      PrintFaults(stderr, report.faults);
      return Outcome::kBad;
    }
  }
  absl::StatusOr<PushPacket> packet = OpenPushPacket(files);
  if (!packet.ok()) {
    return AnnotateWithPath(packet.status(), PlaceOf(flags.packet));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckIdentity(flags, reference, packet->digest));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<ClaimFile> claims,
                            ClaimsOf(flags));
  PEDIGREE_ASSIGN_OR_RETURN(RegistryOptions options,
                            OptionsOf(flags.registry));
  RegistryClient client(reference, Access::kPush, flags.mount_from,
                        std::move(options));
  PushOptions push_options;
  push_options.upload = {flags.chunk_mib << 20, flags.mount_from};
  push_options.parallel = flags.registry.parallel;
  PEDIGREE_ASSIGN_OR_RETURN(const PushResult result,
                            Push(client, *packet, claims, push_options,
                                 UploadJournal(flags.state)));
  PrintPush(flags, *packet, result);
  return Outcome::kGood;
}

struct PullFlags {
  RegistryFlags registry;
  std::string out;
  std::string claims;
};

void PrintPull(const PullFlags& flags, const PullResult& result,
               size_t claims) {
  if (flags.registry.json) {
    std::printf(
        "%s\n",
        CanonicalJson({{"blobs_total", result.blobs_total},
                       {"bytes_received", absl::StrCat(result.bytes_received)},
                       {"claims", claims},
                       {"digest", result.digest.ToString()}})
            .c_str());
    return;
  }
  std::printf("packet %s\n", result.digest.ToString().c_str());
  std::printf("pulled: %llu blobs; %llu bytes; %zu claims\n",
              static_cast<unsigned long long>(result.blobs_total),
              static_cast<unsigned long long>(result.bytes_received), claims);
}

absl::StatusOr<Outcome> PullCommand(const PullFlags& flags) {
  PEDIGREE_ASSIGN_OR_RETURN(const Reference reference,
                            ParseReference(flags.registry.reference));
  if (reference.tag.empty() && !reference.digest.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid reference: \"", flags.registry.reference,
                     "\" has neither tag nor digest"));
  }
  if (!flags.claims.empty() && Exists(flags.claims)) {
    return absl::AlreadyExistsError(
        absl::StrCat("Cannot create ", flags.claims, ": it exists"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(RegistryOptions options,
                            OptionsOf(flags.registry));
  RegistryClient client(reference, Access::kPull, "", std::move(options));
  PEDIGREE_ASSIGN_OR_RETURN(
      const PullResult result,
      Pull(client, flags.registry.parallel, flags.out));
  if (!result.faults.empty()) {
    PrintFaults(stderr, result.faults);
    return Outcome::kBad;
  }
  size_t claims = 0;
  if (!flags.claims.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(
        claims, PullClaims(client, result.digest, flags.claims));
  }
  PrintPull(flags, result, claims);
  return Outcome::kGood;
}

void AddPush(CommandLine& command_line, CLI::App* packet) {
  auto flags = std::make_shared<PushFlags>();
  CLI::App* command = command_line.Add(
      packet, "push", "Send a packet and its claims to an OCI registry",
      [flags] { return PushCommand(*flags); });
  AddPacketArguments(command, flags->packet);
  AddRegistryFlags(command, flags->registry);
  // SortPlaces and ParseReference see to it.
  command->get_option("reference")->required(false);
  command->add_option("--digest", flags->digest,
                      "sha256:HEX that the packet must have; then it is not "
                      "verified once more");
  command->add_option("--claims", flags->claims,
                      "Folder of signed claims to send along; default: "
                      "PACKET.claims if it is there");
  command->add_flag("--no-claims", flags->no_claims, "Send no claims");
  command->add_option("--mount-from", flags->mount_from,
                      "Repository of the same registry to take blobs from");
  command->add_option("--chunk-mib", flags->chunk_mib,
                      "Larger blobs are sent in pieces of this many MiB")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command->add_option("--state", flags->state,
                      "Folder that remembers unfinished uploads, so that a "
                      "push that was killed goes on; empty for none; default: "
                      "pedigree/uploads in XDG_STATE_HOME or ~/.local/state");
}

void AddPull(CommandLine& command_line, CLI::App* packet) {
  auto flags = std::make_shared<PullFlags>();
  CLI::App* command = command_line.Add(
      packet, "pull", "Bring a packet from an OCI registry and verify it",
      [flags] { return PullCommand(*flags); });
  AddRegistryFlags(command, flags->registry);
  command->add_option("--out", flags->out, "The new packet directory")
      ->required();
  command->add_option("--claims", flags->claims,
                      "New folder for the signed claims about it");
}

}  // namespace

void AddDistributionCommands(CommandLine& command_line, CLI::App* packet) {
  AddPush(command_line, packet);
  AddPull(command_line, packet);
}

}  // namespace pedigree
