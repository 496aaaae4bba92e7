#include "release/archive/archive_commands.h"

#include <cinttypes>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "release/archive/frame_reader.h"
#include "release/archive/frame_writer.h"
#include "release/archive/pack.h"
#include "release/archive/unpack.h"
#include "release/packet_arguments.h"
#include "release/verify.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

struct PackOptions {
  PacketArguments packet;
  std::string digest;
  CompressionOptions compression;
  int threads = AvailableThreads();
  std::string out;
};

// A packet of zeros, say, is refused by the reader's limit.
void NoteRatio(const PackResult& result) {
  if (result.content_bytes <=
      MaxContentBytes(result.packed_bytes, kMaxRatio)) {
    return;
  }
  std::fprintf(stderr, "note: unpacking it needs --max-ratio=%" PRIu64 "\n",
               result.content_bytes / result.packed_bytes + 1);
}

absl::StatusOr<Outcome> Pack(const PackOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::optional<Digest> digest,
                            ExpectedDigest(options.digest));
  PEDIGREE_ASSIGN_OR_RETURN(const PacketFiles packet,
                            OpenPacketFiles(options.packet));
  PEDIGREE_ASSIGN_OR_RETURN(
      const PackResult result,
      PackPacket(packet, digest, options.compression, options.threads,
                 options.out));
  if (!result.report.faults.empty()) {
    PrintFaults(stderr, result.report.faults);
    return Outcome::kBad;
  }
  NoteRatio(result);
  std::printf("packed packet %s: %" PRIu64 " bytes of %" PRIu64 "\n",
              result.report.digest->ToString().c_str(), result.packed_bytes,
              result.content_bytes);
  return Outcome::kGood;
}

struct UnpackOptions {
  std::string file;
  std::string digest;
  uint64_t max_ratio = kMaxRatio;
  std::string out;
};

absl::StatusOr<Outcome> Unpack(const UnpackOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::optional<Digest> digest,
                            ExpectedDigest(options.digest));
  PEDIGREE_ASSIGN_OR_RETURN(
      const VerifyReport report,
      UnpackPacket(options.file, digest, options.max_ratio, options.out));
  if (!report.faults.empty()) {
    PrintFaults(stderr, report.faults);
    return Outcome::kBad;
  }
  std::printf("unpacked packet %s\n", report.digest->ToString().c_str());
  return Outcome::kGood;
}

void AddPack(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<PackOptions>();
  CLI::App* command = command_line.Add(
      packet, "pack", "Write a packet as one file, a tar compressed by zstd",
      [options] { return Pack(*options); });
  AddPacketArguments(command, options->packet);
  AddDigestOption(command, options->digest);
  command->add_option("--level", options->compression.level,
                      "Compression level of zstd, 1..22 (default: 3)");
  command->add_option("--long", options->compression.long_window_log,
                      "Match over long distances, in a window of 2^N bytes, "
                      "10..27 (default: 0, do not)");
  command->add_option("--threads", options->threads,
                      "Threads that compress; the bytes do not depend on it "
                      "(default: one for each core)");
  command->add_option("--out", options->out, "The file to write")->required();
}

void AddUnpack(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<UnpackOptions>();
  CLI::App* command =
      command_line.Add(packet, "unpack", "Verify a packed packet and lay it out",
                       [options] { return Unpack(*options); });
  command->add_option("file", options->file, "The packed packet")->required();
  AddDigestOption(command, options->digest);
  command->add_option("--max-ratio", options->max_ratio,
                      "Bytes that each compressed byte may give at most "
                      "(default: 1024)");
  command->add_option("--out", options->out, "The new packet directory")
      ->required();
}

}  // namespace

void AddArchiveCommands(CommandLine& command_line, CLI::App* packet) {
  AddPack(command_line, packet);
  AddUnpack(command_line, packet);
}

}  // namespace pedigree
