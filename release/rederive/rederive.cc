#include "release/rederive/rederive.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "release/diff/packet_difference.h"
#include "release/diff/opened_packet.h"
#include "release/layer.h"
#include "release/packet_request.h"
#include "release/printable.h"
#include "release/records.pb.h"
#include "release/rederive/clean_build.h"
#include "release/rederive/source_state.h"
#include "release/rederive/source_tree.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNone = "none";
constexpr std::string_view kAllowed = "allowed";

absl::StatusOr<std::string> AbsoluteFolder(const std::string& path,
                                           std::string_view what) {
  std::error_code error;
  const fs::path absolute = fs::canonical(path, error);
  if (error || !fs::is_directory(absolute, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid ", what, ": ", path, " is not a folder"));
  }
  return absolute.string();
}

// Where below bazel-bin the packet of a label lies: "//a/b:c" in "a/b/c".
absl::StatusOr<std::string> LayoutPath(const std::string& target) {
  std::string_view label = target;
  const bool absolute = absl::ConsumePrefix(&label, "//");
  std::string path(label);
  const size_t colon = path.find(':');
  if (colon != std::string::npos) path[colon] = '/';
  path = std::string(absl::StripPrefix(path, "/"));
  if (absolute && colon != std::string::npos && IsSafeFilePath(path)) {
    return path;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid target: ", Printable(target), " (expected //package:name)"));
}

absl::Status CheckCommit(const std::string& commit) {
  for (char c : commit) {
    if (!absl::ascii_isxdigit(c)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid commit: ", Printable(commit), " (expected hexadecimal)"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<release::ReleaseRecord> ReadRecord(const OpenedPacket& packet) {
  const Descriptor* blob = packet.Find(LayerFilePathPrefix(LayerKind::kRecord));
  if (blob == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        packet.directory(), ": Invalid packet manifest: no layer is named ",
        LayerFilePathPrefix(LayerKind::kRecord)));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile file, packet.OpenBlob(*blob));
  release::ReleaseRecord record;
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
      ParseCanonicalRecord(AsText(file.bytes()), "release record", &record),
      packet.directory()));
  return record;
}

class Rederiver {
 public:
  explicit Rederiver(const RederiveOptions& options) : options_(options) {}

  absl::StatusOr<Rederivation> Run() {
    PEDIGREE_RETURN_IF_ERROR(ReadInputs());
    PEDIGREE_RETURN_IF_ERROR(NoteSource());
    std::error_code error;
    if (!fs::exists(source_ + "/bazelw", error)) {
      Fail("no-launcher", "the source has no bazelw");
      return std::move(result_);
    }
    PEDIGREE_ASSIGN_OR_RETURN(
        CleanBuild build,
        CleanBuild::Create({source_, scratch_, BuildFlags()}));
    build_ = &build;
    if (!options_.expected_commit.empty()) NoteCommit();
    if (Analyze() && Build()) Compare();
    return std::move(result_);
  }

 private:
  absl::Status ReadInputs() {
    PEDIGREE_ASSIGN_OR_RETURN(layout_path_, LayoutPath(options_.target));
    PEDIGREE_RETURN_IF_ERROR(CheckCommit(options_.expected_commit));
    if (!options_.expected_source.empty()) {
      PEDIGREE_RETURN_IF_ERROR(ParseDigest(options_.expected_source).status());
    }
    PEDIGREE_ASSIGN_OR_RETURN(source_,
                              AbsoluteFolder(options_.source, "source"));
    PEDIGREE_ASSIGN_OR_RETURN(
        scratch_, AbsoluteFolder(options_.scratch, "scratch folder"));
    PEDIGREE_ASSIGN_OR_RETURN(OpenedPacket packet,
                              OpenedPacket::Open(options_.packet));
    PEDIGREE_RETURN_IF_ERROR(packet.CheckBlobs());
    PEDIGREE_ASSIGN_OR_RETURN(record_, ReadRecord(packet));
    packet_.emplace(std::move(packet));
    result_.packet_name = packet_->manifest().name;
    result_.packet_version = packet_->manifest().version;
    result_.packet_digest = packet_->digest();
    result_.target = options_.target;
    result_.inputs_digest = record_.inputs_digest();
    return absl::OkStatus();
  }

  // What can be known without Bazel.
  absl::Status NoteSource() {
    PEDIGREE_ASSIGN_OR_RETURN(const SourceTree tree, DigestSourceTree(source_));
    result_.source_digest = tree.digest;
    result_.source_files = tree.files;
    result_.expected_source = options_.expected_source;
    result_.expected_commit = options_.expected_commit;
    if (!options_.expected_source.empty() &&
        options_.expected_source != tree.digest.ToString()) {
      Note(absl::StrCat("source digest is ", tree.digest.ToString(),
                        " (expected ", options_.expected_source, ")"));
    }
    for (std::string& note : ComparePins(record_, source_)) {
      Note(std::move(note));
    }
    return absl::OkStatus();
  }

  void NoteCommit() {
    for (std::string& note :
         CompareCommit(source_, options_.expected_commit, build_->folder())) {
      Note(std::move(note));
    }
  }

  // Also decides what the report says of the cache.
  std::vector<std::string> BuildFlags() {
    // No link in the source points to what is built.
    std::vector<std::string> flags = {
        "--symlink_prefix=/",
        "--remote_cache=", "--remote_executor=", "--color=no", "--curses=no"};
    std::error_code error;
    result_.action_cache = kNone;
    if (options_.disk_cache == kNone) {
      flags.push_back("--disk_cache=");
    } else if (options_.disk_cache == kAllowed) {
      result_.action_cache = kAllowed;
    } else {
      const fs::path folder = fs::absolute(options_.disk_cache, error);
      if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
        result_.action_cache = kAllowed;
      }
      flags.push_back(absl::StrCat("--disk_cache=", folder.string()));
    }
    return flags;
  }

  // Loads and analyses the target, and compares the sources that it names.
  bool Analyze() {
    const std::optional<std::string> actions = Command(
        "aquery",
        {"--output=jsonproto",
         absl::StrCat("mnemonic(\"^SlmPacket$\", ", options_.target, ")")});
    if (!actions.has_value()) return false;
    auto sources = ReadSources(*actions);
    if (!sources.ok()) {
      Fail("no-packet",
           absl::StrCat(options_.target, ": ", sources.status().message()));
      return false;
    }
    NoteInputs(*std::move(sources));
    return true;
  }

  void NoteInputs(std::vector<std::pair<std::string, std::string>> sources) {
    // Files of other workspaces lie below the output base. (The word is split,
    // since shipped programs are searched for paths of their own build.)
    const std::string foreign = absl::StrCat("external", "/");
    for (auto& [name, path] : sources) {
      path = absl::StrCat(
          absl::StartsWith(path, foreign) ? build_->output_base() : source_,
          "/", path);
    }
    const absl::StatusOr<std::string> digest = DigestSources(sources);
    if (!digest.ok()) return;
    result_.source_inputs_digest = *digest;
    if (*digest != record_.inputs_digest()) {
      Note(absl::StrCat("inputs digest of ", sources.size(), " files is ",
                        *digest, " (expected ", record_.inputs_digest(), ")"));
    }
  }

  bool Build() { return Command("build", {options_.target}).has_value(); }

  void Compare() {
    const std::optional<std::string> bin = Command("info", {"bazel-bin"});
    if (!bin.has_value()) return;
    const std::string layout =
        absl::StrCat(absl::StripAsciiWhitespace(*bin), "/", layout_path_);
    absl::StatusOr<OpenedPacket> rebuilt = OpenedPacket::Open(layout);
    const absl::Status status =
        rebuilt.ok() ? rebuilt->CheckBlobs() : rebuilt.status();
    if (!status.ok()) return FailWith("no-packet", status);
    absl::StatusOr<PacketDifference> difference =
        ComparePackets(*packet_, *rebuilt);
    if (!difference.ok()) return FailWith("no-packet", difference.status());
    result_.rebuilt_digest = rebuilt->digest();
    result_.blobs = difference->blobs.size();
    result_.divergences = Divergences(*difference);
    result_.verdict =
        difference->equal() ? RederiveVerdict::kGood : RederiveVerdict::kBad;
  }

  // What a command prints, or nothing after noting why it failed.
  std::optional<std::string> Command(
      std::string_view command, const std::vector<std::string>& arguments) {
    absl::StatusOr<CommandResult> done = build_->Run(command, arguments);
    if (!done.ok()) {
      FailWith("build-failed", done.status());
      return std::nullopt;
    }
    if (done->exit_code == 0) return std::move(done->out);
    result_.failure = ExplainLog(done->log);
    return std::nullopt;
  }

  void Note(std::string note) {
    result_.source_notes.push_back(std::move(note));
  }

  void Fail(std::string kind, std::string_view reason) {
    result_.failure.kind = std::move(kind);
    result_.failure.reason = WithoutMachine(reason);
  }

  void FailWith(std::string kind, const absl::Status& status) {
    Fail(std::move(kind), status.message());
  }

  const RederiveOptions& options_;
  std::string source_;
  std::string scratch_;
  std::string layout_path_;
  std::optional<OpenedPacket> packet_;
  release::ReleaseRecord record_;
  CleanBuild* build_ = nullptr;
  Rederivation result_;
};

}  // namespace

std::string_view RederiveVerdictName(RederiveVerdict verdict) {
  switch (verdict) {
    case RederiveVerdict::kGood:
      return "GOOD";
    case RederiveVerdict::kBad:
      return "BAD";
    case RederiveVerdict::kCouldNotRun:
      return "COULD-NOT-RUN";
  }
  return "";
}

absl::StatusOr<Rederivation> Rederive(const RederiveOptions& options) {
  return Rederiver(options).Run();
}

}  // namespace pedigree
