// Building a packet again from source, in a clean place, and comparing.
// Specification: docs/formats/audit.md, "Rederiving".

#ifndef PEDIGREE_RELEASE_REDERIVE_REDERIVE_H_
#define PEDIGREE_RELEASE_REDERIVE_REDERIVE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "release/diff/divergence.h"
#include "release/rederive/build_log.h"
#include "runtime/base/sha256.h"

namespace pedigree {

struct RederiveOptions {
  // The packet directory.
  std::string packet;
  // Folder of the sources, with the launcher `bazelw`.
  std::string source;
  // Label of the packet's target, "//package:name".
  std::string target = "//fixtures:packet";
  // "none": no result of an earlier build is used. "allowed": what the launcher
  // is set to. Else a folder: while it is new or empty as good as "none", and
  // filled for later.
  std::string disk_cache = "none";
  // The source digest that the packet is said to come from; empty for unknown.
  std::string expected_source;
  // A git commit in hexadecimal; empty for unknown.
  std::string expected_commit;
  // Folder for the clean build; must exist.
  std::string scratch;
};

enum class RederiveVerdict { kGood, kBad, kCouldNotRun };

// "GOOD", "BAD" or "COULD-NOT-RUN".
std::string_view RederiveVerdictName(RederiveVerdict verdict);

// Names nothing of this machine.
struct Rederivation {
  RederiveVerdict verdict = RederiveVerdict::kCouldNotRun;
  std::string packet_name;
  std::string packet_version;
  Digest packet_digest;
  std::string target;
  // "none" when every action was executed, else "allowed".
  std::string action_cache;
  Digest source_digest;
  uint64_t source_files = 0;
  std::string expected_source;
  std::string expected_commit;
  // What of the source is not what the packet was made from, as far as it can
  // be known without building.
  std::vector<std::string> source_notes;
  // That of the record, and that of the source; empty where unknown.
  std::string inputs_digest;
  std::string source_inputs_digest;
  // Unless it could not run: blobs compared, those that differ, and why.
  std::optional<Digest> rebuilt_digest;
  uint64_t blobs = 0;
  std::vector<Divergence> divergences;
  // When it could not run.
  BuildFailure failure;
};

// Rederives a packet.
//
// Errors: bad input, before anything is built: options that make no sense, a
// packet that is no packet or is corrupted, a source that is no folder.
absl::StatusOr<Rederivation> Rederive(const RederiveOptions& options);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REDERIVE_REDERIVE_H_
