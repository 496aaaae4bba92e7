#include "release/registry/store.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "release/file_stream.h"
#include "release/json_difference.h"
#include "release/layout.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMarkerSchema = "pedigree.registry.v1";
constexpr std::string_view kAppliedSchema = "pedigree.applied.v1";
constexpr uint64_t kMaxSmallBytes = uint64_t{1} << 20;
// From here on one sync of the disk is cheaper than one of each file.
constexpr size_t kManyFiles = 16;

std::string_view Hex(std::string_view digest) {
  return absl::StripPrefix(digest, "sha256:");
}

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

absl::Status NotARegistry(const std::string& directory) {
  return absl::NotFoundError(absl::StrCat(
      directory, ": no registry (it has no registry.json; see registry init)"));
}

std::string MarkerText(const Ledger& ledger) {
  registry::Marker marker;
  marker.set_schema_version(std::string(kMarkerSchema));
  marker.set_id(ledger.Id());
  return CanonicalRecord(marker);
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  return ReadSmallFile(path, Links::kRefuse, kMaxSmallBytes);
}

// Where derived records lie below a registry's folder.
std::string AliasName(std::string_view alias) {
  return absl::StrCat("aliases/", alias, ".json");
}

std::string ArtifactName(std::string_view artifact) {
  return absl::StrCat("index/artifacts/", Hex(artifact), ".json");
}

// The artifacts and aliases whose derived records an entry changes.
std::set<std::string> ArtifactsOf(const registry::Entry& entry) {
  std::set<std::string> artifacts;
  for (const registry::Transition& transition : entry.transitions()) {
    artifacts.insert(transition.artifact());
  }
  for (const registry::AliasMove& move : entry.moves()) {
    artifacts.insert(move.artifact());
    artifacts.insert(move.previous());
  }
  artifacts.erase("");
  return artifacts;
}

std::set<std::string> AliasesOf(const registry::Entry& entry) {
  std::set<std::string> aliases;
  for (const registry::AliasMove& move : entry.moves()) {
    aliases.insert(move.alias());
  }
  return aliases;
}

// The names in a folder, sorted.
absl::StatusOr<std::vector<std::string>> ListNames(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("Cannot list ", path, ": ", error.message()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The blobs of a packet whose manifest has this text, its own included.
absl::StatusOr<std::vector<Digest>> DigestsOf(std::string_view manifest_text) {
  std::vector<std::string> faults;
  const OciManifest manifest = ParseOciManifest(manifest_text, &faults);
  if (!faults.empty()) return absl::InvalidArgumentError(faults[0]);
  std::vector<Digest> digests = {Sha256(manifest_text)};
  for (const Descriptor& blob : BlobsOf(manifest)) {
    digests.push_back(blob.digest);
  }
  return digests;
}

// The first thing in which a derived record is not what the ledger gives.
std::string Difference(const std::string& found, const std::string& expected) {
  const absl::StatusOr<Json> found_json = ParseForeignJson(found, "record");
  if (!found_json.ok()) return std::string(found_json.status().message());
  const absl::StatusOr<Json> expected_json = ParseJson(expected, "record");
  PEDIGREE_CHECK(expected_json.ok());
  const std::vector<std::string> differences =
      DescribeDifferences(*found_json, *expected_json, 1);
  return differences.empty() ? "it is not canonical" : differences[0];
}

absl::Status CheckFile(const std::string& path, std::string_view what,
                       const std::string& expected) {
  const absl::StatusOr<std::string> found = ReadText(path);
  if (found.ok() && *found == expected) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "Corrupted ", what, ": ",
      found.ok() ? Difference(*found, expected) : found.status().message(),
      "; registry reindex writes it anew from the ledger"));
}

}  // namespace

std::string RegistryBlobPath(const std::string& directory,
                             std::string_view digest) {
  return absl::StrCat(directory, "/blobs/sha256/", Hex(digest));
}

std::string PacketPath(const std::string& directory, std::string_view digest) {
  return absl::StrCat(directory, "/packets/", Hex(digest));
}

std::string AliasPath(const std::string& directory, std::string_view alias) {
  return absl::StrCat(directory, "/", AliasName(alias));
}

std::string ArtifactPath(const std::string& directory,
                         std::string_view artifact) {
  return absl::StrCat(directory, "/", ArtifactName(artifact));
}

const std::vector<std::string>& RegistryFolders() {
  static const auto& folders = *new std::vector<std::string>{
      "aliases", "blobs",   "blobs/sha256", "index", "index/artifacts",
      "packets", "tmp"};
  return folders;
}

absl::StatusOr<RegistryLock> RegistryLock::Take(const std::string& directory,
                                                Kind kind) {
  const std::string path = absl::StrCat(directory, "/lock");
  const int flags = kind == Kind::kAlone ? O_RDWR : O_RDONLY;
  const int file = open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0 && errno == ENOENT) return NotARegistry(directory);
  if (file < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("Cannot open ", path));
  }
  RegistryLock lock(file);
  int result = 0;
  do {
    result = flock(file, kind == Kind::kAlone ? LOCK_EX : LOCK_SH);
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("Cannot lock ", path));
  }
  return lock;
}

bool IsHeldByWriter(const std::string& directory) {
  const OpenFile file(open(absl::StrCat(directory, "/lock").c_str(),
                           O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return file.fd() >= 0 && flock(file.fd(), LOCK_SH | LOCK_NB) != 0 &&
         errno == EWOULDBLOCK;
}

RegistryLock::RegistryLock(RegistryLock&& other) noexcept
    : file_(std::exchange(other.file_, -1)) {}

RegistryLock::~RegistryLock() {
  if (file_ >= 0) close(file_);
}

absl::StatusOr<Ledger> ReadLedger(const std::string& directory) {
  if (!Exists(absl::StrCat(directory, "/registry.json"))) {
    return NotARegistry(directory);
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string marker_text,
      ReadText(absl::StrCat(directory, "/registry.json")));
  PEDIGREE_ASSIGN_OR_RETURN(const std::string head_text,
                            ReadText(absl::StrCat(directory, "/head.json")));
  PEDIGREE_ASSIGN_OR_RETURN(const registry::Head head, ParseHead(head_text));
  PEDIGREE_ASSIGN_OR_RETURN(
      std::string text, ReadSmallFile(absl::StrCat(directory, "/ledger.jsonl"),
                                      Links::kRefuse, kMaxLedgerBytes));
  PEDIGREE_ASSIGN_OR_RETURN(Ledger ledger,
                            Ledger::Parse(std::move(text), head));
  if (marker_text != MarkerText(ledger)) {
    return absl::DataLossError(absl::StrCat(
        "Corrupted registry.json: ", marker_text.substr(0, 200), " (expected ",
        MarkerText(ledger), ", the digest of the first entry)"));
  }
  return ledger;
}

absl::StatusOr<registry::Applied> ReadApplied(const std::string& directory,
                                              const Ledger& ledger) {
  constexpr std::string_view kAdvice = "registry reindex writes it anew";
  const absl::StatusOr<std::string> text =
      ReadText(absl::StrCat(directory, "/index/applied.json"));
  registry::Applied applied;
  absl::Status status = text.status();
  if (status.ok()) {
    status = ParseCanonicalRecord(*text, "index/applied.json", &applied);
  }
  if (!status.ok()) {
    return absl::DataLossError(
        absl::StrCat("Corrupted index: ", status.message(), "; ", kAdvice));
  }
  const uint64_t sequence = applied.sequence();
  if (applied.schema_version() != kAppliedSchema || sequence == 0 ||
      sequence > ledger.size() || sequence + 1 < ledger.size() ||
      applied.entry() != ledger.EntryDigest(sequence).ToString()) {
    return absl::DataLossError(absl::StrCat(
        "Corrupted index: index/applied.json says entry ", sequence,
        " (expected ", ledger.size(), " or the one before); ", kAdvice));
  }
  return applied;
}

absl::StatusOr<std::string> ReadRegistryBlob(const std::string& directory,
                                             std::string_view digest,
                                             uint64_t max_bytes) {
  PEDIGREE_RETURN_IF_ERROR(ParseDigest(digest).status());
  PEDIGREE_ASSIGN_OR_RETURN(
      std::string text, ReadSmallFile(RegistryBlobPath(directory, digest),
                                      Links::kRefuse, max_bytes));
  const std::string found = Sha256(text).ToString();
  if (found == digest) return text;
  return absl::DataLossError(absl::StrCat("Corrupted blob: digest is ", found,
                                          " (expected ", digest, ")"));
}

std::string AppliedText(const Ledger& ledger) {
  registry::Applied applied;
  applied.set_schema_version(std::string(kAppliedSchema));
  applied.set_sequence(ledger.size());
  applied.set_entry(ledger.EntryDigest(ledger.size()).ToString());
  return CanonicalRecord(applied);
}

absl::Status CheckAliasFile(const std::string& directory,
                            const registry::Alias& alias) {
  return CheckFile(AliasPath(directory, alias.alias()),
                   absl::StrCat("alias ", alias.alias()),
                   CanonicalRecord(alias));
}

absl::Status CheckArtifactFile(const std::string& directory,
                               const registry::Artifact& artifact) {
  return CheckFile(ArtifactPath(directory, artifact.artifact()),
                   absl::StrCat("index of ", artifact.artifact()),
                   CanonicalRecord(artifact));
}

absl::StatusOr<RegistryWriter> RegistryWriter::Open(
    FileSystem& files, const std::string& directory, Derived derived) {
  if (!Exists(absl::StrCat(directory, "/registry.json"))) {
    return NotARegistry(directory);
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      RegistryLock lock,
      RegistryLock::Take(directory, RegistryLock::Kind::kAlone));
  PEDIGREE_ASSIGN_OR_RETURN(Ledger ledger, ReadLedger(directory));
  RegistryWriter writer(files, directory, std::move(lock), std::move(ledger));
  PEDIGREE_RETURN_IF_ERROR(writer.CutLedger());
  PEDIGREE_RETURN_IF_ERROR(RemoveContents(files, writer.Path("tmp")));
  if (derived == Derived::kBringUp) {
    PEDIGREE_RETURN_IF_ERROR(writer.BringUp());
  }
  return writer;
}

std::string RegistryWriter::Path(std::string_view name) const {
  return absl::StrCat(directory_, "/", name);
}

absl::Status RegistryWriter::BringUp() {
  const absl::StatusOr<registry::Applied> applied =
      ReadApplied(directory_, ledger_);
  if (!applied.ok()) return applied.status();
  if (applied->sequence() == ledger_.size()) return absl::OkStatus();
  // The head may be known only to this machine's memory: nothing derived from
  // it may become durable first.
  PEDIGREE_RETURN_IF_ERROR(files_.SyncDirectory(directory_));
  return ApplyLast();
}

absl::Status CheckLedgerEnd(const std::string& directory,
                            const Ledger& ledger) {
  const std::string path = absl::StrCat(directory, "/ledger.jsonl");
  std::error_code error;
  if (fs::file_size(path, error) == ledger.bytes() && !error) {
    return absl::OkStatus();
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string text,
      ReadSmallFile(path, Links::kRefuse, kMaxLedgerBytes));
  const std::string_view rest = std::string_view(text).substr(
      std::min<size_t>(ledger.bytes(), text.size()));
  const auto lines = std::count(rest.begin(), rest.end(), '\n');
  const absl::StatusOr<std::string> applied_text =
      ReadText(absl::StrCat(directory, "/index/applied.json"));
  registry::Applied applied;
  const bool is_applied =
      lines > 0 && applied_text.ok() &&
      ParseCanonicalRecord(*applied_text, "applied", &applied).ok() &&
      applied.entry() == Sha256(rest.substr(0, rest.find('\n'))).ToString();
  if (lines < 2 && !is_applied) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "Corrupted head.json: an old one: it ends at entry ", ledger.size(),
      ", and the ledger goes on for ", lines,
      " (expected none, or one of a write that was cut off)"));
}

absl::Status RegistryWriter::CutLedger() {
  PEDIGREE_RETURN_IF_ERROR(CheckLedgerEnd(directory_, ledger_));
  std::error_code error;
  const uintmax_t size = fs::file_size(Path("ledger.jsonl"), error);
  if (error || size == ledger_.bytes()) return absl::OkStatus();
  PEDIGREE_ASSIGN_OR_RETURN(const int file,
                            files_.OpenToAppend(Path("ledger.jsonl")));
  absl::Status status = files_.Truncate(file, ledger_.bytes());
  status.Update(files_.Sync(file));
  status.Update(files_.Close(file));
  return status;
}

absl::StatusOr<std::string> RegistryWriter::PutBlob(std::string_view text) {
  const std::string digest = Sha256(text).ToString();
  if (Exists(RegistryBlobPath(directory_, digest))) {
    PEDIGREE_RETURN_IF_ERROR(
        ReadRegistryBlob(directory_, digest, text.size()).status());
  } else {
    PEDIGREE_RETURN_IF_ERROR(WriteWhole(files_, Path("tmp/blob"),
                                        RegistryBlobPath(directory_, digest),
                                        text, /*read_only=*/true));
  }
  // A blob that a killed writer left may not be durable yet.
  PEDIGREE_RETURN_IF_ERROR(files_.SyncDirectory(Path("blobs/sha256")));
  return digest;
}

absl::Status RegistryWriter::CopyBlob(const std::string& source,
                                      const Digest& digest, bool* added) {
  const std::string path = RegistryBlobPath(directory_, digest.ToString());
  const std::string from = Exists(path) ? path : BlobPath(source, digest);
  Sha256Stream hash;
  *added = from != path;
  int file = -1;
  if (*added) {
    PEDIGREE_ASSIGN_OR_RETURN(file, files_.Create(Path("tmp/blob"), true));
  }
  absl::Status status = StreamFile(from, Links::kRefuse, [&](ByteSpan bytes) {
    hash.Update(bytes);
    return file < 0 ? absl::OkStatus() : WriteAll(files_, file, AsText(bytes));
  });
  if (file >= 0) {
    if (status.ok()) status = files_.Sync(file);
    status.Update(files_.Close(file));
  }
  const Digest found = hash.Finish();
  if (status.ok() && found != digest) {
    status = absl::DataLossError(
        absl::StrCat("Corrupted blob ", from, ": digest is ", found.ToString(),
                     " (expected ", digest.ToString(), ")"));
  }
  if (file < 0) return status;
  if (status.ok()) status = files_.Rename(Path("tmp/blob"), path);
  if (!status.ok()) files_.Unlink(Path("tmp/blob")).IgnoreError();
  return status;
}

absl::Status RegistryWriter::CopyBlobs(const std::string& source,
                                       const std::vector<Digest>& digests) {
  for (const Digest& digest : digests) {
    bool added = false;
    PEDIGREE_RETURN_IF_ERROR(CopyBlob(source, digest, &added));
  }
  return files_.SyncDirectory(Path("blobs/sha256"));
}

absl::Status RegistryWriter::MakePacketFolder(
    const Descriptor& manifest, const std::vector<Digest>& digests) {
  const std::string folder = Path("tmp/packet");
  const std::string blobs = absl::StrCat(folder, "/blobs");
  const std::string sha256 = absl::StrCat(blobs, "/sha256");
  PEDIGREE_RETURN_IF_ERROR(files_.MakeDirectory(folder));
  PEDIGREE_RETURN_IF_ERROR(files_.MakeDirectory(blobs));
  PEDIGREE_RETURN_IF_ERROR(files_.MakeDirectory(sha256));
  for (const Digest& digest : digests) {
    PEDIGREE_RETURN_IF_ERROR(
        files_.Link(RegistryBlobPath(directory_, digest.ToString()),
                    absl::StrCat(sha256, "/", digest.Hex())));
  }
  PEDIGREE_RETURN_IF_ERROR(WriteWhole(files_, Path("tmp/part"),
                                      absl::StrCat(folder, "/oci-layout"),
                                      WriteOciLayoutMarker(), true));
  PEDIGREE_RETURN_IF_ERROR(WriteWhole(files_, Path("tmp/part"),
                                      absl::StrCat(folder, "/index.json"),
                                      WriteOciIndex(manifest), true));
  PEDIGREE_RETURN_IF_ERROR(files_.SyncDirectory(sha256));
  PEDIGREE_RETURN_IF_ERROR(files_.SyncDirectory(blobs));
  PEDIGREE_RETURN_IF_ERROR(files_.SyncDirectory(folder));
  return files_.Rename(folder,
                       PacketPath(directory_, manifest.digest.ToString()));
}

absl::Status RegistryWriter::PutPacket(const std::string& source,
                                       const Digest& manifest) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadSmallFile(BlobPath(source, manifest),
                                          Links::kRefuse, kMaxManifestBytes));
  if (Sha256(text) != manifest) {
    return absl::DataLossError(absl::StrCat(
        "Corrupted packet manifest: digest is ", Sha256(text).ToString(),
        " (expected ", manifest.ToString(), "), ", source));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<Digest> digests, DigestsOf(text));
  PEDIGREE_RETURN_IF_ERROR(CopyBlobs(source, digests));
  const std::string folder = PacketPath(directory_, manifest.ToString());
  if (Exists(folder)) {
    // Whatever lies there counted for nothing so far: it is made anew.
    PEDIGREE_RETURN_IF_ERROR(RemoveContents(files_, folder));
    PEDIGREE_RETURN_IF_ERROR(files_.RemoveDirectory(folder));
  }
  Descriptor descriptor;
  descriptor.media_type = std::string(kManifestMediaType);
  descriptor.digest = manifest;
  descriptor.size = text.size();
  PEDIGREE_RETURN_IF_ERROR(MakePacketFolder(descriptor, digests));
  return files_.SyncDirectory(Path("packets"));
}

absl::Status RegistryWriter::Commit(registry::Entry& entry,
                                    RegistryState state) {
  ledger_.Number(entry);
  ledger_.Append(entry);
  PEDIGREE_ASSIGN_OR_RETURN(const int file,
                            files_.OpenToAppend(Path("ledger.jsonl")));
  absl::Status status = WriteAll(
      files_, file, absl::StrCat(ledger_.Line(ledger_.size()), "\n"));
  status.Update(files_.Sync(file));
  status.Update(files_.Close(file));
  PEDIGREE_RETURN_IF_ERROR(status);
  // From this rename on the entry counts.
  PEDIGREE_RETURN_IF_ERROR(Put("head.json", CanonicalRecord(ledger_.Head())));
  PEDIGREE_RETURN_IF_ERROR(files_.SyncDirectory(directory_));
  state.Apply(entry);
  return WriteDerived(state, ArtifactsOf(entry), AliasesOf(entry));
}

absl::Status RegistryWriter::Put(const std::string& name,
                                 std::string_view text) {
  return WriteWhole(files_, Path("tmp/part"), Path(name), text);
}

absl::Status RegistryWriter::PutAll(
    const std::map<std::string, std::string>& texts) {
  if (texts.size() < kManyFiles) {
    for (const auto& [name, text] : texts) {
      PEDIGREE_RETURN_IF_ERROR(Put(name, text));
    }
    return absl::OkStatus();
  }
  const auto temporary = [this](size_t index) {
    return Path(absl::StrCat("tmp/part-", index));
  };
  size_t count = 0;
  for (const auto& [name, text] : texts) {
    PEDIGREE_RETURN_IF_ERROR(WriteUnsynced(files_, temporary(count++), text));
  }
  PEDIGREE_RETURN_IF_ERROR(files_.SyncDisk(directory_));
  count = 0;
  for (const auto& [name, text] : texts) {
    PEDIGREE_RETURN_IF_ERROR(files_.Rename(temporary(count++), Path(name)));
  }
  return absl::OkStatus();
}

absl::Status RegistryWriter::WriteApplied() {
  PEDIGREE_RETURN_IF_ERROR(Put("index/applied.json", AppliedText(ledger_)));
  return files_.SyncDirectory(Path("index"));
}

absl::Status RegistryWriter::WriteDerived(
    const RegistryState& state, const std::set<std::string>& artifacts,
    const std::set<std::string>& aliases) {
  std::map<std::string, std::string> texts;
  for (const std::string& digest : artifacts) {
    const registry::Artifact* artifact = state.Find(digest);
    if (artifact == nullptr) continue;
    texts[ArtifactName(digest)] = CanonicalRecord(*artifact);
  }
  for (const std::string& name : aliases) {
    texts[AliasName(name)] = CanonicalRecord(*state.FindAlias(name));
  }
  PEDIGREE_RETURN_IF_ERROR(PutAll(texts));
  if (!artifacts.empty()) {
    PEDIGREE_RETURN_IF_ERROR(files_.SyncDirectory(Path("index/artifacts")));
  }
  if (!aliases.empty()) {
    PEDIGREE_RETURN_IF_ERROR(files_.SyncDirectory(Path("aliases")));
  }
  return WriteApplied();
}

absl::Status RegistryWriter::ApplyLast() {
  PEDIGREE_ASSIGN_OR_RETURN(const registry::Entry entry,
                            ledger_.Entry(ledger_.size()));
  const std::set<std::string> artifacts = ArtifactsOf(entry);
  const std::set<std::string> aliases = AliasesOf(entry);
  PEDIGREE_ASSIGN_OR_RETURN(const RegistryState state,
                            RegistryState::Of(ledger_, artifacts, aliases));
  return WriteDerived(state, artifacts, aliases);
}

absl::Status RegistryWriter::RemoveUnnamed(const std::string& folder,
                                           const std::set<std::string>& named) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                            ListNames(Path(folder)));
  for (const std::string& name : names) {
    if (named.count(name) != 0) continue;
    const std::string path = absl::StrCat(Path(folder), "/", name);
    std::error_code error;
    if (fs::symlink_status(path, error).type() != fs::file_type::directory) {
      PEDIGREE_RETURN_IF_ERROR(files_.Unlink(path));
      continue;
    }
    PEDIGREE_RETURN_IF_ERROR(RemoveContents(files_, path));
    PEDIGREE_RETURN_IF_ERROR(files_.RemoveDirectory(path));
  }
  return files_.SyncDirectory(Path(folder));
}

absl::Status RegistryWriter::Rebuild(const RegistryState& state) {
  PEDIGREE_RETURN_IF_ERROR(files_.SyncDirectory(directory_));
  std::map<std::string, std::string> texts;
  std::set<std::string> artifacts;
  std::set<std::string> packets;
  std::set<std::string> blobs;
  for (const auto& [digest, artifact] : state.artifacts()) {
    texts[ArtifactName(digest)] = CanonicalRecord(artifact);
    artifacts.insert(absl::StrCat(Hex(digest), ".json"));
    packets.insert(std::string(Hex(digest)));
    PEDIGREE_ASSIGN_OR_RETURN(
        const std::string manifest,
        ReadRegistryBlob(directory_, digest, kMaxManifestBytes));
    PEDIGREE_ASSIGN_OR_RETURN(const std::vector<Digest> of_packet,
                              DigestsOf(manifest));
    for (const Digest& blob : of_packet) blobs.insert(blob.Hex());
  }
  std::set<std::string> aliases;
  for (const auto& [name, alias] : state.aliases()) {
    texts[AliasName(name)] = CanonicalRecord(alias);
    aliases.insert(absl::StrCat(name, ".json"));
  }
  PEDIGREE_RETURN_IF_ERROR(PutAll(texts));
  for (uint64_t sequence = 1; sequence <= ledger_.size(); ++sequence) {
    PEDIGREE_ASSIGN_OR_RETURN(const registry::Entry entry,
                              ledger_.Entry(sequence));
    blobs.insert(std::string(Hex(entry.policy())));
    for (const std::string& blob : entry.approvals()) {
      blobs.insert(std::string(Hex(blob)));
    }
    for (const std::string& blob : entry.claims()) {
      blobs.insert(std::string(Hex(blob)));
    }
  }
  PEDIGREE_RETURN_IF_ERROR(RemoveUnnamed("index/artifacts", artifacts));
  PEDIGREE_RETURN_IF_ERROR(RemoveUnnamed("aliases", aliases));
  PEDIGREE_RETURN_IF_ERROR(RemoveUnnamed("packets", packets));
  PEDIGREE_RETURN_IF_ERROR(RemoveUnnamed("blobs/sha256", blobs));
  return WriteApplied();
}

namespace {

// Whether nothing but what InitRegistry makes lies in `directory`.
absl::Status CheckFree(const std::string& directory) {
  static const auto& kOwn = *new std::set<std::string>{
      "aliases", "blobs",  "head.json", "index",
      "ledger.jsonl", "lock", "packets", "tmp"};
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                            ListNames(directory));
  for (const std::string& name : names) {
    if (name == "registry.json") {
      return absl::AlreadyExistsError(
          absl::StrCat(directory, ": a registry already"));
    }
    if (kOwn.count(name) == 0) {
      return absl::AlreadyExistsError(absl::StrCat(
          directory, ": holds ", name.substr(0, 80), " (expected nothing)"));
    }
  }
  return absl::OkStatus();
}

// The lock of a registry that is being made.
absl::Status MakeLock(FileSystem& files, const std::string& directory) {
  const std::string path = absl::StrCat(directory, "/lock");
  const absl::StatusOr<int> file = files.Create(path, false);
  if (absl::IsAlreadyExists(file.status())) return absl::OkStatus();
  PEDIGREE_RETURN_IF_ERROR(file.status());
  return files.Close(*file);
}

absl::Status MakeFolders(FileSystem& files, const std::string& directory) {
  for (const std::string& name : RegistryFolders()) {
    const std::string path = absl::StrCat(directory, "/", name);
    if (Exists(path)) {
      if (name != "tmp") continue;
      PEDIGREE_RETURN_IF_ERROR(RemoveContents(files, path));
      continue;
    }
    PEDIGREE_RETURN_IF_ERROR(files.MakeDirectory(path));
  }
  for (const char* name : {"blobs", "index"}) {
    PEDIGREE_RETURN_IF_ERROR(
        files.SyncDirectory(absl::StrCat(directory, "/", name)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status InitRegistry(FileSystem& files, const std::string& directory,
                          registry::Entry genesis, std::string_view policy) {
  if (!Exists(directory)) {
    PEDIGREE_RETURN_IF_ERROR(files.MakeDirectory(directory));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckFree(directory));
  PEDIGREE_RETURN_IF_ERROR(MakeLock(files, directory));
  PEDIGREE_ASSIGN_OR_RETURN(
      const RegistryLock lock,
      RegistryLock::Take(directory, RegistryLock::Kind::kAlone));
  // Another process may have been quicker.
  PEDIGREE_RETURN_IF_ERROR(CheckFree(directory));
  PEDIGREE_RETURN_IF_ERROR(MakeFolders(files, directory));
  const auto put = [&](const std::string& name, std::string_view text) {
    return WriteWhole(files, absl::StrCat(directory, "/tmp/part"),
                      absl::StrCat(directory, "/", name), text);
  };
  const Ledger ledger = StartLedger(std::move(genesis));
  PEDIGREE_RETURN_IF_ERROR(put(
      absl::StrCat("blobs/sha256/", Sha256(policy).Hex()), policy));
  PEDIGREE_RETURN_IF_ERROR(
      files.SyncDirectory(absl::StrCat(directory, "/blobs/sha256")));
  PEDIGREE_RETURN_IF_ERROR(
      put("ledger.jsonl", absl::StrCat(ledger.Line(1), "\n")));
  PEDIGREE_RETURN_IF_ERROR(
      put("head.json", CanonicalRecord(ledger.Head())));
  PEDIGREE_RETURN_IF_ERROR(put("index/applied.json", AppliedText(ledger)));
  PEDIGREE_RETURN_IF_ERROR(
      files.SyncDirectory(absl::StrCat(directory, "/index")));
  PEDIGREE_RETURN_IF_ERROR(files.SyncDirectory(directory));
  // The marker makes it a registry, and so comes last.
  PEDIGREE_RETURN_IF_ERROR(put("registry.json", MarkerText(ledger)));
  PEDIGREE_RETURN_IF_ERROR(files.SyncDirectory(directory));
  return files.SyncDirectory(FolderOf(directory));
}

}  // namespace pedigree
