#include "release/rederive/report.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "release/printable.h"

namespace pedigree {
namespace {

// The rest stands in the report.
constexpr size_t kShownDivergences = 8;

bool CouldNotRun(const Rederivation& rederivation) {
  return rederivation.verdict == RederiveVerdict::kCouldNotRun;
}

Json DivergencesToJson(const std::vector<Divergence>& divergences) {
  Json list = Json::array();
  for (const Divergence& divergence : divergences) {
    list.push_back(DivergenceToJson(divergence));
  }
  return list;
}

Json FailureToJson(const Rederivation& rederivation) {
  if (!CouldNotRun(rederivation)) return nullptr;
  return {{"kind", rederivation.failure.kind},
          {"log_tail", rederivation.failure.log_tail},
          {"reason", rederivation.failure.reason}};
}

Json DigestSet(const Digest& digest) { return {{"sha256", digest.Hex()}}; }

void AppendDivergences(const Rederivation& rederivation, std::string& out) {
  const auto& divergences = rederivation.divergences;
  const size_t shown = std::min(divergences.size(), kShownDivergences);
  for (size_t i = 0; i < shown; ++i) {
    absl::StrAppend(&out, i == 0 ? "first divergence: " : "also: ",
                    divergences[i].artifact, ": ", divergences[i].what, "\n");
  }
  if (divergences.size() > shown) {
    absl::StrAppend(&out, "and ", divergences.size() - shown, " more\n");
  }
}

void AppendFailure(const BuildFailure& failure, std::string& out) {
  for (const std::string& line : failure.log_tail) {
    absl::StrAppend(&out, "  | ", line, "\n");
  }
  absl::StrAppend(&out, "reason: ", failure.kind, ": ", failure.reason, "\n");
}

}  // namespace

std::string DescribeRederivation(const Rederivation& rederivation) {
  std::string out =
      absl::StrCat("packet ", rederivation.packet_digest.ToString(), " ",
                   Printable(rederivation.packet_name), " ",
                   Printable(rederivation.packet_version), "\nsource ",
                   rederivation.source_digest.ToString(), ", ",
                   rederivation.source_files, " files\n");
  for (const std::string& note : rederivation.source_notes) {
    absl::StrAppend(&out, "source differs: ", note, "\n");
  }
  if (rederivation.rebuilt_digest.has_value()) {
    absl::StrAppend(&out, "rebuilt ", rederivation.rebuilt_digest->ToString(),
                    ", ", rederivation.blobs, " blobs compared, ",
                    rederivation.divergences.size(), " differ\n");
  }
  if (rederivation.action_cache != "none") {
    absl::StrAppend(&out, "cached results of earlier builds were allowed\n");
  }
  AppendDivergences(rederivation, out);
  if (CouldNotRun(rederivation)) AppendFailure(rederivation.failure, out);
  return absl::StrCat(
      out, "rederive: ", RederiveVerdictName(rederivation.verdict), "\n");
}

Json RederivationToJson(const Rederivation& rederivation) {
  const auto& rebuilt = rederivation.rebuilt_digest;
  return {{"action_cache", rederivation.action_cache},
          {"blobs", absl::StrCat(rederivation.blobs)},
          {"could_not_run", FailureToJson(rederivation)},
          {"divergences", DivergencesToJson(rederivation.divergences)},
          {"packet",
           {{"digest", rederivation.packet_digest.ToString()},
            {"inputs_digest", rederivation.inputs_digest},
            {"name", rederivation.packet_name},
            {"version", rederivation.packet_version}}},
          {"rebuilt_digest", rebuilt.has_value() ? rebuilt->ToString() : ""},
          {"schema_version", kRederivationSchema},
          {"source",
           {{"digest", rederivation.source_digest.ToString()},
            {"expected_commit", rederivation.expected_commit},
            {"expected_digest", rederivation.expected_source},
            {"files", absl::StrCat(rederivation.source_files)},
            {"inputs_digest", rederivation.source_inputs_digest},
            {"notes", rederivation.source_notes}}},
          {"target", rederivation.target},
          {"verdict", RederiveVerdictName(rederivation.verdict)}};
}

Json RederivationStatement(const Rederivation& rederivation) {
  Json source = {{"digest", DigestSet(rederivation.source_digest)},
                 {"notes", rederivation.source_notes}};
  if (!rederivation.source_inputs_digest.empty()) {
    source["inputsDigest"] = rederivation.source_inputs_digest;
  }
  Json predicate = {{"actionCache", rederivation.action_cache},
                    {"source", std::move(source)},
                    {"target", rederivation.target},
                    {"verdict", RederiveVerdictName(rederivation.verdict)}};
  if (rederivation.rebuilt_digest.has_value()) {
    predicate["rebuilt"] = {
        {"digest", DigestSet(*rederivation.rebuilt_digest)}};
  }
  if (!rederivation.divergences.empty()) {
    predicate["firstDivergence"] =
        DivergenceToJson(rederivation.divergences.front());
    predicate["divergentBlobs"] = absl::StrCat(rederivation.divergences.size());
  }
  if (CouldNotRun(rederivation)) {
    predicate["reason"] = {{"detail", rederivation.failure.reason},
                           {"kind", rederivation.failure.kind}};
  }
  return {{"_type", "https://in-toto.io/Statement/v1"},
          {"predicate", std::move(predicate)},
          {"predicateType", kRederivationPredicateType},
          {"subject",
           Json::array({{{"digest", DigestSet(rederivation.packet_digest)},
                         {"name", rederivation.packet_name}}})}};
}

}  // namespace pedigree
