#include "packager/terms/terms.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/strings/str_cat.h"
#include "packager/terms/term_table.h"

namespace pedigree {
namespace {

std::optional<size_t> FindScale(std::string_view name) {
  for (size_t i = 0; i < TermScales().size(); ++i) {
    if (TermScales()[i].name == name) return i;
  }
  return std::nullopt;
}

std::optional<size_t> FindLevel(const TermScale& scale,
                                std::string_view name) {
  for (size_t i = 0; i < kMaxLevels && !scale.levels[i].empty(); ++i) {
    if (scale.levels[i] == name) return i;
  }
  return std::nullopt;
}

// "a, b or c".
std::string List(const std::vector<std::string_view>& names) {
  std::string list;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += i + 1 < names.size() ? ", " : " or ";
    absl::StrAppend(&list, names[i]);
  }
  return list;
}

std::string ScaleNames() {
  std::vector<std::string_view> names;
  for (const TermScale& scale : TermScales()) names.push_back(scale.name);
  return List(names);
}

std::string LevelNames(const TermScale& scale) {
  std::vector<std::string_view> names;
  for (const std::string_view level : scale.levels) {
    if (!level.empty()) names.push_back(level);
  }
  return List(names);
}

bool Contains(absl::Span<const std::string_view> names,
              std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsShareAlike(std::string_view license) {
  for (const LicenseTerm& term : LicenseTerms()) {
    if (term.license == license && term.scale == "share_alike") return true;
  }
  return false;
}

// Whether steps lead from the one licence to the other.
bool MayBecome(std::string_view from, std::string_view to) {
  if (from == to) return true;
  // The steps have no cycle, so this ends.
  for (const LicenseStep& step : LicenseSteps()) {
    if (step.from == from && MayBecome(step.to, to)) return true;
  }
  return false;
}

}  // namespace

Terms::Terms() : levels_(TermScales().size()) {}

absl::StatusOr<Terms> Terms::Parse(std::string_view text) {
  const size_t equals = text.find('=');
  const std::string_view scale_name = text.substr(0, equals);
  const std::optional<size_t> scale = FindScale(scale_name);
  if (equals == std::string_view::npos || !scale.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid restriction: \"", text,
                     "\" (expected SCALE=LEVEL, where SCALE is ", ScaleNames(),
                     ")"));
  }
  const TermScale& found = TermScales()[*scale];
  const std::optional<size_t> level =
      FindLevel(found, text.substr(equals + 1));
  if (!level.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid restriction: ", found.name, " is \"",
        text.substr(equals + 1), "\" (expected ", LevelNames(found), ")"));
  }
  Terms terms;
  terms.levels_[*scale] = *level;
  return terms;
}

Terms Terms::OfLicense(std::string_view spdx_id) {
  Terms terms;
  bool known = Contains(FreeLicenses(), spdx_id);
  for (const LicenseTerm& term : LicenseTerms()) {
    if (term.license != spdx_id) continue;
    known = true;
    const size_t scale = *FindScale(term.scale);
    terms.levels_[scale] = *FindLevel(TermScales()[scale], term.level);
  }
  if (!known) terms.levels_[*FindScale("review")] = 1;
  return terms;
}

absl::StatusOr<Terms> Terms::FromRecord(
    const google::protobuf::RepeatedPtrField<packager::Term>& record) {
  Terms terms;
  size_t next = 0;
  for (const packager::Term& term : record) {
    const std::optional<size_t> scale = FindScale(term.scale());
    const std::optional<size_t> level =
        scale.has_value() ? FindLevel(TermScales()[*scale], term.level())
                          : std::nullopt;
    if (!level.has_value() || *level == 0 || *scale < next) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid terms: \"", term.scale(), "\" is \"", term.level(),
          "\" (expected scales and levels of docs/formats/lineage.md, each "
          "once and in order, above the least)"));
    }
    terms.levels_[*scale] = *level;
    next = *scale + 1;
  }
  return terms;
}

google::protobuf::RepeatedPtrField<packager::Term> Terms::ToRecord() const {
  google::protobuf::RepeatedPtrField<packager::Term> record;
  for (size_t i = 0; i < levels_.size(); ++i) {
    if (levels_[i] == 0) continue;
    packager::Term* term = record.Add();
    term->set_scale(std::string(TermScales()[i].name));
    term->set_level(std::string(TermScales()[i].levels[levels_[i]]));
  }
  return record;
}

void Terms::Tighten(const Terms& other) {
  for (size_t i = 0; i < levels_.size(); ++i) {
    levels_[i] = std::max(levels_[i], other.levels_[i]);
  }
}

std::string Terms::WeakerThan(const Terms& other) const {
  for (size_t i = 0; i < levels_.size(); ++i) {
    const TermScale& scale = TermScales()[i];
    if (levels_[i] < other.levels_[i]) {
      return absl::StrCat(scale.name, " is ", scale.levels[levels_[i]],
                          " (expected ", scale.levels[other.levels_[i]], ")");
    }
  }
  return "";
}

bool Terms::ForbidDerivatives() const {
  return levels_[*FindScale("derivatives")] > 0;
}

absl::Status CheckLicensesTogether(const std::vector<std::string>& spdx_ids) {
  std::vector<std::string_view> alike;
  for (const std::string& license : spdx_ids) {
    if (IsShareAlike(license)) alike.push_back(license);
  }
  // The licence of the whole is one that all others allow.
  const auto allows_all = [&](std::string_view whole) {
    return std::all_of(alike.begin(), alike.end(), [&](std::string_view one) {
      return MayBecome(one, whole);
    });
  };
  if (alike.empty() || std::any_of(alike.begin(), alike.end(), allows_all)) {
    return absl::OkStatus();
  }
  for (const std::string_view a : alike) {
    for (const std::string_view b : alike) {
      if (MayBecome(a, b) || MayBecome(b, a)) continue;
      return absl::FailedPreconditionError(
          absl::StrCat("Licences don't go together: ", a, " and ", b,
                       " each ask that the whole be under them alone"));
    }
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "Licences don't go together: none of ", List(alike),
      " may be that of the whole"));
}

}  // namespace pedigree
