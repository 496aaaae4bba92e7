// Every known way to tamper with a registry: its ledger, aliases, index, blobs,
// approvals and checkpoints. Verification must name each, in exactly the words
// of the table, and so must a decision that would rest on what was changed.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "release/lineage/packet_facts.h"
#include "release/registry/file_system.h"
#include "release/registry/ledger.h"
#include "release/registry/operations.h"
#include "release/registry/policy.h"
#include "release/registry/revocation.h"
#include "release/registry/signed_statement.h"
#include "release/registry/store.h"
#include "release/registry/testing/crash_file_system.h"
#include "release/registry/testing/sample_family.h"
#include "release/registry/testing/sample_registry.h"
#include "release/registry/verify_registry.h"
#include "release/signing/signer.h"
#include "release/testing/sample_keys.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Also where the file is read-only, or a link to one that others share.
void Spill(const std::string& path, const std::string& contents) {
  fs::remove(path);
  std::ofstream(path, std::ios::binary) << contents;
}

// A registry with a history, made once; tests work on copies.
struct Sample {
  std::string folder;
  std::string registry;
  // A copy from before the last promotion.
  std::string old_registry;
  std::string checkpoint;
  // Of the old copy, signed earlier.
  std::string old_checkpoint;
  std::unique_ptr<SampleFamily> family;
};

constexpr char kLater[] = "2026-02-03T04:05:06Z";

std::string Sign(std::string_view statement, std::string_view key) {
  KeySigner signer(SampleKey(key));
  return *SignStatement(statement, signer);
}

std::string SignCheckpoint(const std::string& registry, std::string_view key,
                           std::string_view at = kLater) {
  return Sign(WriteCheckpoint(*ReadLedger(registry), at), key);
}

const Sample& TheSample() {
  static const Sample& sample = *[] {
    auto* sample = new Sample;
    sample->folder = absl::StrCat(testing::TempDir(), "/tamper");
    fs::remove_all(sample->folder);
    fs::create_directories(sample->folder + "/family");
    sample->registry = sample->folder + "/registry";
    sample->old_registry = sample->folder + "/old";
    sample->family = std::make_unique<SampleFamily>(sample->folder + "/family");
    FileSystem& files = RealFileSystem();
    EXPECT_TRUE(MakeSampleRegistry(files, sample->registry).ok());
    for (const char* name : {"first", "second", "draft", "evil"}) {
      const std::string packet = sample->family->Make(name, "import");
      EXPECT_TRUE(SampleAdd(files, sample->registry, packet).ok());
    }
    const auto& packet = [&](const char* name) {
      return sample->family->Packet(name);
    };
    EXPECT_TRUE(SampleRaise(files, sample->registry, packet("first"),
                            "champion", "chat")
                    .ok());
    EXPECT_TRUE(SampleRevoke(files, sample->registry, packet("evil")).ok());
    CopyTree(sample->registry, sample->old_registry);
    sample->old_checkpoint = SignCheckpoint(sample->old_registry,
                                            kEd25519PrivatePem, kSampleTime);
    EXPECT_TRUE(SampleRaise(files, sample->registry, packet("second"),
                            "champion", "chat")
                    .ok());
    sample->checkpoint = SignCheckpoint(sample->registry, kEd25519PrivatePem);
    sample->family->Make("spawn", "fuse", {"evil"});
    return sample;
  }();
  return sample;
}

// Changes a copy of the sample.
class Editor {
 public:
  explicit Editor(std::string directory) : directory_(std::move(directory)) {}

  const SampleFamily& family() const { return *TheSample().family; }
  std::string Packet(const char* name) const { return family().Packet(name); }
  std::string Path(const std::string& name) const {
    return absl::StrCat(directory_, "/", name);
  }
  std::string Hex(const char* name) const { return Packet(name).substr(7); }
  std::string& checkpoint() { return checkpoint_; }

  std::vector<std::string> Lines() const {
    std::vector<std::string> lines =
        absl::StrSplit(Slurp(Path("ledger.jsonl")), '\n');
    lines.pop_back();
    return lines;
  }

  // Only the ledger's file.
  void WriteLines(const std::vector<std::string>& lines) {
    Spill(Path("ledger.jsonl"), absl::StrCat(absl::StrJoin(lines, "\n"), "\n"));
  }

  // The careful forger: chain, head, marker and applied are made right again.
  void Rechain(std::vector<std::string> lines) {
    std::string previous;
    for (std::string& line : lines) {
      Json entry = *ParseJson(line, "entry");
      entry["previous_entry"] = previous;
      line = CanonicalJson(entry);
      previous = Sha256(line).ToString();
    }
    WriteLines(lines);
    const std::string text = Slurp(Path("ledger.jsonl"));
    const std::string count = absl::StrCat(lines.size());
    Spill(Path("head.json"),
          CanonicalJson({{"schema_version", "pedigree.ledger_head.v1"},
                         {"sequence", count},
                         {"entry", previous},
                         {"bytes", absl::StrCat(text.size())}}));
    Spill(Path("registry.json"),
          CanonicalJson({{"schema_version", "pedigree.registry.v1"},
                         {"id", Sha256(lines[0]).ToString()}}));
    Spill(Path("index/applied.json"),
          CanonicalJson({{"schema_version", "pedigree.applied.v1"},
                         {"sequence", count},
                         {"entry", previous}}));
  }

  // Changes entry `sequence` (negative: from the end) and makes the chain right.
  void Forge(int sequence, const std::function<void(Json&)>& change) {
    std::vector<std::string> lines = Lines();
    std::string& line =
        sequence > 0 ? lines[sequence - 1] : lines[lines.size() + sequence];
    Json entry = *ParseJson(line, "entry");
    change(entry);
    line = CanonicalJson(entry);
    Rechain(lines);
  }

  // Appends a copy of entry `sequence` after `change`, with the chain right.
  void Append(int sequence, const std::function<void(Json&)>& change) {
    std::vector<std::string> lines = Lines();
    Json entry = *ParseJson(
        sequence > 0 ? lines[sequence - 1] : lines[lines.size() + sequence],
        "entry");
    entry["sequence"] = absl::StrCat(lines.size() + 1);
    change(entry);
    lines.push_back(CanonicalJson(entry));
    Rechain(lines);
  }

  void ChangeFile(const std::string& name,
                  const std::function<void(Json&)>& change) {
    Json json = *ParseJson(Slurp(Path(name)), name);
    change(json);
    Spill(Path(name), CanonicalJson(json));
  }

  void PointAlias(const std::string& artifact) {
    ChangeFile("aliases/chat.json",
               [&](Json& alias) { alias["artifact"] = artifact; });
  }

  std::string BlobPath(const std::string& digest) const {
    return Path(absl::StrCat("blobs/sha256/", digest.substr(7)));
  }
  // A file of the packet of "draft".
  std::string DraftPath(const std::string& name) const {
    return Path(absl::StrCat("packets/", Hex("draft"), "/", name));
  }
  std::string IndexPath(const char* name) const {
    return Path(absl::StrCat("index/artifacts/", Hex(name), ".json"));
  }

  // Makes `text` a blob, as a writer would.
  std::string PutBlob(const std::string& text) {
    const std::string digest = Sha256(text).ToString();
    Spill(BlobPath(digest), text);
    return digest;
  }

  // The approvals of the last promotion, each changed, put in their place.
  void ForgeApprovals(const std::vector<std::string>& envelopes) {
    std::set<std::string> digests;
    for (const std::string& envelope : envelopes) {
      digests.insert(PutBlob(envelope));
    }
    Forge(-1, [&](Json& entry) { entry["approvals"] = digests; });
  }

  // What the signers of the last promotion approved.
  registry::Approval LastWish() const {
    const std::vector<std::string> lines = Lines();
    registry::Approval wish;
    wish.set_registry(Sha256(lines[0]).ToString());
    wish.set_action("promote");
    wish.set_alias("chat");
    wish.set_artifact(Packet("second"));
    wish.set_state("champion");
    wish.set_sequence(lines.size() - 1);
    wish.set_entry(Sha256(lines[lines.size() - 2]).ToString());
    return wish;
  }

  std::string& since() { return since_; }

  // The number of the entry that revokes "evil".
  int RevokeEntry() const {
    const std::vector<std::string> lines = Lines();
    for (size_t i = 0; i < lines.size(); ++i) {
      if (absl::StartsWith(lines[i], "{\"action\":\"revoke\"")) {
        return static_cast<int>(i) + 1;
      }
    }
    return 0;
  }

  // Adds "spawn", made from "evil", past the rules of the command.
  void AddSpawn() {
    const std::string source = family().Path("spawn");
    {
      absl::StatusOr<RegistryWriter> writer =
          RegistryWriter::Open(RealFileSystem(), directory_);
      EXPECT_TRUE(
          writer->PutPacket(source, *ParseDigest(Packet("spawn"))).ok());
    }
    const registry::Release release =
        DescribeRelease(*PacketFactsReader().Read(source));
    Append(2, [&](Json& entry) {
      entry["subject"] = Packet("spawn");
      entry["transitions"][0]["artifact"] = Packet("spawn");
      entry["release"] = *ParseJson(CanonicalRecord(release), "release");
    });
  }

 private:
  std::string directory_;
  std::string checkpoint_ = TheSample().checkpoint;
  std::string since_;
};

// `text` with what no table can hold: known digests by name, others, and JSON
// objects and folders, by kind.
std::string Told(std::string text, const std::string& directory) {
  const SampleFamily& family = *TheSample().family;
  for (const char* name : {"first", "second", "draft", "evil", "spawn"}) {
    text = absl::StrReplaceAll(
        text, {{family.Packet(name), absl::StrCat("<", name, ">")},
               {family.Packet(name).substr(7), absl::StrCat("<", name, ">")},
               {family.Model(name), absl::StrCat("<model of ", name, ">")},
               {directory, "<registry>"}});
  }
  std::string told;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = std::string_view(text).substr(at);
    const size_t prefix = absl::StartsWith(rest, "sha256:") ? 7 : 0;
    size_t hex = 0;
    while (prefix + hex < rest.size() && hex < 64 &&
           absl::ascii_isxdigit(rest[prefix + hex])) {
      ++hex;
    }
    if (hex == 64) {
      told += "<digest>";
      at += prefix + hex;
    } else if (absl::StartsWith(rest, "{\"")) {
      int depth = 0;
      size_t end = 0;
      do {
        depth += rest[end] == '{' ? 1 : rest[end] == '}' ? -1 : 0;
        ++end;
      } while (depth > 0 && end < rest.size());
      told += "{...}";
      at += end;
    } else {
      told += rest[0];
      ++at;
    }
  }
  return told;
}

// The sample's policy, but nothing needs approvals.
RegistryPolicy LaxPolicy() {
  registry::RegistryPolicy policy = SamplePolicy().record();
  policy.set_version("lax");
  for (registry::StateRule& rule : *policy.mutable_states()) {
    rule.set_approvals(0);
  }
  return *RegistryPolicy::Parse(CanonicalRecord(policy));
}

// What a decision on the tampered registry must do.
enum class Then {
  kRefuse,   // refuse, with the same words
  kNothing,  // anything: it does not rest on what was changed
};

struct Tampering {
  const char* name;
  std::function<void(Editor&)> apply;
  // One of the faults that verification finds, as Told() tells it.
  const char* said;
  // Whether the signed checkpoint is shown.
  bool checkpoint = false;
  // A promotion of "draft", or rolling chat back to "first".
  Then promotion = Then::kRefuse;
  Then rollback = Then::kRefuse;
};

constexpr Then kNothing = Then::kNothing;

std::vector<Tampering> AllTamperings() {
  return {
      {"entry_altered",
       [](Editor& e) {
         auto lines = e.Lines();
         lines[2] = absl::StrReplaceAll(lines[2], {{"because", "why"}});
         e.WriteLines(lines);
       },
       "Corrupted ledger: ledger.jsonl has 12486 bytes (expected 12490), "
       "head.json"},
      {"entry_altered_in_length_kept",
       [](Editor& e) {
         auto lines = e.Lines();
         lines[2] = absl::StrReplaceAll(lines[2], {{"because", "BECAUSE"}});
         e.WriteLines(lines);
       },
       "Corrupted ledger: entry 4 follows \"<digest>\" (expected "
       "\"<digest>\", the entry before it)"},
      {"last_entry_altered",
       [](Editor& e) {
         auto lines = e.Lines();
         lines.back() =
             absl::StrReplaceAll(lines.back(), {{"because", "BECAUSE"}});
         e.WriteLines(lines);
       },
       "Corrupted ledger: entry 14 is <digest> (expected <digest>), "
       "head.json"},
      {"entry_dropped",
       [](Editor& e) {
         auto lines = e.Lines();
         lines.erase(lines.begin() + 3);
         lines.push_back(std::string(2000, ' '));
         e.WriteLines(lines);
       },
       "Corrupted ledger: entry 4 follows \"<digest>\" (expected "
       "\"<digest>\", the entry before it)"},
      {"entries_reordered",
       [](Editor& e) {
         auto lines = e.Lines();
         std::swap(lines[2], lines[3]);
         e.WriteLines(lines);
       },
       "Corrupted ledger: entry 3 follows \"<digest>\" (expected "
       "\"<digest>\", the entry before it)"},
      {"entry_duplicated",
       [](Editor& e) {
         auto lines = e.Lines();
         lines.insert(lines.begin() + 2, lines[2]);
         e.WriteLines(lines);
       },
       "Corrupted ledger: entry 4 follows \"<digest>\" (expected "
       "\"<digest>\", the entry before it)"},
      {"ledger_cut",
       [](Editor& e) {
         auto lines = e.Lines();
         lines.pop_back();
         e.WriteLines(lines);
       },
       "Corrupted ledger: ledger.jsonl has 11287 bytes (expected 12490), "
       "head.json"},
      {"ledger_and_head_cut",
       [](Editor& e) {
         auto lines = e.Lines();
         lines.pop_back();
         e.Rechain(lines);
       },
       "checkpoint: Truncated ledger: 13 entries (expected at least 14, "
       "signed in the checkpoint of 2026-02-03T04:05:06Z): entries were "
       "cut off, or an old copy was put in place", true},
      {"chain_rehashed",
       [](Editor& e) {
         e.Forge(3, [](Json& entry) { entry["reason"] = "rewritten"; });
       },
       "checkpoint: Rewritten ledger: entry 14 is <digest> (expected "
       "<digest>, signed in the checkpoint of 2026-02-03T04:05:06Z)", true},
      {"chain_rehashed_without_checkpoint",
       [](Editor& e) {
         e.Forge(3, [](Json& entry) { entry["reason"] = "rewritten"; });
       },
       "Invalid decision: entry 9 (promote): Refused approval <digest>: "
       "it was given at entry 8, <digest>, which the ledger does not have",
       false, kNothing, kNothing},
      {"genesis_rewritten",
       [](Editor& e) {
         e.Forge(1, [](Json& entry) { entry["genesis"]["nonce"] = "4567"; });
       },
       "checkpoint: Not the registry of the checkpoint: id is <digest> "
       "(expected <digest>)", true},
      {"old_copy_replayed",
       [](Editor& e) {
         fs::remove_all(e.Path(""));
         CopyTree(TheSample().old_registry, e.Path(""));
       },
       "checkpoint: Truncated ledger: 10 entries (expected at least 14, "
       "signed in the checkpoint of 2026-02-03T04:05:06Z): entries were "
       "cut off, or an old copy was put in place", true},
      {"head_forged",
       [](Editor& e) {
         e.ChangeFile("head.json", [](Json& head) { head["sequence"] = "99"; });
       },
       "Corrupted ledger: 14 entries (expected 99), head.json"},
      {"head_missing",
       [](Editor& e) { fs::remove(e.Path("head.json")); },
       "Cannot open <registry>/head.json: No such file or directory"},
      {"marker_of_another_registry",
       [](Editor& e) {
         e.ChangeFile("registry.json", [](Json& marker) {
           marker["id"] = Sha256("another").ToString();
         });
       },
       "Corrupted registry.json: {...} (expected {...}, the digest of the "
       "first entry)"},
      {"entry_with_an_unknown_field",
       [](Editor& e) {
         e.Forge(3, [](Json& entry) { entry["note"] = "x"; });
       },
       "Corrupted ledger: entry 3: Invalid ledger entry: note: Cannot "
       "find field.", false, kNothing, kNothing},
      {"entry_with_another_number",
       [](Editor& e) {
         e.Forge(3, [](Json& entry) { entry["sequence"] = "33"; });
       },
       "Corrupted ledger: entry 3 says it is number 33",
       false, kNothing, kNothing},
      {"entry_without_a_time",
       [](Editor& e) {
         e.Forge(3, [](Json& entry) { entry["at"] = "yesterday"; });
       },
       "Corrupted ledger: entry 3: Invalid time: \"yesterday\" (expected "
       "RFC 3339 in UTC, 2026-11-28T12:00:00Z)", false, kNothing, kNothing},
      {"alias_to_the_unknown",
       [](Editor& e) { e.PointAlias(Sha256("unknown").ToString()); },
       "Corrupted alias chat: artifact is \"<digest>\" (expected "
       "\"<second>\"); registry reindex writes it anew from the ledger",
       false, kNothing},
      {"alias_to_the_revoked",
       [](Editor& e) { e.PointAlias(e.Packet("evil")); },
       "Corrupted alias chat: artifact is \"<evil>\" (expected "
       "\"<second>\"); registry reindex writes it anew from the ledger",
       false, kNothing},
      {"alias_to_the_unpromoted",
       [](Editor& e) { e.PointAlias(e.Packet("draft")); },
       "Corrupted alias chat: artifact is \"<draft>\" (expected "
       "\"<second>\"); registry reindex writes it anew from the ledger",
       false, kNothing},
      {"old_alias_replayed",
       [](Editor& e) {
         Spill(e.Path("aliases/chat.json"),
               Slurp(TheSample().old_registry + "/aliases/chat.json"));
       },
       "Corrupted alias chat: approval[0] is \"<digest>\" (expected "
       "\"<digest>\"); registry reindex writes it anew from the ledger",
       false, kNothing},
      {"alias_removed",
       [](Editor& e) { fs::remove(e.Path("aliases/chat.json")); },
       "Corrupted alias chat: Cannot open <registry>/aliases/chat.json: "
       "No such file or directory; registry reindex writes it anew from "
       "the ledger", false, kNothing},
      {"alias_added",
       [](Editor& e) {
         fs::copy_file(e.Path("aliases/chat.json"), e.Path("aliases/x.json"));
       },
       "Invalid registry: aliases/x.json is no alias of the ledger",
       false, kNothing, kNothing},
      {"alias_in_the_ledger_to_the_unpromoted",
       [](Editor& e) {
         e.Append(-1, [&](Json& entry) {
           entry["transitions"] = Json::array();
           entry["subject"] = e.Packet("draft");
           entry["moves"][0]["previous"] = e.Packet("second");
           entry["moves"][0]["artifact"] = e.Packet("draft");
         });
       },
       "Corrupted ledger: entry 15: Refused: promote takes <draft> from "
       "\"draft\" to \"draft\"", false, kNothing, kNothing},
      {"index_forged",
       [](Editor& e) {
         e.ChangeFile(absl::StrCat("index/artifacts/", e.Hex("draft"), ".json"),
                      [](Json& artifact) { artifact["state"] = "champion"; });
       },
       "Corrupted index of <draft>: state is \"champion\" (expected "
       "\"draft\"); registry reindex writes it anew from the ledger",
       false, Then::kRefuse, kNothing},
      {"index_entry_removed",
       [](Editor& e) {
         fs::remove(
             e.Path(absl::StrCat("index/artifacts/", e.Hex("draft"), ".json")));
       },
       "Corrupted index of <draft>: Cannot open "
       "<registry>/index/artifacts/<draft>.json: No such file or "
       "directory; registry reindex writes it anew from the ledger",
       false, Then::kRefuse, kNothing},
      {"index_entry_added",
       [](Editor& e) {
         Spill(e.Path("index/artifacts/x.json"), "{}");
       },
       "Invalid registry: index/artifacts/x.json is no artifact of the "
       "ledger", false, kNothing,
       kNothing},
      {"index_set_back",
       [](Editor& e) {
         Spill(e.Path("index/applied.json"),
               Slurp(TheSample().old_registry + "/index/applied.json"));
       },
       "Corrupted index: index/applied.json says entry 10 (expected 14 or "
       "the one before); registry reindex writes it anew"},
      {"blob_altered",
       [](Editor& e) {
         const std::string hex = e.family().Model("draft").substr(7);
         const std::string bytes = "weights of drafd";
         Spill(e.Path(absl::StrCat("packets/", e.Hex("draft"),
                                   "/blobs/sha256/", hex)),
               bytes);
       },
       "packet <draft>: Corrupted model.slm: digest is <digest> (expected "
       "<model of draft>)", false, Then::kRefuse, kNothing},
      {"shared_blob_altered",
       [](Editor& e) {
         Spill(e.Path(absl::StrCat("blobs/sha256/",
                                   e.family().Model("draft").substr(7))),
               "weights of drafd");
       },
       "Corrupted blob: digest is <digest> (expected <model of draft>), "
       "blobs/sha256/<digest>", false, kNothing, kNothing},
      {"blob_missing",
       [](Editor& e) {
         fs::remove(e.Path(absl::StrCat("packets/", e.Hex("draft"),
                                        "/blobs/sha256/",
                                        e.family().Model("draft").substr(7))));
       },
       "packet <draft>: Missing blob <model of draft>: model.slm",
       false, Then::kRefuse, kNothing},
      {"shared_blob_missing",
       [](Editor& e) {
         fs::remove(e.Path(absl::StrCat(
             "blobs/sha256/", e.family().Model("draft").substr(7))));
       },
       "Missing blob <model of draft>", false, kNothing, kNothing},
      {"blob_a_link",
       [](Editor& e) {
         const std::string path = e.Path(absl::StrCat(
             "packets/", e.Hex("draft"), "/blobs/sha256/",
             e.family().Model("draft").substr(7)));
         fs::remove(path);
         fs::create_symlink("/dev/null", path);
       },
       "packet <draft>: Invalid layout: blobs/sha256/<digest> is a "
       "symbolic link", false, Then::kRefuse, kNothing},
      {"packet_missing",
       [](Editor& e) {
         fs::remove_all(e.Path(absl::StrCat("packets/", e.Hex("draft"))));
       },
       "<registry>/packets/<draft>: no such packet",
       false, Then::kRefuse, kNothing},
      {"packet_of_another",
       [](Editor& e) {
         const std::string path =
             e.Path(absl::StrCat("packets/", e.Hex("draft")));
         fs::remove_all(path);
         CopyTree(e.Path(absl::StrCat("packets/", e.Hex("second"))), path);
       },
       "packet <draft>: Not the expected packet: digest is <second> "
       "(expected <draft>)", false, Then::kRefuse, kNothing},
      {"approval_altered",
       [](Editor& e) {
         const Json entry = *ParseJson(e.Lines().back(), "entry");
         const std::string digest = entry["approvals"][0];
         Spill(e.Path(absl::StrCat("blobs/sha256/", digest.substr(7))), "{}");
       },
       "Invalid decision: entry 14 (promote): approval: Corrupted blob: "
       "digest is <digest> (expected <digest>)", false, kNothing, kNothing},
      {"approvals_dropped",
       [](Editor& e) {
         e.Forge(-1, [](Json& entry) { entry["approvals"] = Json::array(); });
       },
       "Invalid decision: entry 14 (promote): approved by 0 signers "
       "(expected 2)", false, kNothing, kNothing},
      {"approvals_of_another_packet",
       [](Editor& e) {
         const Json first = *ParseJson(e.Lines()[8], "entry");
         e.Forge(-1, [&](Json& entry) {
           entry["approvals"] = first["approvals"];
         });
       },
       "Invalid decision: entry 14 (promote): Refused approval <digest>: "
       "it approves artifact \"<first>\" (expected \"<second>\")",
       false, kNothing, kNothing},
      {"approvals_used_twice",
       [](Editor& e) {
         // Back to the first, and to the second by its old approvals.
         e.Append(-1, [&](Json& entry) {
           entry["action"] = "rollback";
           entry["approvals"] = Json::array();
           entry["subject"] = e.Packet("first");
           entry["moves"][0]["artifact"] = e.Packet("first");
           entry["moves"][0]["previous"] = e.Packet("second");
           for (Json& transition : entry["transitions"]) {
             const bool first = transition["artifact"] == e.Packet("first");
             transition["from"] = first ? "archived" : "champion";
             transition["to"] = first ? "champion" : "archived";
           }
         });
         e.Append(-2, [&](Json& entry) {
           for (Json& transition : entry["transitions"]) {
             const bool first = transition["artifact"] == e.Packet("first");
             transition["from"] = first ? "champion" : "archived";
             transition["to"] = first ? "archived" : "champion";
           }
           entry["action"] = "rollback";
         });
       },
       "Invalid decision: entry 16 (rollback): Refused approval <digest>: "
       "it approves action \"promote\" (expected \"rollback\")", false,
       kNothing, kNothing},
      {"one_signer_counted_twice",
       [](Editor& e) {
         e.Forge(-1, [](Json& entry) {
           entry["approvals"][1] = entry["approvals"][0];
         });
       },
       "Invalid decision: entry 14 (promote): approved by 1 signers "
       "(expected 2)", false, kNothing, kNothing},
      {"states_skipped",
       [](Editor& e) {
         e.Append(-1, [&](Json& entry) {
           entry["subject"] = e.Packet("draft");
           entry["alias"] = "";
           entry["moves"] = Json::array();
           entry["transitions"] = Json::array(
               {{{"artifact", e.Packet("draft")},
                 {"from", "draft"},
                 {"to", "canary"}}});
         });
       },
       "Corrupted ledger: entry 15: Refused: promote takes <draft> from "
       "\"draft\" to \"canary\"", false, Then::kNothing, kNothing},
      {"revoked_brought_back",
       [](Editor& e) {
         e.Append(-1, [&](Json& entry) {
           entry["action"] = "rollback";
           entry["subject"] = e.Packet("evil");
           entry["moves"][0]["artifact"] = e.Packet("evil");
           entry["moves"][0]["previous"] = e.Packet("second");
           entry["transitions"] = Json::array(
               {{{"artifact", e.Packet("evil")},
                 {"from", "revoked"},
                 {"to", "champion"}}});
         });
       },
       "Corrupted ledger: entry 15: Refused: rollback takes <evil> from "
       "\"revoked\" to \"champion\", which is not proven deployable",
       false, kNothing, kNothing},
      {"release_renamed",
       [](Editor& e) {
         e.Forge(2, [](Json& entry) { entry["release"]["name"] = "other"; });
       },
       "Corrupted ledger: entry 2: the packet's name is \"other\" "
       "(expected \"first\")", false, kNothing, kNothing},
      {"origin_hidden",
       [](Editor& e) {
         e.Forge(2, [](Json& entry) {
           entry["release"]["derivations"] = Json::array();
         });
       },
       "Corrupted ledger: entry 2: how <digest> came about is not told",
       false, kNothing, kNothing},
      {"evidence_exchanged",
       [](Editor& e) {
         e.Forge(-1, [](Json& entry) {
           entry["evidence"][0] = Sha256("better").ToString();
         });
       },
       "Invalid decision: entry 14 (promote): its evidence is not the "
       "packet's", false, kNothing, kNothing},
      {"policy_altered",
       [](Editor& e) {
         Spill(e.Path(absl::StrCat("blobs/sha256/",
                                   SamplePolicy().digest().substr(7))),
               SamplePolicy("2").text());
       },
       "Invalid decision: entry 1 (init): Corrupted blob: digest is "
       "<digest> (expected <digest>)"},
      {"policy_exchanged",
       [](Editor& e) {
         e.Forge(-1, [](Json& entry) {
           entry["policy"] = Sha256("lax").ToString();
         });
       },
       "Invalid decision: entry 14 (promote): heeds policy <digest> "
       "(expected <digest>, the one in force)", false, kNothing, kNothing},
      {"stray_file", [](Editor& e) { Spill(e.Path("notes.txt"), "x"); },
       "Invalid registry: notes.txt belongs to no registry",
       false, kNothing, kNothing},
      {"checkpoint_by_another_key",
       [](Editor& e) {
         e.checkpoint() =
             SignCheckpoint(TheSample().registry, kOtherEd25519PrivatePem);
       },
       "checkpoint: Refused checkpoint: none of the 1 signatures is by "
       "one of the 1 keys that count", true},
      {"checkpoint_altered",
       [](Editor& e) {
         Json json = *ParseJson(e.checkpoint(), "checkpoint");
         std::string payload = json["payload"];
         payload[40] = payload[40] == 'A' ? 'B' : 'A';
         json["payload"] = payload;
         e.checkpoint() = CanonicalJson(json);
       },
       "checkpoint: Refused checkpoint: none of the 1 signatures is by "
       "one of the 1 keys that count", true},
      {"ledger_emptied", [](Editor& e) { Spill(e.Path("ledger.jsonl"), ""); },
       "Corrupted ledger: ledger.jsonl has 0 bytes (expected 12490), "
       "head.json"},
      {"ledger_missing", [](Editor& e) { fs::remove(e.Path("ledger.jsonl")); },
       "Cannot open <registry>/ledger.jsonl: No such file or directory"},
      {"ledger_a_link",
       [](Editor& e) {
         fs::remove(e.Path("ledger.jsonl"));
         fs::create_symlink(TheSample().registry + "/ledger.jsonl",
                            e.Path("ledger.jsonl"));
       },
       "Cannot read <registry>/ledger.jsonl: a symbolic link",
       // The copy that is rolled back follows the link.
       false, Then::kRefuse, kNothing},
      {"ledger_rewritten_whole",
       [](Editor& e) {
         auto lines = e.Lines();
         for (size_t i = 1; i < lines.size(); ++i) {
           lines[i] = absl::StrReplaceAll(lines[i], {{"because", "instead"}});
         }
         e.Rechain(lines);
       },
       "checkpoint: Rewritten ledger: entry 14 is <digest> (expected "
       "<digest>, signed in the checkpoint of 2026-02-03T04:05:06Z)", true},
      {"entries_swapped_and_rechained",
       [](Editor& e) {
         auto lines = e.Lines();
         Json a = *ParseJson(lines[1], "entry");
         Json b = *ParseJson(lines[2], "entry");
         std::swap(a["sequence"], b["sequence"]);
         lines[1] = CanonicalJson(b);
         lines[2] = CanonicalJson(a);
         e.Rechain(lines);
       },
       "checkpoint: Rewritten ledger: entry 14 is <digest> (expected "
       "<digest>, signed in the checkpoint of 2026-02-03T04:05:06Z)", true},
      {"registry_replaced",
       [](Editor& e) {
         fs::remove_all(e.Path(""));
         const absl::Status made = CreateRegistry(
             RealFileSystem(), e.Path(""), "sample", "9999", SamplePolicy(),
             {kSampleTime, ""});
         EXPECT_TRUE(made.ok()) << made;
       },
       "checkpoint: Not the registry of the checkpoint: id is <digest> "
       "(expected <digest>)", true},
      {"old_head_replayed",
       [](Editor& e) {
         Spill(e.Path("head.json"),
               Slurp(TheSample().old_registry + "/head.json"));
       },
       "Corrupted head.json: an old one: it ends at entry 10, and the "
       "ledger goes on for 4 (expected none, or one of a write that was "
       "cut off)"},
      {"old_head_replayed_with_its_index",
       [](Editor& e) {
         for (const char* name : {"head.json", "index/applied.json"}) {
           Spill(e.Path(name),
                 Slurp(absl::StrCat(TheSample().old_registry, "/", name)));
         }
       },
       "checkpoint: Truncated ledger: 10 entries (expected at least 14, "
       "signed in the checkpoint of 2026-02-03T04:05:06Z): entries were "
       "cut off, or an old copy was put in place", true},
      {"head_with_an_unknown_member",
       [](Editor& e) {
         e.ChangeFile("head.json", [](Json& head) { head["note"] = "x"; });
       },
       "Invalid head.json: note: Cannot find field."},
      {"packet_added_twice",
       [](Editor& e) { e.Append(2, [](Json&) {}); },
       "Corrupted ledger: entry 15: Refused: add takes <first> from "
       "\"archived\" to \"draft\"", false, kNothing,
       kNothing},
      {"packet_added_that_is_not_there",
       [](Editor& e) {
         e.Append(2, [](Json& entry) {
           entry["subject"] = Sha256("nothing").ToString();
           entry["transitions"][0]["artifact"] = Sha256("nothing").ToString();
         });
       },
       "<registry>/packets/<digest>: no such packet",
       false, kNothing, kNothing},
      {"packet_added_though_its_origin_is_revoked",
       [](Editor& e) { e.AddSpawn(); },
       "Invalid decision: entry 15 (add): it comes from <digest>, which "
       "entry 10 revoked", false, kNothing, kNothing},
      {"revocation_removed",
       [](Editor& e) {
         std::vector<std::string> lines;
         for (const std::string& line : e.Lines()) {
           Json entry = *ParseJson(line, "entry");
           if (entry["action"] == "revoke") continue;
           entry["sequence"] = absl::StrCat(lines.size() + 1);
           lines.push_back(CanonicalJson(entry));
         }
         e.Rechain(lines);
       },
       "checkpoint: Truncated ledger: 13 entries (expected at least 14, "
       "signed in the checkpoint of 2026-02-03T04:05:06Z): entries were "
       "cut off, or an old copy was put in place", true},
      {"revocation_cut_short",
       [](Editor& e) {
         e.Forge(e.RevokeEntry(), [](Json& entry) {
           entry["affected"].erase(entry["affected"].begin());
         });
       },
       "Invalid decision: entry 10 (revoke): affected 1 is <digest> "
       "(expected <digest>)", false, kNothing, kNothing},
      {"revocation_without_its_packet",
       [](Editor& e) {
         e.Forge(e.RevokeEntry(),
                 [](Json& entry) { entry["transitions"] = Json::array(); });
       },
       "Invalid decision: entry 10 (revoke): transition 1 is nothing "
       "(expected {...})", false, kNothing, kNothing},
      {"revocation_widened",
       [](Editor& e) {
         e.Forge(e.RevokeEntry(), [&](Json& entry) {
           entry["transitions"].push_back({{"artifact", e.Packet("draft")},
                                           {"from", "draft"},
                                           {"to", "revoked"}});
         });
       },
       "Invalid decision: entry 10 (revoke): transition 2 is {...} "
       "(expected nothing)", false, kNothing, kNothing},
      {"alias_moved_that_nobody_approved",
       [](Editor& e) {
         e.Forge(-1, [](Json& entry) {
           entry["moves"][0]["alias"] = "mail";
           entry["moves"][0]["previous"] = "";
         });
       },
       "Corrupted ledger: entry 14: Refused: promote of <second> takes "
       "<first> to \"archived\"", false, kNothing, kNothing},
      {"alias_withdrawn_by_an_add",
       [](Editor& e) {
         e.Append(2, [&](Json& entry) {
           entry["subject"] = Sha256("nothing").ToString();
           entry["transitions"][0]["artifact"] = Sha256("nothing").ToString();
           entry["alias"] = "chat";
           entry["moves"] = Json::array({{{"alias", "chat"},
                                          {"artifact", ""},
                                          {"previous", e.Packet("second")}}});
         });
       },
       "Corrupted ledger: entry 15: Refused: add of <digest> by alias "
       "\"chat\" moves alias chat from \"<second>\" to \"\"",
       false, kNothing, kNothing},
      {"champion_archived_by_a_stranger",
       [](Editor& e) {
         e.Append(-1, [&](Json& entry) {
           entry["action"] = "retire";
           entry["alias"] = "";
           entry["approvals"] = Json::array();
           entry["moves"] = Json::array();
           entry["transitions"] = Json::array(
               {{{"artifact", e.Packet("second")},
                 {"from", "champion"},
                 {"to", "archived"}}});
         });
       },
       "Corrupted ledger: entry 15: Refused: alias chat would still point "
       "at <second>, which is \"archived\"", false, kNothing, kNothing},
      {"policy_missing",
       [](Editor& e) { fs::remove(e.BlobPath(SamplePolicy().digest())); },
       "Invalid decision: entry 1 (init): Cannot open "
       "<registry>/blobs/sha256/<digest>: No such file or directory"},
      {"policy_loosened_after_the_fact",
       [](Editor& e) {
         // Before the last promotion, which then needs no approvals.
         const RegistryPolicy lax = LaxPolicy();
         e.PutBlob(lax.text());
         auto lines = e.Lines();
         Json promotion = *ParseJson(lines.back(), "entry");
         Json policy = promotion;
         policy["action"] = "policy";
         policy["policy"] = lax.digest();
         for (const char* member : {"alias", "subject"}) policy[member] = "";
         for (const char* member :
              {"approvals", "evidence", "moves", "transitions"}) {
           policy[member] = Json::array();
         }
         promotion["approvals"] = Json::array();
         promotion["policy"] = lax.digest();
         promotion["sequence"] = absl::StrCat(lines.size() + 1);
         lines.back() = CanonicalJson(policy);
         lines.push_back(CanonicalJson(promotion));
         e.Rechain(lines);
       },
       "checkpoint: Rewritten ledger: entry 14 is <digest> (expected "
       "<digest>, signed in the checkpoint of 2026-02-03T04:05:06Z)", true},
      {"policy_loosened_from_the_start",
       [](Editor& e) {
         const std::string lax = e.PutBlob(LaxPolicy().text());
         auto lines = e.Lines();
         for (std::string& line : lines) {
           line = absl::StrReplaceAll(line, {{SamplePolicy().digest(), lax}});
         }
         e.Rechain(lines);
       },
       "Invalid decision: entry 9 (promote): Refused approval <digest>: "
       "it approves in registry \"<digest>\" (expected \"<digest>\")",
       false, kNothing, kNothing},
      {"approval_missing",
       [](Editor& e) {
         const Json entry = *ParseJson(e.Lines().back(), "entry");
         fs::remove(e.BlobPath(entry["approvals"][0]));
       },
       "Invalid decision: entry 14 (promote): approval: Cannot open "
       "<registry>/blobs/sha256/<digest>: No such file or directory",
       false, kNothing, kNothing},
      {"approval_retargeted",
       [](Editor& e) {
         // Of another packet's promotion, with the artifact exchanged.
         Json envelope = *ParseJson(
             Sign(WriteApproval(e.LastWish()), kEd25519PrivatePem), "envelope");
         registry::Approval other = e.LastWish();
         other.set_artifact(e.Packet("draft"));
         Json wanted = *ParseJson(
             Sign(WriteApproval(other), kEd25519PrivatePem), "envelope");
         wanted["signatures"] = envelope["signatures"];
         e.ForgeApprovals({CanonicalJson(wanted)});
       },
       "Invalid decision: entry 14 (promote): Refused approval <digest>: "
       "none of the 1 signatures is by one of the 2 keys that count",
       false, kNothing, kNothing},
      {"approval_by_a_stranger",
       [](Editor& e) {
         e.ForgeApprovals(
             {Sign(WriteApproval(e.LastWish()), kEd25519PrivatePem),
              Sign(WriteApproval(e.LastWish()), kOtherEd25519PrivatePem)});
       },
       "Invalid decision: entry 14 (promote): Refused approval <digest>: "
       "none of the 1 signatures is by one of the 2 keys that count",
       false, kNothing, kNothing},
      {"one_signer_signs_twice",
       [](Editor& e) {
         e.ForgeApprovals(
             {Sign(WriteApproval(e.LastWish()), kP256PrivatePem),
              Sign(WriteApproval(e.LastWish()), kP256PrivatePem)});
       },
       "Invalid decision: entry 14 (promote): approved by 1 signers "
       "(expected 2)", false, kNothing, kNothing},
      {"approval_given_in_another_registry",
       [](Editor& e) {
         registry::Approval wish = e.LastWish();
         wish.set_registry(Sha256("another").ToString());
         e.ForgeApprovals({Sign(WriteApproval(wish), kEd25519PrivatePem),
                           Sign(WriteApproval(e.LastWish()), kP256PrivatePem)});
       },
       "Invalid decision: entry 14 (promote): Refused approval <digest>: "
       "it approves in registry \"<digest>\" (expected \"<digest>\")",
       false, kNothing, kNothing},
      {"approval_of_an_earlier_situation",
       [](Editor& e) {
         registry::Approval wish = e.LastWish();
         wish.set_sequence(2);
         wish.set_entry(Sha256(e.Lines()[1]).ToString());
         e.ForgeApprovals({Sign(WriteApproval(wish), kEd25519PrivatePem),
                           Sign(WriteApproval(e.LastWish()), kP256PrivatePem)});
       },
       "Invalid decision: entry 14 (promote): Refused approval <digest>: "
       "it was given at entry 2 of the ledger, and entry 13 has changed "
       "what it is about", false, kNothing, kNothing},
      {"checkpoint_for_an_approval",
       [](Editor& e) {
         e.ForgeApprovals(
             {SignCheckpoint(TheSample().registry, kEd25519PrivatePem),
              Sign(WriteApproval(e.LastWish()), kP256PrivatePem)});
       },
       "Invalid decision: entry 14 (promote): Invalid approval <digest>: "
       "predicateType is \"https://pedigree.dev/registry-checkpoint/v1\" "
       "(expected \"https://pedigree.dev/registry-approval/v1\")",
       false, kNothing, kNothing},
      {"claim_that_is_not_there",
       [](Editor& e) {
         e.Forge(-1, [](Json& entry) {
           entry["claims"] = Json::array({Sha256("claim").ToString()});
         });
       },
       "Invalid decision: entry 14 (promote): claim: Cannot open "
       "<registry>/blobs/sha256/<digest>: No such file or directory",
       false, kNothing, kNothing},
      {"alias_withdrawn",
       [](Editor& e) { e.PointAlias(""); },
       "Corrupted alias chat: artifact is \"\" (expected \"<second>\"); "
       "registry reindex writes it anew from the ledger", false, kNothing},
      {"alias_without_its_approvals",
       [](Editor& e) {
         e.ChangeFile("aliases/chat.json",
                      [](Json& alias) { alias["approval"] = Json::array(); });
       },
       "Corrupted alias chat: approval[0] is absent (expected "
       "\"<digest>\"); registry reindex writes it anew from the ledger",
       false, kNothing},
      {"alias_with_an_unknown_member",
       [](Editor& e) {
         e.ChangeFile("aliases/chat.json",
                      [](Json& alias) { alias["note"] = "x"; });
       },
       "Corrupted alias chat: note is \"x\" (expected absent); registry "
       "reindex writes it anew from the ledger", false, kNothing},
      {"alias_a_link",
       [](Editor& e) {
         fs::remove(e.Path("aliases/chat.json"));
         fs::create_symlink(TheSample().registry + "/aliases/chat.json",
                            e.Path("aliases/chat.json"));
       },
       "Corrupted alias chat: Cannot read <registry>/aliases/chat.json: a "
       "symbolic link; registry reindex writes it anew from the ledger",
       false, kNothing},
      {"index_entries_swapped",
       [](Editor& e) {
         const std::string draft = Slurp(e.IndexPath("draft"));
         Spill(e.IndexPath("draft"), Slurp(e.IndexPath("second")));
         Spill(e.IndexPath("second"), draft);
       },
       "Corrupted index of <draft>: added is \"3\" (expected \"4\"); "
       "registry reindex writes it anew from the ledger",
       false, Then::kRefuse, kNothing},
      {"index_entry_replayed",
       [](Editor& e) {
         Spill(e.IndexPath("first"),
               Slurp(absl::StrCat(TheSample().old_registry, "/index/artifacts/",
                                  e.Hex("first"), ".json")));
       },
       "Corrupted index of <first>: aliases[0] is \"chat\" (expected "
       "absent); registry reindex writes it anew from the ledger",
       false, kNothing},
      {"index_entry_proven_by_hand",
       [](Editor& e) {
         e.ChangeFile(
             absl::StrCat("index/artifacts/", e.Hex("draft"), ".json"),
             [](Json& artifact) { artifact["proven"] = "3"; });
       },
       "Corrupted index of <draft>: proven is \"3\" (expected \"0\"); "
       "registry reindex writes it anew from the ledger",
       false, Then::kRefuse, kNothing},
      {"index_missing",
       [](Editor& e) { fs::remove(e.Path("index/applied.json")); },
       "Corrupted index: Cannot open <registry>/index/applied.json: No "
       "such file or directory; registry reindex writes it anew"},
      {"index_of_the_future",
       [](Editor& e) {
         e.ChangeFile("index/applied.json",
                      [](Json& applied) { applied["sequence"] = "99"; });
       },
       "Corrupted index: index/applied.json says entry 99 (expected 14 or "
       "the one before); registry reindex writes it anew"},
      {"index_folder_missing",
       [](Editor& e) { fs::remove_all(e.Path("index/artifacts")); },
       "Corrupted index of <draft>: Cannot open "
       "<registry>/index/artifacts/<draft>.json: No such file or "
       "directory; registry reindex writes it anew from the ledger",
       // A rollback finds another of them missing.
       false, Then::kRefuse, kNothing},
      {"stray_file_in_the_index",
       [](Editor& e) { Spill(e.Path("index/notes.txt"), "x"); },
       "Invalid registry: index/notes.txt belongs to no registry", false,
       kNothing, kNothing},
      {"stray_file_beside_the_blobs",
       [](Editor& e) { Spill(e.Path("blobs/notes.txt"), "x"); },
       "Invalid registry: blobs/notes.txt belongs to no registry", false,
       kNothing, kNothing},
      {"stray_file_among_the_blobs",
       [](Editor& e) { Spill(e.Path("blobs/sha256/notes.txt"), "x"); },
       "Invalid registry: blobs/sha256/notes.txt belongs to no registry",
       false, kNothing, kNothing},
      {"stray_folder_among_the_packets",
       [](Editor& e) { fs::create_directory(e.Path("packets/mine")); },
       "Invalid registry: packets/mine belongs to no registry",
       false, kNothing, kNothing},
      {"stray_file_in_a_packet",
       [](Editor& e) { Spill(e.DraftPath("notes.txt"), "x"); },
       "packet <draft>: Invalid layout: notes.txt is a file that no "
       "packet has", false,
       Then::kRefuse, kNothing},
      {"marker_of_a_packet_missing",
       [](Editor& e) { fs::remove(e.DraftPath("oci-layout")); },
       "packet <draft>: Invalid layout: oci-layout is missing", false,
       Then::kRefuse, kNothing},
      {"index_of_a_packet_exchanged",
       [](Editor& e) {
         Spill(e.DraftPath("index.json"),
               Slurp(e.Path(absl::StrCat("packets/", e.Hex("second"),
                                         "/index.json"))));
       },
       "packet <draft>: Not the expected packet: digest is <second> "
       "(expected <draft>)", false, Then::kRefuse, kNothing},
      {"manifest_of_a_packet_altered",
       [](Editor& e) {
         const std::string path =
             e.DraftPath(absl::StrCat("blobs/sha256/", e.Hex("draft")));
         Spill(path, absl::StrReplaceAll(Slurp(path), {{"draft", "drafd"}}));
       },
       "packet <draft>: Corrupted packet manifest: digest is <digest> "
       "(expected <draft>)", false, Then::kRefuse, kNothing},
      {"blob_cut",
       [](Editor& e) {
         const std::string path = e.DraftPath(absl::StrCat(
             "blobs/sha256/", e.family().Model("draft").substr(7)));
         Spill(path, "weights of draf");
       },
       "packet <draft>: Corrupted model.slm: size is 15 (expected 16), "
       "blob <model of draft>", false, Then::kRefuse, kNothing},
      {"blob_of_another_packet",
       [](Editor& e) {
         Spill(e.DraftPath(absl::StrCat(
                   "blobs/sha256/", e.family().Model("draft").substr(7))),
               Slurp(e.BlobPath(e.family().Model("first"))));
       },
       "packet <draft>: Corrupted model.slm: digest is <model of first> "
       "(expected <model of draft>)", false, Then::kRefuse, kNothing},
      {"shared_blobs_swapped",
       [](Editor& e) {
         const std::string draft = Slurp(e.BlobPath(e.family().Model("draft")));
         Spill(e.BlobPath(e.family().Model("draft")),
               Slurp(e.BlobPath(e.family().Model("first"))));
         Spill(e.BlobPath(e.family().Model("first")), draft);
       },
       "Corrupted blob: digest is <model of first> (expected <model of "
       "draft>), blobs/sha256/<digest>", false, kNothing, kNothing},
      {"shared_blob_a_link",
       [](Editor& e) {
         const std::string path = e.BlobPath(e.family().Model("draft"));
         fs::remove(path);
         fs::create_symlink("/dev/null", path);
       },
       "Cannot read <registry>/blobs/sha256/<digest>: a symbolic link",
       false, kNothing, kNothing},
      {"old_checkpoint_replayed",
       [](Editor& e) {
         // With the old copy that it fits. The verifier knows how often
         // checkpoints are signed.
         fs::remove_all(e.Path(""));
         CopyTree(TheSample().old_registry, e.Path(""));
         e.checkpoint() = TheSample().old_checkpoint;
         e.since() = kLater;
       },
       "checkpoint: Old checkpoint: signed at 2026-01-02T03:04:05Z "
       "(expected 2026-02-03T04:05:06Z or later)", true},
      {"checkpoint_retargeted",
       [](Editor& e) {
         const Json old = *ParseJson(TheSample().old_checkpoint, "checkpoint");
         Json now = *ParseJson(e.checkpoint(), "checkpoint");
         now["signatures"] = old["signatures"];
         e.checkpoint() = CanonicalJson(now);
       },
       "checkpoint: Refused checkpoint: none of the 1 signatures is by "
       "one of the 1 keys that count", true},
      {"checkpoint_about_something_else",
       [](Editor& e) {
         registry::Checkpoint checkpoint;
         const absl::StatusOr<Ledger> ledger = ReadLedger(TheSample().registry);
         checkpoint.set_registry(ledger->Id());
         checkpoint.set_sequence(ledger->size());
         checkpoint.set_entry(ledger->EntryDigest(ledger->size()).ToString());
         checkpoint.set_at(kLater);
         e.checkpoint() =
             Sign(WriteStatement("ledger", Sha256("else").ToString(),
                                 kCheckpointType, checkpoint),
                  kEd25519PrivatePem);
       },
       "checkpoint: Invalid checkpoint: its subject is not its entry", true},
      {"approval_for_a_checkpoint",
       [](Editor& e) {
         e.checkpoint() =
             Sign(WriteApproval(e.LastWish()), kEd25519PrivatePem);
       },
       "checkpoint: Invalid checkpoint: predicateType is "
       "\"https://pedigree.dev/registry-approval/v1\" (expected "
       "\"https://pedigree.dev/registry-checkpoint/v1\")", true},
      {"checkpoint_without_a_time",
       [](Editor& e) {
         e.checkpoint() =
             SignCheckpoint(TheSample().registry, kEd25519PrivatePem, "today");
         e.since() = kLater;
       },
       "checkpoint: Invalid time: \"today\" (expected RFC 3339 in UTC, "
       "2026-11-28T12:00:00Z)", true},
      {"checkpoint_emptied", [](Editor& e) { e.checkpoint().clear(); },
       "checkpoint: Invalid checkpoint: not JSON at byte 1",
       true},
  };
}

class TamperTest : public testing::TestWithParam<Tampering> {
 protected:
  void SetUp() override {
    directory_ = absl::StrCat(TheSample().folder, "/", GetParam().name);
    fs::remove_all(directory_);
    CopyTree(TheSample().registry, directory_);
    Editor editor(directory_);
    GetParam().apply(editor);
    checkpoint_ = editor.checkpoint();
    since_ = editor.since();
  }

  std::string Tell(std::string_view text) const {
    std::string told = Told(std::string(text), directory_);
    // Which of the digests of one revocation comes first is chance.
    if (absl::StrContains(told, ": affected ")) {
      absl::StrReplaceAll({{"<evil>", "<digest>"}}, &told);
    }
    return told;
  }

  // The checkpoint, as every command holds it against the ledger first.
  absl::Status HoldCheckpoint() {
    if (!GetParam().checkpoint) return absl::OkStatus();
    const absl::StatusOr<Ledger> ledger = ReadLedger(directory_);
    if (!ledger.ok()) return ledger.status();
    return CheckCheckpoint(
        checkpoint_, {SampleKey(kEd25519PrivatePem).public_key()}, *ledger,
        since_);
  }

  // Decides as the command does, which looks at the checkpoint first.
  template <typename Decide>
  void ExpectThen(Then then, Decide decide, const char* what) {
    absl::Status status = HoldCheckpoint();
    if (status.ok()) status = decide();
    if (then == Then::kNothing) return;
    EXPECT_FALSE(status.ok()) << what << " went on";
    // Verification may say of which packet or entry besides.
    EXPECT_TRUE(absl::EndsWith(GetParam().said, Tell(status.message())))
        << what << ": " << Tell(status.message());
  }

  std::string directory_;
  std::string checkpoint_;
  std::string since_;
};

TEST_P(TamperTest, IsNamedByVerification) {
  RegistryCheckOptions options;
  if (GetParam().checkpoint) {
    options.checkpoints = {{"checkpoint", checkpoint_}};
    options.keys = {SampleKey(kEd25519PrivatePem).public_key()};
    options.since = since_;
  }
  const absl::StatusOr<RegistryReport> report =
      VerifyRegistry(directory_, options);
  ASSERT_TRUE(report.ok()) << report.status();
  std::vector<std::string> faults;
  for (const std::string& fault : report->faults) {
    EXPECT_FALSE(absl::StrContains(fault, "\n"));
    faults.push_back(Tell(fault));
  }
  EXPECT_NE(std::find(faults.begin(), faults.end(), GetParam().said),
            faults.end())
      << "verified, or for another reason:\n"
      << absl::StrJoin(faults, "\n");
}

TEST_P(TamperTest, IsNamedByADecisionThatRestsOnIt) {
  const std::string draft = TheSample().family->Packet("draft");
  const std::string first = TheSample().family->Packet("first");
  const std::string copy = absl::StrCat(directory_, ".copy");
  fs::remove_all(copy);
  CopyTree(directory_, copy);
  PromoteRequest request;
  request.artifact = draft;
  request.state = "candidate";
  ExpectThen(GetParam().promotion,
             [&] { return SampleDecide(RealFileSystem(), directory_, request); },
             "promotion");
  directory_ = copy;
  ExpectThen(GetParam().rollback,
             [&] {
               return SampleRollback(RealFileSystem(), directory_, "chat",
                                     first);
             },
             "rollback");
}

INSTANTIATE_TEST_SUITE_P(
    All, TamperTest, testing::ValuesIn(AllTamperings()),
    [](const testing::TestParamInfo<Tampering>& info) {
      return std::string(info.param.name);
    });

TEST(TamperingsTest, AreManyAndHaveDifferentNames) {
  std::set<std::string> names;
  for (const Tampering& tampering : AllTamperings()) {
    EXPECT_TRUE(names.insert(tampering.name).second) << tampering.name;
  }
  EXPECT_GE(names.size(), 100u);
  std::printf("tamper_test: %zu kinds of tampering\n", names.size());
}

TEST(TamperingsTest, LeaveTheUntouchedSampleGood) {
  RegistryCheckOptions options;
  options.checkpoints = {{"checkpoint", TheSample().checkpoint}};
  options.keys = {SampleKey(kEd25519PrivatePem).public_key()};
  const absl::StatusOr<RegistryReport> report =
      VerifyRegistry(TheSample().registry, options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->faults, std::vector<std::string>());
  EXPECT_EQ(report->notes, std::vector<std::string>());
}

}  // namespace
}  // namespace pedigree
