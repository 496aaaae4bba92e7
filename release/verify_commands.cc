#include "release/verify_commands.h"

#include <cinttypes>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "release/archive/unpack.h"
#include "release/export.h"
#include "release/file_stream.h"
#include "release/inspect.h"
#include "release/json_difference.h"
#include "release/layout.h"
#include "release/manifest_difference.h"
#include "release/packet_arguments.h"
#include "release/packet_files.h"
#include "release/verify.h"
#include "release/verify_state.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

// What every command here that reads a packet takes.
struct PacketOptions {
  PacketArguments packet;
  std::string digest;
  // Of `verify` alone.
  std::string resume;
  int threads = AvailableThreads();
  bool json = false;
};

void AddPacketOptions(CLI::App* command, PacketOptions& options) {
  AddPacketArguments(command, options.packet,
                     "The packet: a directory, or a file made by pack");
  command->add_option("--digest", options.digest,
                      "sha256:HEX that the packet must have");
}

absl::StatusOr<std::optional<Digest>> ExpectedDigest(
    const PacketOptions& options) {
  if (options.digest.empty()) return std::nullopt;
  PEDIGREE_ASSIGN_OR_RETURN(const Digest digest, ParseDigest(options.digest));
  return digest;
}

// Verifies a packet whose blobs are files, going on where an interrupted
// verification stopped.
absl::StatusOr<VerifyReport> VerifyResumed(
    const PacketFiles& packet, const std::optional<Digest>& expected,
    const PacketOptions& options) {
  const absl::StatusOr<PacketManifest> manifest = ReadPacketManifest(packet);
  // Verifying names what is wrong with it.
  if (!manifest.ok()) return VerifyPacket(packet, expected);
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::unique_ptr<VerifyState> state,
      VerifyState::Open(options.resume, manifest->descriptor.digest));
  VerifyReport report = VerifyPacket(ResumedPacket(packet, *state), expected,
                                     options.threads);
  std::fprintf(stderr, "note: %" PRIu64 " blobs were not hashed again, as %s "
               "says\n", state->known(), options.resume.c_str());
  return report;
}

// Verifies the packet in whichever form it is.
absl::StatusOr<VerifyReport> VerifyAsAsked(const PacketOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::optional<Digest> expected,
                            ExpectedDigest(options));
  PEDIGREE_RETURN_IF_ERROR(CheckPacketArguments(options.packet));
  if (IsPackedPath(options.packet.packet)) {
    if (options.resume.empty()) {
      return VerifyPackedPacket(options.packet.packet, expected);
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid --resume: ", options.packet.packet, " is one stream"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const PacketFiles packet,
                            OpenPacketFiles(options.packet));
  if (!options.resume.empty()) return VerifyResumed(packet, expected, options);
  return VerifyPacket(packet, expected, options.threads);
}

void PrintJson(const Json& json) {
  std::printf("%s\n", CanonicalJson(json).c_str());
}

void PrintVerdict(const VerifyReport& report, bool identity_checked) {
  if (!report.faults.empty()) return PrintFaults(stdout, report);
  std::printf("packet %s\n", report.digest->ToString().c_str());
  std::printf("verify: %s\n", identity_checked
                                  ? "OK"
                                  : "consistent; identity not checked");
}

Json VerdictToJson(const VerifyReport& report, bool identity_checked) {
  return {{"digest", report.digest.has_value() ? report.digest->ToString() : ""},
          {"faults", report.faults},
          {"identity_checked", identity_checked},
          {"verified", report.faults.empty()}};
}

absl::StatusOr<Outcome> Verify(const PacketOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const VerifyReport report, VerifyAsAsked(options));
  const bool identity_checked = !options.digest.empty();
  if (options.json) {
    PrintJson(VerdictToJson(report, identity_checked));
  } else {
    PrintVerdict(report, identity_checked);
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
  PEDIGREE_ASSIGN_OR_RETURN(const PacketFiles packet,
                            OpenPacketFiles(options.packet.packet));
  PEDIGREE_ASSIGN_OR_RETURN(const VerifyReport report,
                            VerifyAsAsked(options.packet));
  if (!report.faults.empty()) {
    PrintFaults(stderr, report);
    return Outcome::kBad;
  }
  PEDIGREE_RETURN_IF_ERROR(
      ExportLayers(packet, report.layers, options.out));
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
  auto options = std::make_shared<PacketOptions>();
  CLI::App* command =
      command_line.Add(packet, "verify", "Check a packet and name each fault",
                       [options] { return Verify(*options); });
  AddPacketOptions(command, *options);
  command->add_option("--resume", options->resume,
                      "Note in this file which blobs were hashed, and hash "
                      "none again that is still the same file");
  command->add_option("--threads", options->threads,
                      "Threads that hash (default: one for each core)")
      ->check(CLI::Range(1, kMaxThreads));
  command->add_flag("--json", options->json, "Print JSON");
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
