#include "release/statements/statements.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "release/file_stream.h"
#include "release/printable.h"
#include "release/statements/statement.h"
#include "runtime/base/check.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/statistics.h"

namespace pedigree {
namespace {

using evaluator::Decision;
using evaluator::Sidecar;

Json Sha256Set(const Digest& digest) {
  return Json::object({{"sha256", digest.Hex()}});
}

// A resource descriptor.
Json Resource(std::string_view name, const Digest& digest) {
  return Json::object({{"digest", Sha256Set(digest)}, {"name", name}});
}

Json MakeStatementJson(ClaimKind kind, Json subjects, Json predicate) {
  return Json::object({{"_type", kStatementType},
                       {"predicate", std::move(predicate)},
                       {"predicateType", PredicateType(kind)},
                       {"subject", std::move(subjects)}});
}

// The packet, and each file of the model as `sha256sum` names it.
Json Subjects(const StatementParts& parts) {
  Json subjects = Json::array({Resource(kPacketSubject, parts.packet)});
  for (const Layer& layer : parts.layers) {
    if (layer.kind == LayerKind::kModel || layer.kind == LayerKind::kAdapter) {
      subjects.push_back(Resource(layer.file_path, layer.digest));
    }
  }
  return subjects;
}

// The layers of `kinds`, in the packet's order.
void AddLayers(const StatementParts& parts, const std::set<LayerKind>& kinds,
               Json& resources) {
  for (const Layer& layer : parts.layers) {
    if (kinds.count(layer.kind) == 0) continue;
    resources.push_back(Resource(layer.file_path, layer.digest));
  }
}

// A digest that a record names.
absl::Status AddRecorded(std::string_view name, const std::string& digest,
                         Json& resources) {
  const absl::StatusOr<Digest> parsed = ParseDigest(digest);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid packet: digest of ", Printable(name, 120), " is \"",
        Printable(digest, 80), "\" (expected sha256:<64 hex>)"));
  }
  resources.push_back(Resource(name, *parsed));
  return absl::OkStatus();
}

absl::StatusOr<Json> Dependencies(const StatementParts& parts) {
  Json resources = Json::array();
  if (!parts.record.inputs_digest().empty()) {
    PEDIGREE_RETURN_IF_ERROR(
        AddRecorded("inputs", parts.record.inputs_digest(), resources));
  }
  for (size_t i = 0; i < parts.contents.ancestors.size(); ++i) {
    PEDIGREE_RETURN_IF_ERROR(AddRecorded(
        absl::StrCat("ancestors/", i),
        parts.contents.ancestors[i].record.artifact_digest(), resources));
  }
  AddLayers(parts,
            {LayerKind::kSuite, LayerKind::kBaseline, LayerKind::kPolicy,
             LayerKind::kLicense},
            resources);
  for (const release::ToolchainPin& pin : parts.record.toolchain_pins()) {
    PEDIGREE_RETURN_IF_ERROR(AddRecorded(absl::StrCat("toolchain/", pin.name()),
                                         pin.tree_digest(), resources));
    resources.back()["annotations"] = Json::object({{"version", pin.version()}});
  }
  return resources;
}

absl::StatusOr<Json> Provenance(const StatementParts& parts) {
  PEDIGREE_ASSIGN_OR_RETURN(Json dependencies, Dependencies(parts));
  Json byproducts = Json::array();
  AddLayers(parts,
            {LayerKind::kSidecar, LayerKind::kScorecard, LayerKind::kDecision,
             LayerKind::kDiagnostics},
            byproducts);
  Json targets = Json::array();
  for (const release::Runtime& runtime : parts.record.runtimes()) {
    targets.push_back(runtime.target());
  }
  Json definition = Json::object(
      {{"buildType", kBuildType},
       {"externalParameters",
        Json::object({{"name", parts.record.name()},
                      {"version", parts.record.version()}})},
       {"internalParameters",
        Json::object({{"numericsVersion", parts.record.numerics_version()},
                      {"runtimeTargets", std::move(targets)}})},
       {"resolvedDependencies", std::move(dependencies)}});
  Json details =
      Json::object({{"builder", Json::object({{"id", kBuilderId}})},
                    {"byproducts", std::move(byproducts)}});
  return MakeStatementJson(
      ClaimKind::kProvenance, Subjects(parts),
      Json::object({{"buildDefinition", std::move(definition)},
                    {"runDetails", std::move(details)}}));
}

// A case that failed within what the policy bears is a warning: the test-result
// predicate's "failed" would contradict its result.
Json TestResult(const StatementParts& parts) {
  Json passed = Json::array();
  Json tolerated = Json::array();
  for (const SidecarBlob& sidecar : parts.contents.sidecars) {
    const Sidecar& record = sidecar.evidence.record;
    for (const evaluator::CaseResult& result : record.cases()) {
      Json& list = result.passed() ? passed : tolerated;
      list.push_back(absl::StrCat(record.suite().name(), "/", result.id()));
    }
  }
  const bool promoted =
      parts.contents.decision.record.verdict() == "PASS";
  std::string result = tolerated.empty() ? "PASSED" : "WARNED";
  if (!promoted) result = "FAILED";
  Json configuration = Json::array();
  AddLayers(parts,
            {LayerKind::kSuite, LayerKind::kPolicy, LayerKind::kBaseline,
             LayerKind::kRuntime},
            configuration);
  return MakeStatementJson(
      ClaimKind::kTestResult, Subjects(parts),
      Json::object({{"configuration", std::move(configuration)},
                    {"failedTests", promoted ? Json::array() : tolerated},
                    {"passedTests", std::move(passed)},
                    {"result", std::move(result)},
                    {"warnedTests", promoted ? tolerated : Json::array()}}));
}

// The digest that a record names, as a DigestSet.
absl::StatusOr<Json> RecordedSet(const std::string& digest) {
  PEDIGREE_ASSIGN_OR_RETURN(const Digest parsed, ParseDigest(digest));
  return Sha256Set(parsed);
}

// Every case of a run: id, verdict, tokens.
Digest CasesDigest(const Sidecar& sidecar) {
  const absl::StatusOr<Json> json =
      ParseJson(CanonicalRecord(sidecar), "sidecar");
  PEDIGREE_CHECK(json.ok());
  return Sha256(CanonicalJson((*json)["cases"]));
}

const evaluator::SuiteResult* ResultOf(const Decision& decision,
                                       const std::string& suite) {
  for (const evaluator::SuiteResult& result : decision.suites()) {
    if (result.suite() == suite) return &result;
  }
  return nullptr;
}

// The evidence that the gate compared the suite's with.
const SidecarBlob* BaselineOf(const StatementParts& parts,
                              const std::string& suite_digest) {
  for (const SidecarBlob& baseline : parts.contents.baselines) {
    if (baseline.evidence.record.suite().digest() == suite_digest) {
      return &baseline;
    }
  }
  return nullptr;
}

bool HasReason(const Decision& decision, const std::string& suite) {
  return std::any_of(
      decision.reasons().begin(), decision.reasons().end(),
      [&](const evaluator::Reason& reason) { return reason.suite() == suite; });
}

// What the gate found by comparing with `baseline`.
void AddComparison(const Sidecar& sidecar, const SidecarBlob& baseline,
                   const evaluator::SuiteResult& result, Json& json) {
  const Sidecar& base = baseline.evidence.record;
  json["baseline"] =
      Json::object({{"assemblyDigest", base.assembly_digest()},
                    {"digest", Sha256Set(baseline.blob.digest)},
                    {"observed", base.pass_rate()}});
  const std::optional<int64_t> now = ParseMillionths(sidecar.pass_rate());
  const std::optional<int64_t> before = ParseMillionths(base.pass_rate());
  if (now.has_value() && before.has_value()) {
    json["delta"] = FormatSignedMillionths(*now - *before);
  }
  if (!result.p_value().empty()) {
    json["pairedTest"] = Json::object({{"method", "exact-mcnemar-one-sided"},
                                       {"pValue", result.p_value()}});
  }
}

absl::StatusOr<Json> EvalSuite(const StatementParts& parts,
                               const SidecarBlob& sidecar) {
  const Sidecar& record = sidecar.evidence.record;
  const Decision& decision = parts.contents.decision.record;
  const std::string& name = record.suite().name();
  PEDIGREE_ASSIGN_OR_RETURN(Json suite_digest,
                            RecordedSet(record.suite().digest()));
  Json json = Json::object(
      {{"cases", absl::StrCat(record.totals().cases())},
       {"digest", std::move(suite_digest)},
       {"failed", absl::StrCat(record.totals().failed())},
       {"interval", Json::object({{"level", record.interval().level()},
                                  {"lower", record.interval().lower()},
                                  {"method", record.interval().method()},
                                  {"upper", record.interval().upper()}})},
       {"name", name},
       {"notRun", absl::StrCat(record.totals().not_run())},
       {"observed", record.pass_rate()},
       {"passed", absl::StrCat(record.totals().passed())},
       {"perCaseDigest", Sha256Set(CasesDigest(record))},
       {"result", HasReason(decision, name) ? "FAILED" : "PASSED"},
       {"resultDigest", Sha256Set(sidecar.blob.digest)},
       {"version", record.suite().version()}});
  const std::string& bits_per_byte = record.totals().bits_per_byte();
  if (!bits_per_byte.empty()) json["bitsPerByte"] = bits_per_byte;
  const evaluator::SuiteResult* result = ResultOf(decision, name);
  if (result == nullptr) return json;
  if (!result->min_pass_rate().empty()) {
    json["threshold"] = result->min_pass_rate();
  }
  const SidecarBlob* baseline = BaselineOf(parts, record.suite().digest());
  if (baseline != nullptr) AddComparison(record, *baseline, *result, json);
  return json;
}

absl::StatusOr<Json> Eval(const StatementParts& parts) {
  const Decision& decision = parts.contents.decision.record;
  Json suites = Json::array();
  for (const SidecarBlob& sidecar : parts.contents.sidecars) {
    PEDIGREE_ASSIGN_OR_RETURN(Json suite, EvalSuite(parts, sidecar));
    suites.push_back(std::move(suite));
  }
  PEDIGREE_ASSIGN_OR_RETURN(Json policy_digest,
                            RecordedSet(decision.policy().digest()));
  Json runtimes = Json::array();
  AddLayers(parts, {LayerKind::kRuntime}, runtimes);
  Json evaluator = Json::object();
  if (!parts.contents.sidecars.empty()) {
    const evaluator::EvaluatorIdentity& identity =
        parts.contents.sidecars[0].evidence.record.evaluator();
    evaluator = Json::object(
        {{"name", identity.name()}, {"version", identity.version()}});
  }
  return MakeStatementJson(
      ClaimKind::kEval, Subjects(parts),
      Json::object(
          {{"claimLevel", decision.claim_level()},
           {"decision", Sha256Set(parts.contents.decision.blob.digest)},
           {"evaluator", std::move(evaluator)},
           {"numericsVersion", parts.record.numerics_version()},
           {"policy", Json::object({{"digest", std::move(policy_digest)},
                                    {"name", decision.policy().name()},
                                    {"version", decision.policy().version()}})},
           {"runtimes", std::move(runtimes)},
           {"suites", std::move(suites)},
           {"verdict", decision.verdict()}}));
}

// Of the files that `packet export` writes: OpenSSF Model Signing 1.0.
Json Oms(const StatementParts& parts) {
  std::map<std::string, Digest> files;
  for (const Layer& layer : parts.layers) {
    files[layer.file_path] = layer.digest;
  }
  Json resources = Json::array();
  for (const auto& [name, digest] : files) {
    resources.push_back(Json::object({{"algorithm", "sha256"},
                                      {"digest", digest.Hex()},
                                      {"name", name}}));
  }
  return MakeStatementJson(
      ClaimKind::kOms,
      Json::array({Resource(parts.record.name(), OmsRoot(files))}),
      Json::object({{"resources", std::move(resources)},
                    {"serialization",
                     Json::object({{"allow_symlinks", false},
                                   {"hash_type", "sha256"},
                                   {"method", "files"}})}}));
}

bool IsCommit(std::string_view text) {
  if (text.size() != 40 && text.size() != 64) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
  });
}

}  // namespace

Digest OmsRoot(const std::map<std::string, Digest>& files) {
  Sha256Stream root;
  for (const auto& [name, digest] : files) {
    root.Update(ByteSpan(digest.bytes.data(), digest.bytes.size()));
  }
  return root.Finish();
}

absl::StatusOr<Json> MakeStatement(ClaimKind kind,
                                   const StatementParts& parts) {
  switch (kind) {
    case ClaimKind::kEval:
      return Eval(parts);
    case ClaimKind::kOms:
      return Oms(parts);
    case ClaimKind::kProvenance:
      return Provenance(parts);
    case ClaimKind::kTestResult:
      return TestResult(parts);
    case ClaimKind::kVsa:
      break;
  }
  return absl::InternalError("no statement that follows from a packet alone");
}

absl::StatusOr<std::map<ClaimKind, std::string>> MakeStatements(
    const StatementParts& parts) {
  std::map<ClaimKind, std::string> statements;
  for (const ClaimKind kind : kPacketClaims) {
    PEDIGREE_ASSIGN_OR_RETURN(const Json json, MakeStatement(kind, parts));
    statements[kind] = CanonicalJson(json);
  }
  return statements;
}

std::string StatementFileName(ClaimKind kind) {
  return absl::StrCat(ClaimName(kind), ".json");
}

absl::Status AddSourceCommit(std::string_view commit, Json& provenance) {
  if (!IsCommit(commit)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid source commit: \"", Printable(commit, 80),
                     "\" (expected 40 or 64 lowercase hex digits)"));
  }
  Json& dependencies =
      provenance["predicate"]["buildDefinition"]["resolvedDependencies"];
  dependencies.insert(
      dependencies.begin(),
      Json::object({{"digest", Json::object({{"gitCommit", commit}})},
                    {"name", kSourceDependency}}));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> CheckStatements(
    const StatementParts& parts, const std::string& directory) {
  PEDIGREE_ASSIGN_OR_RETURN(const auto statements, MakeStatements(parts));
  std::vector<std::string> faults;
  std::set<std::string> names;
  for (const auto& [kind, text] : statements) {
    const std::string name = StatementFileName(kind);
    names.insert(name);
    const absl::StatusOr<std::string> found =
        ReadSmallFile(absl::StrCat(directory, "/", name), Links::kFollow,
                      kMaxStatementBytes);
    if (!found.ok()) {
      faults.push_back(absl::StrCat("Missing statement ", name));
    } else if (*found != text) {
      const absl::StatusOr<Json> json = ParseForeignJson(*found, name);
      const absl::StatusOr<Json> expected = ParseJson(text, name);
      PEDIGREE_CHECK(expected.ok());
      faults.push_back(absl::StrCat(
          "Invalid statement ", name, ": ",
          !json.ok() ? std::string(json.status().message())
                     : FindDisagreement(*json, *expected)
                           .value_or("says more than the packet does")));
    }
  }
  std::error_code error;
  std::set<std::string> others;
  for (std::filesystem::directory_iterator it(directory, error), end;
       !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (names.count(name) == 0) others.insert(name);
  }
  for (const std::string& name : others) {
    faults.push_back(absl::StrCat("Invalid statements: ", Printable(name, 120),
                                  " is no statement of a packet"));
  }
  return faults;
}

}  // namespace pedigree
