#include "release/reproduction/reproduction.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "release/printable.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr size_t kHexDigits = 64;
constexpr size_t kMaxPathBytes = 4096;
// The rest stands in the statement.
constexpr size_t kShownDifferences = 20;

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c <= '~'; });
}

absl::StatusOr<std::pair<std::string, Digest>> ParseLine(
    std::string_view line) {
  const std::string_view path =
      line.size() > kHexDigits ? line.substr(kHexDigits) : "";
  if (path.size() < 3 || path.size() > kMaxPathBytes + 2 ||
      path.substr(0, 2) != "  " || !IsPrintable(path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", Printable(line, 100),
                     "\" (expected 64 hex digits, two spaces and a path)"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const Digest digest,
      ParseDigest(absl::StrCat("sha256:", line.substr(0, kHexDigits))));
  return std::make_pair(std::string(path.substr(2)), digest);
}

absl::Status LineError(std::string_view what, size_t line,
                       std::string_view fault) {
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid list of artifacts: ", fault, ", ", what, " line ", line));
}

std::optional<Digest> Find(const ArtifactList& list, const std::string& path) {
  const auto found = list.find(path);
  if (found == list.end()) return std::nullopt;
  return found->second;
}

std::string Name(const std::optional<Digest>& digest) {
  return digest.has_value() ? digest->ToString() : "none";
}

Json DigestSet(const Digest& digest) { return {{"sha256", digest.Hex()}}; }

Json DifferenceToJson(const ArtifactDifference& difference) {
  Json json = {{"artifact", difference.path}};
  if (difference.first) json["first"] = DigestSet(*difference.first);
  if (difference.second) json["second"] = DigestSet(*difference.second);
  return json;
}

}  // namespace

absl::StatusOr<ArtifactList> ParseArtifactList(std::string_view text,
                                               std::string_view what) {
  ArtifactList list;
  size_t number = 0;
  for (std::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    // After the last line's end.
    if (line.empty() && line.data() == text.data() + text.size()) break;
    auto artifact = ParseLine(line);
    if (!artifact.ok()) {
      return LineError(what, number, artifact.status().message());
    }
    if (!list.insert(*std::move(artifact)).second) {
      return LineError(what, number, "a path that is there already");
    }
  }
  if (list.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid list of artifacts: is empty, ", what));
  }
  return list;
}

absl::StatusOr<ReproductionAxis> ParseAxis(std::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '=');
  if (parts.size() != 3 || parts[0].empty() || !IsPrintable(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid axis: \"", Printable(text, 100),
                     "\" (expected NAME=FIRST=SECOND)"));
  }
  if (parts[1] == parts[2]) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid axis: ", parts[0], " is \"", parts[1],
                     "\" in both builds (expected two values)"));
  }
  return ReproductionAxis{parts[0], parts[1], parts[2]};
}

std::vector<ArtifactDifference> CompareArtifacts(const ArtifactList& first,
                                                 const ArtifactList& second) {
  ArtifactList all = first;
  all.insert(second.begin(), second.end());
  std::vector<ArtifactDifference> differences;
  for (const auto& [path, any] : all) {
    const std::optional<Digest> a = Find(first, path);
    const std::optional<Digest> b = Find(second, path);
    if (a != b) differences.push_back({path, a, b});
  }
  return differences;
}

std::string DescribeReproduction(const Reproduction& reproduction) {
  std::string out;
  for (const ReproductionAxis& axis : reproduction.axes) {
    absl::StrAppend(&out, axis.name, ": ", axis.first, " and ", axis.second,
                    "\n");
  }
  const auto& differences = reproduction.differences;
  absl::StrAppend(&out, reproduction.first.size(), " artifacts, ",
                  differences.size(), " differ\n");
  const size_t shown = std::min(differences.size(), kShownDifferences);
  for (size_t i = 0; i < shown; ++i) {
    absl::StrAppend(&out, "differs: ", differences[i].path, ": ",
                    Name(differences[i].first), " and ",
                    Name(differences[i].second), "\n");
  }
  if (differences.size() > shown) {
    absl::StrAppend(&out, "and ", differences.size() - shown, " more\n");
  }
  for (const std::string& cause : reproduction.causes) {
    absl::StrAppend(&out, "cause: ", Printable(cause), "\n");
  }
  return absl::StrCat(out, "reproduction: ",
                      reproduction.reproduced() ? "REPRODUCED" : "DIFFERS",
                      "\n");
}

Json ReproductionStatement(const Reproduction& reproduction) {
  Json axes = Json::array();
  for (const ReproductionAxis& axis : reproduction.axes) {
    axes.push_back(
        {{"first", axis.first}, {"name", axis.name}, {"second", axis.second}});
  }
  Json differences = Json::array();
  for (const ArtifactDifference& difference : reproduction.differences) {
    differences.push_back(DifferenceToJson(difference));
  }
  Json causes = Json::array();
  for (const std::string& cause : reproduction.causes) {
    causes.push_back(Printable(cause));
  }
  Json subjects = Json::array();
  for (const auto& [path, digest] : reproduction.first) {
    subjects.push_back({{"digest", DigestSet(digest)}, {"name", path}});
  }
  return {{"_type", "https://in-toto.io/Statement/v1"},
          {"predicate",
           {{"axes", std::move(axes)},
            {"causes", std::move(causes)},
            {"differences", std::move(differences)},
            {"verdict", reproduction.reproduced() ? "REPRODUCED" : "DIFFERS"}}},
          {"predicateType", kReproductionPredicateType},
          {"subject", std::move(subjects)}};
}

}  // namespace pedigree
