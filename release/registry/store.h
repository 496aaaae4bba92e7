// A registry's folder: how it is read, and how it is written so that a kill or
// a power cut at any moment leaves the state before or after.
// Specification: docs/formats/registry.md, "Directory" and "Writing".

#ifndef PEDIGREE_RELEASE_REGISTRY_STORE_H_
#define PEDIGREE_RELEASE_REGISTRY_STORE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/oci.h"
#include "release/registry/file_system.h"
#include "release/registry/ledger.h"
#include "release/registry/records.pb.h"
#include "release/registry/state.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// Paths inside the registry at `directory`; digests as "sha256:<hex>".
std::string RegistryBlobPath(const std::string& directory,
                             std::string_view digest);
std::string PacketPath(const std::string& directory, std::string_view digest);
std::string AliasPath(const std::string& directory, std::string_view alias);
std::string ArtifactPath(const std::string& directory,
                         std::string_view artifact);

// The folders of a registry, parents first.
const std::vector<std::string>& RegistryFolders();

// A hold on a registry, shared or alone, that ends with the object or the
// process. Waits for others.
class RegistryLock {
 public:
  enum class Kind { kShared, kAlone };

  // Errors: kNotFound when `directory` is no registry.
  static absl::StatusOr<RegistryLock> Take(const std::string& directory,
                                           Kind kind);
  RegistryLock(RegistryLock&& other) noexcept;
  RegistryLock& operator=(RegistryLock&& other) = delete;
  ~RegistryLock();

 private:
  explicit RegistryLock(int file) : file_(file) {}

  int file_;
};

// Whether a writer holds the registry at `directory`: for those who will wait for
// it, to say so.
bool IsHeldByWriter(const std::string& directory);

// Reads marker, head and ledger. Needs no lock: a ledger only grows, and its
// head is replaced as a whole.
//
// Errors: kNotFound when `directory` is no registry; kInvalidArgument or
// kDataLoss with what is wrong.
absl::StatusOr<Ledger> ReadLedger(const std::string& directory);

// Whether what the ledger's file holds behind its head may be of a write that was
// cut off: part of an entry, or one that was not applied yet. Anything more was
// decided, and an old head was put in place, or is all that was left of it.
//
// Errors: kDataLoss.
absl::Status CheckLedgerEnd(const std::string& directory, const Ledger& ledger);

// How far aliases and index go, held against the ledger: all of it, or one
// entry less after a write that was cut off.
absl::StatusOr<registry::Applied> ReadApplied(const std::string& directory,
                                              const Ledger& ledger);

// The text of a blob of the registry's own, a policy or an approval, once its
// digest is right.
absl::StatusOr<std::string> ReadRegistryBlob(const std::string& directory,
                                             std::string_view digest,
                                             uint64_t max_bytes);

// The bytes of derived records.
std::string AppliedText(const Ledger& ledger);

// Whether the files of one alias or artifact say what `state` says.
//
// Errors: kDataLoss with both values.
absl::Status CheckAliasFile(const std::string& directory,
                            const registry::Alias& alias);
absl::Status CheckArtifactFile(const std::string& directory,
                               const registry::Artifact& artifact);

// Holds a registry alone and changes it.
class RegistryWriter {
 public:
  // Waits for other writers, then ends what a killed one began: cuts off what
  // the ledger's head does not cover (see CheckLedgerEnd), removes temporary
  // files, brings aliases and index up.
  //
  // With kRebuild aliases and index are left for Rebuild, whatever they say.
  enum class Derived { kBringUp, kRebuild };
  static absl::StatusOr<RegistryWriter> Open(
      FileSystem& files, const std::string& directory,
      Derived derived = Derived::kBringUp);

  const std::string& directory() const { return directory_; }
  const Ledger& ledger() const { return ledger_; }

  // Makes `text` a blob; returns its digest. Durable when it returns.
  absl::StatusOr<std::string> PutBlob(std::string_view text);

  // Makes the packet at `source`, whose manifest has this digest, a packet of
  // the registry: blobs that are new are copied, hashed and synced, then the
  // packet's folder appears whole. Durable when it returns; it counts once an
  // entry names it.
  absl::Status PutPacket(const std::string& source, const Digest& manifest);

  // Numbers `entry` and appends it; when this returns, it counts and is
  // durable, and so are the aliases and the index that follow from it. After an
  // error the writer is of no more use.
  //
  // `state` is the ledger's so far, at least of the artifacts that the entry
  // changes, the aliases that it moves, and the artifacts these leave.
  absl::Status Commit(registry::Entry& entry, RegistryState state);

  // Writes aliases and index anew from `state`, and removes packets and blobs
  // that no entry names.
  absl::Status Rebuild(const RegistryState& state);

 private:
  RegistryWriter(FileSystem& files, std::string directory, RegistryLock lock,
                 Ledger ledger)
      : files_(files),
        directory_(std::move(directory)),
        lock_(std::move(lock)),
        ledger_(std::move(ledger)) {}

  std::string Path(std::string_view name) const;
  absl::Status BringUp();
  absl::Status CutLedger();
  absl::Status CopyBlob(const std::string& source, const Digest& digest,
                        bool* added);
  absl::Status CopyBlobs(const std::string& source,
                         const std::vector<Digest>& digests);
  absl::Status MakePacketFolder(const Descriptor& manifest,
                                const std::vector<Digest>& digests);
  // Puts a small file at `name`; its folder is not synced.
  absl::Status Put(const std::string& name, std::string_view text);
  // The same for many, by path in the registry.
  absl::Status PutAll(const std::map<std::string, std::string>& texts);
  absl::Status WriteApplied();
  // Writes the derived records of these names as `state` tells them.
  absl::Status WriteDerived(const RegistryState& state,
                            const std::set<std::string>& artifacts,
                            const std::set<std::string>& aliases);
  // Derived records that the last entry changed.
  absl::Status ApplyLast();
  absl::Status RemoveUnnamed(const std::string& folder,
                             const std::set<std::string>& named);

  FileSystem& files_;
  std::string directory_;
  RegistryLock lock_;
  Ledger ledger_;
};

// Makes `directory`, which must not exist or be empty (or what an interrupted
// InitRegistry left), a registry whose first entry is `genesis`; `policy` is
// the text of the policy that it names.
//
// Errors: kAlreadyExists.
absl::Status InitRegistry(FileSystem& files, const std::string& directory,
                          registry::Entry genesis, std::string_view policy);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_STORE_H_
