// Every known way to tamper with a registry: its ledger, aliases, index, blobs,
// approvals and checkpoints. Verification must name each, and so must a
// decision that would rest on what was changed.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "release/registry/file_system.h"
#include "release/registry/ledger.h"
#include "release/registry/operations.h"
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
  std::unique_ptr<SampleFamily> family;
};

std::string SignCheckpoint(const std::string& registry, std::string_view key) {
  KeySigner signer(SampleKey(key));
  return *SignStatement(WriteCheckpoint(*ReadLedger(registry), kSampleTime),
                        signer);
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
    EXPECT_TRUE(SampleRaise(files, sample->registry, packet("second"),
                            "champion", "chat")
                    .ok());
    sample->checkpoint = SignCheckpoint(sample->registry, kEd25519PrivatePem);
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

 private:
  std::string directory_;
  std::string checkpoint_ = TheSample().checkpoint;
};

// What a decision on the tampered registry must do.
enum class Then {
  kRefuse,   // refuse, with the same words
  kNothing,  // anything: it does not rest on what was changed
};

struct Tampering {
  const char* name;
  std::function<void(Editor&)> apply;
  // What verification says.
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
       "Corrupted ledger: ledger.jsonl has"},
      {"entry_altered_in_length_kept",
       [](Editor& e) {
         auto lines = e.Lines();
         lines[2] = absl::StrReplaceAll(lines[2], {{"because", "BECAUSE"}});
         e.WriteLines(lines);
       },
       "Corrupted ledger: entry 4 follows"},
      {"last_entry_altered",
       [](Editor& e) {
         auto lines = e.Lines();
         lines.back() =
             absl::StrReplaceAll(lines.back(), {{"because", "BECAUSE"}});
         e.WriteLines(lines);
       },
       "(expected sha256:"},
      {"entry_dropped",
       [](Editor& e) {
         auto lines = e.Lines();
         lines.erase(lines.begin() + 3);
         lines.push_back(std::string(2000, ' '));
         e.WriteLines(lines);
       },
       "Corrupted ledger: entry 4 follows"},
      {"entries_reordered",
       [](Editor& e) {
         auto lines = e.Lines();
         std::swap(lines[2], lines[3]);
         e.WriteLines(lines);
       },
       "Corrupted ledger: entry 3 follows"},
      {"entry_duplicated",
       [](Editor& e) {
         auto lines = e.Lines();
         lines.insert(lines.begin() + 2, lines[2]);
         e.WriteLines(lines);
       },
       "Corrupted ledger: entry 4 follows"},
      {"ledger_cut",
       [](Editor& e) {
         auto lines = e.Lines();
         lines.pop_back();
         e.WriteLines(lines);
       },
       "Corrupted ledger: ledger.jsonl has"},
      {"ledger_and_head_cut",
       [](Editor& e) {
         auto lines = e.Lines();
         lines.pop_back();
         e.Rechain(lines);
       },
       "Truncated ledger: ", true},
      {"chain_rehashed",
       [](Editor& e) {
         e.Forge(3, [](Json& entry) { entry["reason"] = "rewritten"; });
       },
       "Rewritten ledger: entry ", true},
      {"chain_rehashed_without_checkpoint",
       [](Editor& e) {
         e.Forge(3, [](Json& entry) { entry["reason"] = "rewritten"; });
       },
       "which the ledger does not have", false, kNothing, kNothing},
      {"genesis_rewritten",
       [](Editor& e) {
         e.Forge(1, [](Json& entry) { entry["genesis"]["nonce"] = "4567"; });
       },
       "Not the registry of the checkpoint", true},
      {"old_copy_replayed",
       [](Editor& e) {
         fs::remove_all(e.Path(""));
         CopyTree(TheSample().old_registry, e.Path(""));
       },
       "an old copy was put in place", true},
      {"head_forged",
       [](Editor& e) {
         e.ChangeFile("head.json", [](Json& head) { head["sequence"] = "99"; });
       },
       "entries (expected 99), head.json"},
      {"head_missing",
       [](Editor& e) { fs::remove(e.Path("head.json")); }, "head.json"},
      {"marker_of_another_registry",
       [](Editor& e) {
         e.ChangeFile("registry.json", [](Json& marker) {
           marker["id"] = Sha256("another").ToString();
         });
       },
       "Corrupted registry.json"},
      {"entry_with_an_unknown_field",
       [](Editor& e) {
         e.Forge(3, [](Json& entry) { entry["note"] = "x"; });
       },
       "Corrupted ledger: entry 3: ", false, kNothing, kNothing},
      {"entry_with_another_number",
       [](Editor& e) {
         e.Forge(3, [](Json& entry) { entry["sequence"] = "33"; });
       },
       "entry 3 says it is number 33", false, kNothing, kNothing},
      {"entry_without_a_time",
       [](Editor& e) {
         e.Forge(3, [](Json& entry) { entry["at"] = "yesterday"; });
       },
       "Invalid time: \"yesterday\"", false, kNothing, kNothing},
      {"alias_to_the_unknown",
       [](Editor& e) { e.PointAlias(Sha256("unknown").ToString()); },
       "Corrupted alias chat: the file says", false, kNothing},
      {"alias_to_the_revoked",
       [](Editor& e) { e.PointAlias(e.Packet("evil")); },
       "Corrupted alias chat: the file says", false, kNothing},
      {"alias_to_the_unpromoted",
       [](Editor& e) { e.PointAlias(e.Packet("draft")); },
       "Corrupted alias chat: the file says", false, kNothing},
      {"old_alias_replayed",
       [](Editor& e) {
         Spill(e.Path("aliases/chat.json"),
               Slurp(TheSample().old_registry + "/aliases/chat.json"));
       },
       "Corrupted alias chat: the file says", false, kNothing},
      {"alias_removed",
       [](Editor& e) { fs::remove(e.Path("aliases/chat.json")); },
       "Corrupted alias chat: the file says nothing", false, kNothing},
      {"alias_added",
       [](Editor& e) {
         fs::copy_file(e.Path("aliases/chat.json"), e.Path("aliases/x.json"));
       },
       "aliases/x.json is no alias of the ledger", false, kNothing, kNothing},
      {"alias_in_the_ledger_to_the_unpromoted",
       [](Editor& e) {
         e.Append(-1, [&](Json& entry) {
           entry["transitions"] = Json::array();
           entry["subject"] = e.Packet("draft");
           entry["moves"][0]["previous"] = e.Packet("second");
           entry["moves"][0]["artifact"] = e.Packet("draft");
         });
       },
       "promote takes ", false, kNothing, kNothing},
      {"index_forged",
       [](Editor& e) {
         e.ChangeFile(absl::StrCat("index/artifacts/", e.Hex("draft"), ".json"),
                      [](Json& artifact) { artifact["state"] = "champion"; });
       },
       "Corrupted index of sha256:", false, Then::kRefuse, kNothing},
      {"index_entry_removed",
       [](Editor& e) {
         fs::remove(
             e.Path(absl::StrCat("index/artifacts/", e.Hex("draft"), ".json")));
       },
       "Corrupted index of sha256:", false, Then::kRefuse, kNothing},
      {"index_entry_added",
       [](Editor& e) {
         Spill(e.Path("index/artifacts/x.json"), "{}");
       },
       "index/artifacts/x.json is no artifact of the ledger", false, kNothing,
       kNothing},
      {"index_set_back",
       [](Editor& e) {
         Spill(e.Path("index/applied.json"),
               Slurp(TheSample().old_registry + "/index/applied.json"));
       },
       "Corrupted index: index/applied.json says entry"},
      {"blob_altered",
       [](Editor& e) {
         const std::string hex = e.family().Model("draft").substr(7);
         const std::string bytes = "weights of drafd";
         Spill(e.Path(absl::StrCat("packets/", e.Hex("draft"),
                                   "/blobs/sha256/", hex)),
               bytes);
       },
       "Corrupted model.slm: ", false, Then::kRefuse, kNothing},
      {"shared_blob_altered",
       [](Editor& e) {
         Spill(e.Path(absl::StrCat("blobs/sha256/",
                                   e.family().Model("draft").substr(7))),
               "weights of drafd");
       },
       "Corrupted blob: digest is ", false, kNothing, kNothing},
      {"blob_missing",
       [](Editor& e) {
         fs::remove(e.Path(absl::StrCat("packets/", e.Hex("draft"),
                                        "/blobs/sha256/",
                                        e.family().Model("draft").substr(7))));
       },
       "Missing blob sha256:", false, Then::kRefuse, kNothing},
      {"shared_blob_missing",
       [](Editor& e) {
         fs::remove(e.Path(absl::StrCat(
             "blobs/sha256/", e.family().Model("draft").substr(7))));
       },
       "Missing blob sha256:", false, kNothing, kNothing},
      {"blob_a_link",
       [](Editor& e) {
         const std::string path = e.Path(absl::StrCat(
             "packets/", e.Hex("draft"), "/blobs/sha256/",
             e.family().Model("draft").substr(7)));
         fs::remove(path);
         fs::create_symlink("/dev/null", path);
       },
       "is a symbolic link", false, Then::kRefuse, kNothing},
      {"packet_missing",
       [](Editor& e) {
         fs::remove_all(e.Path(absl::StrCat("packets/", e.Hex("draft"))));
       },
       "no such packet", false, Then::kRefuse, kNothing},
      {"packet_of_another",
       [](Editor& e) {
         const std::string path =
             e.Path(absl::StrCat("packets/", e.Hex("draft")));
         fs::remove_all(path);
         CopyTree(e.Path(absl::StrCat("packets/", e.Hex("second"))), path);
       },
       "Not the expected packet: digest is ", false, Then::kRefuse, kNothing},
      {"approval_altered",
       [](Editor& e) {
         const Json entry = *ParseJson(e.Lines().back(), "entry");
         const std::string digest = entry["approvals"][0];
         Spill(e.Path(absl::StrCat("blobs/sha256/", digest.substr(7))), "{}");
       },
       "approval: Corrupted blob: digest is ", false, kNothing, kNothing},
      {"approvals_dropped",
       [](Editor& e) {
         e.Forge(-1, [](Json& entry) { entry["approvals"] = Json::array(); });
       },
       "approved by 0 signers (expected 2)", false, kNothing, kNothing},
      {"approvals_of_another_packet",
       [](Editor& e) {
         const Json first = *ParseJson(e.Lines()[8], "entry");
         e.Forge(-1, [&](Json& entry) {
           entry["approvals"] = first["approvals"];
         });
       },
       "it approves artifact ", false, kNothing, kNothing},
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
       "it approves action \"promote\" (expected \"rollback\")", false,
       kNothing, kNothing},
      {"one_signer_counted_twice",
       [](Editor& e) {
         e.Forge(-1, [](Json& entry) {
           entry["approvals"][1] = entry["approvals"][0];
         });
       },
       "approved by 1 signers (expected 2)", false, kNothing, kNothing},
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
       "from \"draft\" to \"canary\"", false, Then::kNothing, kNothing},
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
       "which is not proven deployable", false, kNothing, kNothing},
      {"release_renamed",
       [](Editor& e) {
         e.Forge(2, [](Json& entry) { entry["release"]["name"] = "other"; });
       },
       "release is {", false, kNothing, kNothing},
      {"origin_hidden",
       [](Editor& e) {
         e.Forge(2, [](Json& entry) {
           entry["release"]["derivations"] = Json::array();
         });
       },
       "came about is not told", false, kNothing, kNothing},
      {"evidence_exchanged",
       [](Editor& e) {
         e.Forge(-1, [](Json& entry) {
           entry["evidence"][0] = Sha256("better").ToString();
         });
       },
       "its evidence is not the packet's", false, kNothing, kNothing},
      {"policy_altered",
       [](Editor& e) {
         Spill(e.Path(absl::StrCat("blobs/sha256/",
                                   SamplePolicy().digest().substr(7))),
               SamplePolicy("2").text());
       },
       "Corrupted blob: digest is "},
      {"policy_exchanged",
       [](Editor& e) {
         e.Forge(-1, [](Json& entry) {
           entry["policy"] = Sha256("lax").ToString();
         });
       },
       "the one in force", false, kNothing, kNothing},
      {"stray_file", [](Editor& e) { Spill(e.Path("notes.txt"), "x"); },
       "notes.txt belongs to no registry", false, kNothing, kNothing},
      {"checkpoint_by_another_key",
       [](Editor& e) {
         e.checkpoint() =
             SignCheckpoint(TheSample().registry, kOtherEd25519PrivatePem);
       },
       "none of the 1 signatures is by one of the 1 keys that count", true},
      {"checkpoint_altered",
       [](Editor& e) {
         Json json = *ParseJson(e.checkpoint(), "checkpoint");
         std::string payload = json["payload"];
         payload[40] = payload[40] == 'A' ? 'B' : 'A';
         json["payload"] = payload;
         e.checkpoint() = CanonicalJson(json);
       },
       "none of the 1 signatures is by one of the 1 keys that count", true},
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
  }

  // Whether any of the messages says what it must.
  static bool Said(const std::string& text) {
    return absl::StrContains(text, GetParam().said);
  }

  // The checkpoint, as every command holds it against the ledger first.
  absl::Status HoldCheckpoint() {
    if (!GetParam().checkpoint) return absl::OkStatus();
    const absl::StatusOr<Ledger> ledger = ReadLedger(directory_);
    if (!ledger.ok()) return ledger.status();
    return CheckCheckpoint(
        checkpoint_, {SampleKey(kEd25519PrivatePem).public_key()}, *ledger);
  }

  // Decides as the command does, which looks at the checkpoint first.
  template <typename Decide>
  void ExpectThen(Then then, Decide decide, const char* what) {
    absl::Status status = HoldCheckpoint();
    if (status.ok()) status = decide();
    if (then == Then::kNothing) return;
    EXPECT_FALSE(status.ok()) << what << " went on";
    EXPECT_TRUE(Said(std::string(status.message()))) << what << ": " << status;
  }

  std::string directory_;
  std::string checkpoint_;
};

TEST_P(TamperTest, IsNamedByVerification) {
  RegistryCheckOptions options;
  if (GetParam().checkpoint) {
    options.checkpoints = {{"checkpoint", checkpoint_}};
    options.keys = {SampleKey(kEd25519PrivatePem).public_key()};
  }
  const absl::StatusOr<RegistryReport> report =
      VerifyRegistry(directory_, options);
  ASSERT_TRUE(report.ok()) << report.status();
  const std::string faults = absl::StrJoin(report->faults, "\n");
  EXPECT_TRUE(Said(faults)) << "verified, or for another reason:\n" << faults;
  for (const std::string& fault : report->faults) {
    EXPECT_FALSE(absl::StrContains(fault, "\n"));
  }
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
  EXPECT_GE(names.size(), 40u);
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
