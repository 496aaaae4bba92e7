// Claims that hold are accepted, and every way of tampering with them is refused
// by a message that names the claim and the fault.

#include "release/claims/verify_claims.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "release/claims/bundle.h"
#include "release/claims/sign.h"
#include "release/claims/times.h"
#include "release/signing/signer.h"
#include "release/statements/statements.h"
#include "release/statements/vsa.h"
#include "release/testing/sample_keys.h"
#include "release/testing/sample_packet.h"
#include "runtime/base/check.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

const std::string_view kCi = kP256PrivatePem;
const std::string_view kAuditor = kDssePrivatePem;
const std::string_view kStranger = kOtherEd25519PrivatePem;

PublicKey PublicOf(std::string_view pem) { return SampleKey(pem).public_key(); }

absl::Time At(std::string_view text) { return *ParseUtc(text, "time"); }

// Made once: tests change copies.
const SamplePacket& Sample() {
  static const SamplePacket* const sample =
      new SamplePacket(MakeSamplePacket());
  return *sample;
}

// Good claims, and what is done to them before they are checked.
class Scenario {
 public:
  Scenario() {
    KeySigner signer(SampleKey(kCi));
    absl::StatusOr<std::vector<SignedClaim>> made =
        SignPacket(Sample().parts, {}, signer);
    PEDIGREE_CHECK(made.ok());
    claims = *std::move(made);
    trust.keys = TrustKeys({PublicOf(kCi)},
                           {ClaimKind::kEval, ClaimKind::kOms,
                            ClaimKind::kProvenance, ClaimKind::kTestResult});
    trust.now = At("2027-01-01T00:00:00Z");
  }

  SignedClaim& Get(ClaimKind kind) {
    for (SignedClaim& claim : claims) {
      if (claim.kind == kind) return claim;
    }
    PEDIGREE_CHECK(false);
  }

  void Drop(ClaimKind kind) {
    const auto is_kind = [&](const SignedClaim& c) { return c.kind == kind; };
    claims.erase(std::remove_if(claims.begin(), claims.end(), is_kind),
                 claims.end());
  }

  // Puts another statement into a claim, signed.
  void Resign(ClaimKind kind, const std::function<void(Json&)>& change,
              std::string_view pem = kCi) {
    SignedClaim& claim = Get(kind);
    Json json = *ParseJson(claim.envelope.payload, "claim");
    change(json);
    KeySigner signer(SampleKey(pem));
    claim.envelope =
        *SignEnvelope(claim.envelope.payload_type, CanonicalJson(json), signer);
  }

  // Adds the signature of another key.
  void Cosign(ClaimKind kind, std::string_view pem) {
    DsseEnvelope& envelope = Get(kind).envelope;
    KeySigner signer(SampleKey(pem));
    envelope.signatures.push_back(
        {signer.public_key().id(),
         *signer.Sign(envelope.payload_type, envelope.payload)});
  }

  // A trusted key: the first is the one that signed.
  AcceptedKey& Key(size_t index = 0) { return trust.keys.keys[index]; }

  // The auditor's key, as `signer`.
  void Trust(const std::string& signer) {
    trust.keys.keys.push_back({PublicOf(kAuditor), signer, {}, {}, {}});
  }

  AcceptedClaim& Rule(ClaimKind kind) { return trust.keys.claims[kind]; }

  void AddVsa(const std::function<void(Json&)>& change) {
    VsaRequest request;
    request.verifier_id = "https://auditor.example/v1";
    Json json = *MakeVsa(Sample().parts, request);
    change(json);
    KeySigner signer(SampleKey(kCi));
    claims.push_back(*SignClaim(CanonicalJson(json), signer));
  }

  // Writes the folder and checks it; the faults, one a line.
  std::string Check() {
    static int count = 0;
    const std::string folder =
        absl::StrCat(Sample().folder, "/claims", count++);
    PEDIGREE_CHECK(WriteClaims(claims, PublicOf(kCi), folder).ok());
    if (edit) edit(folder);
    std::vector<std::string> folders = {folder};
    folders.insert(folders.end(), more.begin(), more.end());
    absl::StatusOr<ClaimsReport> checked =
        VerifyClaims(Sample().parts, folders, trust);
    PEDIGREE_CHECK(checked.ok());
    report = *std::move(checked);
    return absl::StrJoin(report.faults, "\n");
  }

  std::vector<SignedClaim> claims;
  ClaimTrust trust;
  // What is done to the folder's files.
  std::function<void(const std::string& folder)> edit;
  // Further folders.
  std::vector<std::string> more;
  ClaimsReport report;
};

std::string Read(const std::string& path) { return *ReadFile(path); }

void Write(const std::string& path, std::string_view text) {
  PEDIGREE_CHECK(WriteFileAtomically(path, text).ok());
}

// An edit that replaces a text in a file once.
std::function<void(const std::string&)> Replace(const std::string& file,
                                                const std::string& from,
                                                const std::string& to) {
  return [=](const std::string& folder) {
    std::string text = Read(absl::StrCat(folder, "/", file));
    const size_t at = text.find(from);
    PEDIGREE_CHECK(at != std::string::npos);
    Write(absl::StrCat(folder, "/", file), text.replace(at, from.size(), to));
  };
}

std::function<void(const std::string&)> Remove(const std::string& file) {
  return [=](const std::string& folder) {
    PEDIGREE_CHECK(std::remove(absl::StrCat(folder, "/", file).c_str()) == 0);
  };
}

// An edit of the claims' lines.
std::function<void(const std::string&)> EditLines(
    const std::function<std::string(const std::string&)>& change) {
  return [=](const std::string& folder) {
    const std::string path = absl::StrCat(folder, "/", kClaimsFile);
    Write(path, change(Read(path)));
  };
}

std::string FirstLine(const std::string& lines) {
  return lines.substr(0, lines.find('\n') + 1);
}

// A folder of claims of the auditor.
std::string AuditorsFolder(const std::string& name, const SignRequest& request) {
  const std::string folder = absl::StrCat(Sample().folder, "/", name);
  KeySigner signer(SampleKey(kAuditor));
  PEDIGREE_CHECK(WriteClaims(*SignPacket(Sample().parts, request, signer),
                             PublicOf(kAuditor), folder)
                     .ok());
  return folder;
}

TEST(VerifyClaimsTest, AcceptsGoodClaims) {
  Scenario scenario;
  EXPECT_EQ(scenario.Check(), "");
  ASSERT_EQ(scenario.report.claims.size(), 4u);
  EXPECT_EQ(scenario.report.claims[0].kind, ClaimKind::kEval);
  EXPECT_EQ(scenario.report.claims[0].signers,
            (std::set<std::string>{PublicOf(kCi).id()}));
  EXPECT_EQ(scenario.report.claims[0].statement,
            Sha256(scenario.claims[0].envelope.payload));
}

TEST(VerifyClaimsTest, AcceptsProvenanceWithTheSourceCommit) {
  Scenario scenario;
  scenario.Resign(ClaimKind::kProvenance, [](Json& json) {
    EXPECT_TRUE(AddSourceCommit(std::string(40, 'a'), json).ok());
  });
  EXPECT_EQ(scenario.Check(), "");
}

TEST(VerifyClaimsTest, MembersThatNobodyKnowsChangeNothing) {
  Scenario scenario;
  scenario.Resign(ClaimKind::kProvenance, [](Json& json) {
    json["predicate"]["runDetails"]["metadata"] =
        Json::object({{"invocationId", "7"}});
  });
  EXPECT_EQ(scenario.Check(), "");
}

TEST(VerifyClaimsTest, StrangersSignaturesAreSkippedAndKeyIdsDecideNothing) {
  Scenario scenario;
  scenario.Cosign(ClaimKind::kEval, kStranger);
  EXPECT_NE(scenario.Check(), "");  // the bundle has two signatures
  scenario.edit = [](const std::string& folder) {
    Json bundle = *ParseJson(Read(folder + "/eval.sigstore.json"), "bundle");
    bundle["dsseEnvelope"]["signatures"].erase(1);
    Write(folder + "/eval.sigstore.json", CanonicalJson(bundle));
  };
  EXPECT_EQ(scenario.Check(), "");
  scenario.Get(ClaimKind::kEval).envelope.signatures[0].key_id = "nobody";
  EXPECT_EQ(scenario.Check(), "");
}

TEST(VerifyClaimsTest, SignersOfSeveralFoldersCountTogether) {
  Scenario scenario;
  scenario.Trust("auditor");
  scenario.Rule(ClaimKind::kEval).signers.insert("auditor");
  scenario.Rule(ClaimKind::kEval).threshold = 2;
  for (const ClaimKind kind :
       {ClaimKind::kOms, ClaimKind::kProvenance, ClaimKind::kTestResult}) {
    scenario.Rule(kind).signers.insert("auditor");
  }
  scenario.more = {AuditorsFolder("auditors", {})};
  EXPECT_EQ(scenario.Check(), "");
  EXPECT_EQ(scenario.report.claims[0].signers.size(), 2u);
  EXPECT_EQ(scenario.report.claims[0].envelopes.size(), 2u);
}

TEST(VerifyClaimsTest, ARetiredKeyStaysGoodForItsPackets) {
  Scenario scenario;
  scenario.Key().packets = {Sample().parts.packet};
  EXPECT_EQ(scenario.Check(), "");
}

TEST(VerifyClaimsTest, WindowsOpenAndCloseAtTheirBounds) {
  Scenario scenario;
  scenario.Key().not_before = scenario.trust.now;
  scenario.Key().not_after = scenario.trust.now + absl::Seconds(1);
  EXPECT_EQ(scenario.Check(), "");
}

TEST(VerifyClaimsTest, AcceptsAnAuditorsSummary) {
  Scenario scenario;
  scenario.AddVsa([](Json&) {});
  scenario.trust.keys.claims[ClaimKind::kVsa] =
      scenario.Rule(ClaimKind::kEval);
  EXPECT_EQ(scenario.Check(), "");
}

TEST(VerifyClaimsTest, AFolderThatIsNotThereIsAnError) {
  EXPECT_EQ(VerifyClaims(Sample().parts, {Sample().folder + "/none"}, {})
                .status()
                .code(),
            absl::StatusCode::kNotFound);
}

struct Tampering {
  std::string name;
  std::function<void(Scenario&)> apply;
  // What one of the faults says.
  std::string fault;
};

// Swaps the values at two places.
void Swap(Json& json, const char* a, const char* b) {
  std::swap(json[Json::json_pointer(a)], json[Json::json_pointer(b)]);
}

std::vector<Tampering> Tamperings() {
  const std::string ci = PublicOf(kCi).id();
  return {
      // Whole claims.
      {"dropped",
       [](Scenario& s) { s.Drop(ClaimKind::kEval); },
       "Missing claim eval: no folder holds a good one"},
      {"all_dropped", [](Scenario& s) { s.claims.resize(1); },
       "Missing claim test-result"},
      {"dropped_line",
       [](Scenario& s) {
         s.edit = EditLines([](const std::string& lines) {
           return lines.substr(FirstLine(lines).size());
         });
       },
       "eval.sigstore.json belongs to no claim in claims.intoto.jsonl"},
      {"dropped_bundle",
       [](Scenario& s) { s.edit = Remove("eval.sigstore.json"); },
       "Missing bundle eval.sigstore.json"},
      {"dropped_file",
       [](Scenario& s) { s.edit = Remove("claims.intoto.jsonl"); },
       "Missing claims.intoto.jsonl"},
      {"repeated_line",
       [](Scenario& s) {
         s.edit = EditLines([](const std::string& lines) {
           return lines + FirstLine(lines);
         });
       },
       "Repeated claim eval of "},
      {"replaced_by_a_repetition",
       [](Scenario& s) {
         s.edit = EditLines([](const std::string& lines) {
           const size_t last = lines.rfind('\n', lines.size() - 2) + 1;
           return FirstLine(lines) + lines.substr(0, last);
         });
       },
       "Missing claim test-result"},
      {"cut_off_line",
       [](Scenario& s) {
         s.edit = EditLines([](const std::string& lines) {
           return lines.substr(0, lines.size() - 1);
         });
       },
       "its last line is cut off"},
      {"cut_off_in_a_line",
       [](Scenario& s) {
         s.edit = EditLines([](const std::string& lines) {
           return lines.substr(0, lines.size() - 40);
         });
       },
       "claim in line 4 of"},
      {"empty_line",
       [](Scenario& s) {
         s.edit = EditLines([](const std::string& lines) {
           return lines + "\n";
         });
       },
       "claim in line 5 of"},
      {"extra_file",
       [](Scenario& s) {
         s.edit = [](const std::string& f) { Write(f + "/more", ""); };
       },
       "more belongs to no claim"},
      {"unexpected_kind",
       [](Scenario& s) { s.AddVsa([](Json&) {}); },
       "Unexpected claim vsa of "},
      {"unknown_kind",
       [](Scenario& s) {
         s.Resign(ClaimKind::kEval, [](Json& j) {
           j["predicateType"] = "https://in-toto.io/attestation/link/v0.3";
         });
       },
       "\"predicateType\" is \"https://in-toto.io/attestation/link/v0.3\""},
      {"kinds_swapped",
       [](Scenario& s) {
         std::swap(s.Get(ClaimKind::kEval).envelope,
                   s.Get(ClaimKind::kOms).envelope);
       },
       "Invalid bundle oms.sigstore.json of "},
      {"predicate_type_of_another_kind",
       [](Scenario& s) {
         s.Resign(ClaimKind::kTestResult, [](Json& j) {
           j["predicateType"] = "https://pedigree.dev/eval/v1";
         });
       },
       "Missing claim test-result"},
      // Subjects.
      {"retargeted",
       [](Scenario& s) {
         s.Resign(ClaimKind::kEval, [](Json& j) {
           j["subject"][0]["digest"]["sha256"] = Sha256("another").Hex();
         });
       },
       "Invalid claim eval of "},
      {"retargeted_names_both",
       [](Scenario& s) {
         s.Resign(ClaimKind::kProvenance, [](Json& j) {
           j["subject"].erase(2);
           j["subject"].erase(1);
           j["subject"][0]["digest"]["sha256"] = Sha256("another").Hex();
         });
       },
       absl::StrCat("it is about ", Sha256("another").ToString(), " (expected ",
                    Sample().parts.packet.ToString(), ")")},
      {"retargeted_model",
       [](Scenario& s) {
         s.Resign(ClaimKind::kEval, [](Json& j) {
           j["subject"][1]["digest"]["sha256"] = Sha256("another").Hex();
         });
       },
       "Altered claim eval of "},
      {"retargeted_without_a_signature",
       [](Scenario& s) {
         DsseEnvelope& e = s.Get(ClaimKind::kEval).envelope;
         e.payload = absl::StrReplaceAll(
             e.payload, {{Sample().parts.packet.Hex(), Sha256("x").Hex()}});
       },
       "signed by no key that is trusted"},
      {"subject_dropped",
       [](Scenario& s) {
         s.Resign(ClaimKind::kEval, [](Json& j) { j["subject"].erase(2); });
       },
       "subject has 2 entries (expected 3)"},
      {"subject_in_another_algorithm",
       [](Scenario& s) {
         s.Resign(ClaimKind::kEval, [](Json& j) {
           j["subject"][0]["digest"] = Json::object({{"sha512", "00"}});
         });
       },
       "subject 0: no digest \"sha256\""},
      // Envelopes.
      {"payload_type",
       [](Scenario& s) {
         SignedClaim& claim = s.Get(ClaimKind::kEval);
         KeySigner signer(SampleKey(kCi));
         claim.envelope = *SignEnvelope("application/json",
                                        claim.envelope.payload, signer);
       },
       "payloadType is \"application/json\" (expected"},
      {"payload_type_without_a_signature",
       [](Scenario& s) {
         s.Get(ClaimKind::kEval).envelope.payload_type = "text/plain";
       },
       "payloadType is \"text/plain\" (expected"},
      {"old_statement_type",
       [](Scenario& s) {
         s.Resign(ClaimKind::kEval, [](Json& j) {
           j["_type"] = "https://in-toto.io/Statement/v0.1";
         });
       },
       "\"_type\" is \"https://in-toto.io/Statement/v0.1\""},
      {"payload_is_no_statement",
       [](Scenario& s) {
         SignedClaim& claim = s.Get(ClaimKind::kEval);
         KeySigner signer(SampleKey(kCi));
         claim.envelope = *SignEnvelope(kInTotoPayloadType, "[]", signer);
       },
       "claim in line 1 of"},
      {"repeated_member",
       [](Scenario& s) {
         DsseEnvelope& e = s.Get(ClaimKind::kEval).envelope;
         KeySigner signer(SampleKey(kCi));
         e = *SignEnvelope(
             kInTotoPayloadType,
             absl::StrReplaceAll(e.payload, {{"{\"_type\"",
                                              "{\"_type\":\"\",\"_type\""}}),
             signer);
       },
       "repeated key \"_type\""},
      {"payload_with_white_space",
       [](Scenario& s) {
         s.edit = Replace("claims.intoto.jsonl", "\"payload\":\"",
                          "\"payload\":\" ");
       },
       "a text that is not padded base64"},
      {"no_signature",
       [](Scenario& s) {
         s.edit = EditLines([](const std::string& lines) {
           Json first = *ParseJson(FirstLine(lines), "line");
           first["signatures"] = Json::array();
           return CanonicalJson(first) + "\n" +
                  lines.substr(FirstLine(lines).size());
         });
       },
       "\"signatures\" is not a list with an entry"},
      {"signature_bit",
       [](Scenario& s) {
         s.Get(ClaimKind::kEval).envelope.signatures[0].signature[20] ^= 1;
       },
       "Invalid claim eval of "},
      {"signature_cut_off",
       [](Scenario& s) {
         s.Get(ClaimKind::kOms).envelope.signatures[0].signature.pop_back();
       },
       "signed by no key that is trusted"},
      {"signatures_swapped",
       [](Scenario& s) {
         std::swap(s.Get(ClaimKind::kEval).envelope.signatures,
                   s.Get(ClaimKind::kProvenance).envelope.signatures);
       },
       "Invalid claim provenance of "},
      {"signed_by_a_stranger",
       [](Scenario& s) {
         s.Resign(ClaimKind::kEval, [](Json&) {}, kStranger);
       },
       "signed by no key that is trusted (1 signatures, naming " +
           PublicOf(kStranger).id()},
      {"stranger_under_a_trusted_id",
       [ci](Scenario& s) {
         s.Resign(ClaimKind::kEval, [](Json&) {}, kStranger);
         s.Get(ClaimKind::kEval).envelope.signatures[0].key_id = ci;
       },
       "signed by no key that is trusted (1 signatures, naming " + ci},
      // Bundles.
      {"bundles_swapped",
       [](Scenario& s) {
         s.edit = [](const std::string& f) {
           const std::string eval = Read(f + "/eval.sigstore.json");
           Write(f + "/eval.sigstore.json", Read(f + "/oms.sigstore.json"));
           Write(f + "/oms.sigstore.json", eval);
         };
       },
       "its payload is not that of claim eval"},
      {"bundle_of_another_signature",
       [](Scenario& s) {
         s.edit = [](const std::string& f) {
           Json bundle = *ParseJson(Read(f + "/eval.sigstore.json"), "b");
           bundle["dsseEnvelope"]["signatures"][0]["sig"] = "AAAA";
           Write(f + "/eval.sigstore.json", CanonicalJson(bundle));
         };
       },
       "its signature is not one of claim eval"},
      {"bundle_of_two_signatures",
       [](Scenario& s) { s.Cosign(ClaimKind::kEval, kStranger); },
       "2 signatures (expected 1)"},
      {"bundle_version",
       [](Scenario& s) {
         s.edit = Replace("eval.sigstore.json", "bundle.v0.3+json",
                          "bundle.v0.2+json");
       },
       "Invalid bundle eval.sigstore.json"},
      {"bundle_with_a_certificate",
       [](Scenario& s) {
         s.edit = Replace("eval.sigstore.json", "\"publicKey\":",
                          "\"certificate\":{},\"publicKey\":");
       },
       "verificationMaterial has \"certificate\""},
      {"bundle_with_more",
       [](Scenario& s) {
         s.edit = Replace("eval.sigstore.json", "\"mediaType\":",
                          "\"more\":1,\"mediaType\":");
       },
       "Invalid bundle eval.sigstore.json"},
      // What is claimed.
      {"altered_verdict",
       [](Scenario& s) {
         s.Resign(ClaimKind::kEval, [](Json& j) {
           j["predicate"]["suites"][0]["observed"] = "0.999999";
         });
       },
       "predicate.suites[0].observed is \"0.999999\" (expected \"1.000000\")"},
      {"altered_member_missing",
       [](Scenario& s) {
         s.Resign(ClaimKind::kEval, [](Json& j) {
           j["predicate"].erase("claimLevel");
         });
       },
       "predicate.claimLevel is missing (expected \"runtime-smoke\")"},
      {"altered_result",
       [](Scenario& s) {
         s.Resign(ClaimKind::kTestResult, [](Json& j) {
           j["predicate"]["passedTests"].push_back("greetings/noon");
         });
       },
       "predicate.passedTests has 3 entries (expected 2)"},
      {"altered_dependency",
       [](Scenario& s) {
         s.Resign(ClaimKind::kProvenance, [](Json& j) {
           j["predicate"]["buildDefinition"]["resolvedDependencies"][0]
            ["digest"]["sha256"] = Sha256("x").Hex();
         });
       },
       "Altered claim provenance of "},
      {"dependency_added",
       [](Scenario& s) {
         s.Resign(ClaimKind::kProvenance, [](Json& j) {
           Json& list =
               j["predicate"]["buildDefinition"]["resolvedDependencies"];
           list.push_back(list[0]);
         });
       },
       "resolvedDependencies has 8 entries (expected 7)"},
      {"source_without_a_commit",
       [](Scenario& s) {
         s.Resign(ClaimKind::kProvenance, [](Json& j) {
           Json& list =
               j["predicate"]["buildDefinition"]["resolvedDependencies"];
           list.insert(list.begin(), Json::object({{"name", "source"}}));
         });
       },
       "resolvedDependencies[0] names no gitCommit"},
      {"source_commit_that_is_none",
       [](Scenario& s) {
         s.Resign(ClaimKind::kProvenance, [](Json& j) {
           EXPECT_TRUE(AddSourceCommit(std::string(40, 'a'), j).ok());
           j["predicate"]["buildDefinition"]["resolvedDependencies"][0]
            ["digest"]["gitCommit"] = "main";
         });
       },
       "Invalid source commit: \"main\""},
      {"two_sources",
       [](Scenario& s) {
         s.Resign(ClaimKind::kProvenance, [](Json& j) {
           EXPECT_TRUE(AddSourceCommit(std::string(40, 'a'), j).ok());
           EXPECT_TRUE(AddSourceCommit(std::string(40, 'b'), j).ok());
         });
       },
       "Altered claim provenance of "},
      {"altered_builder",
       [](Scenario& s) {
         s.Resign(ClaimKind::kProvenance, [](Json& j) {
           j["predicate"]["runDetails"]["builder"]["id"] = "https://other";
         });
       },
       "predicate.runDetails.builder.id is \"https://other\""},
      {"oms_file_dropped",
       [](Scenario& s) {
         s.Resign(ClaimKind::kOms, [](Json& j) {
           j["predicate"]["resources"].erase(0);
         });
       },
       "Altered claim oms of "},
      {"oms_names_swapped",
       [](Scenario& s) {
         s.Resign(ClaimKind::kOms, [](Json& j) {
           Swap(j, "/predicate/resources/0/name",
                "/predicate/resources/1/name");
         });
       },
       "predicate.resources[0].name is "},
      {"oms_file_changed_with_its_root",
       [](Scenario& s) {
         s.Resign(ClaimKind::kOms, [](Json& j) {
           j["predicate"]["resources"][0]["digest"] = Sha256("x").Hex();
           j["subject"][0]["digest"]["sha256"] = Sha256("root").Hex();
         });
       },
       "it is about " + Sha256("root").ToString()},
      {"oms_with_links",
       [](Scenario& s) {
         s.Resign(ClaimKind::kOms, [](Json& j) {
           j["predicate"]["serialization"]["allow_symlinks"] = true;
         });
       },
       "allow_symlinks is true (expected false)"},
      {"vsa_that_says_no",
       [](Scenario& s) {
         s.AddVsa([](Json& j) {
           j["predicate"]["verificationResult"] = "FAILED";
         });
         s.trust.keys.claims[ClaimKind::kVsa] = s.Rule(ClaimKind::kEval);
       },
       "verificationResult is \"FAILED\" (expected \"PASSED\")"},
      {"vsa_of_another_packet",
       [](Scenario& s) {
         s.AddVsa([](Json& j) {
           j["subject"][0]["digest"]["sha256"] = Sha256("x").Hex();
         });
         s.trust.keys.claims[ClaimKind::kVsa] = s.Rule(ClaimKind::kEval);
       },
       "Invalid claim vsa of "},
      // Who claims, and when.
      {"key_expired",
       [](Scenario& s) { s.Key().not_after = s.trust.now; },
       absl::StrCat("key ", ci, " was accepted until 2027-01-01T00:00:00Z")},
      {"key_not_yet_valid",
       [](Scenario& s) {
         s.Key().not_before = s.trust.now + absl::Seconds(1);
       },
       absl::StrCat("key ", ci, " is accepted from 2027-01-01T00:00:01Z")},
      {"retired_key_on_a_new_packet",
       [](Scenario& s) { s.Key().packets = {Sha256("an older packet")}; },
       absl::StrCat("key ", ci, " is retired and not accepted for packet ",
                    Sample().parts.packet.ToString())},
      {"key_revoked",
       [ci](Scenario& s) {
         s.trust.revocations.emplace();
         s.trust.revocations->keys[ci] = "stolen";
       },
       absl::StrCat("key ", ci, " is revoked: stolen")},
      {"packet_revoked",
       [](Scenario& s) {
         s.trust.revocations.emplace();
         s.trust.revocations->packets[Sample().parts.packet] = "bad weights";
       },
       absl::StrCat("Revoked packet ", Sample().parts.packet.ToString(),
                    ": bad weights")},
      {"revocations_withheld",
       [](Scenario& s) { s.trust.keys.revocations.required = true; },
       "Missing revocations: "},
      {"policy_expired",
       [](Scenario& s) { s.trust.keys.expires = s.trust.now; },
       "Expired claim policy"},
      {"threshold_not_met",
       [](Scenario& s) {
         s.Trust("auditor");
         s.Rule(ClaimKind::kEval).signers.insert("auditor");
         s.Rule(ClaimKind::kEval).threshold = 2;
       },
       "Invalid claim eval: signed by 1 of its signers"},
      {"threshold_by_one_signers_two_keys",
       [](Scenario& s) {
         s.Trust(s.Key().signer);
         s.Rule(ClaimKind::kEval).signers.insert("auditor");
         s.Rule(ClaimKind::kEval).threshold = 2;
         s.more = {AuditorsFolder("two_keys", {})};
       },
       "Invalid claim eval: signed by 1 of its signers"},
      {"threshold_by_one_signature_twice",
       [](Scenario& s) {
         s.Trust("auditor");
         s.Rule(ClaimKind::kEval).signers.insert("auditor");
         s.Rule(ClaimKind::kEval).threshold = 2;
         s.Cosign(ClaimKind::kEval, kCi);
       },
       "Invalid claim eval: signed by 1 of its signers"},
      {"signer_of_other_kinds",
       [](Scenario& s) {
         s.Trust("auditor");
         s.Resign(ClaimKind::kEval, [](Json&) {}, kAuditor);
       },
       "is of auditor, who may not sign this kind"},
      {"folders_that_disagree",
       [](Scenario& s) {
         s.Trust("auditor");
         for (auto& [kind, rule] : s.trust.keys.claims) {
           rule.signers.insert("auditor");
         }
         SignRequest request;
         request.source_commit = std::string(40, 'c');
         s.more = {AuditorsFolder("disagrees", request)};
       },
       "another statement than that of a folder before it"},
  };
}

TEST(VerifyClaimsTest, EveryTamperingIsRefusedByName) {
  const std::vector<Tampering> tamperings = Tamperings();
  EXPECT_GE(tamperings.size(), 60u);
  for (const Tampering& tampering : tamperings) {
    Scenario scenario;
    tampering.apply(scenario);
    const std::string faults = scenario.Check();
    EXPECT_TRUE(absl::StrContains(faults, tampering.fault))
        << tampering.name << ": expected \"" << tampering.fault
        << "\", found:\n"
        << faults;
  }
}

}  // namespace
}  // namespace pedigree
