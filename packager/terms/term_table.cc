#include "packager/terms/term_table.h"

namespace pedigree {
namespace {

constexpr TermScale kScales[] = {
    // What licences ask.
    {"attribution", {"none", "notice"}},
    {"commercial_use", {"allowed", "forbidden"}},
    {"derivatives", {"allowed", "forbidden"}},
    {"share_alike", {"none", "same-licence"}},
    {"source", {"none", "distribution", "network"}},
    // What the data that a model was made of asks.
    {"confidentiality", {"public", "internal", "confidential", "restricted"}},
    {"personal_data", {"none", "pseudonymised", "personal"}},
    {"redistribution", {"allowed", "with-notice", "forbidden"}},
    // Of a licence that this table does not know.
    {"review", {"none", "needed"}},
};

constexpr std::string_view kFree[] = {"0BSD", "CC0-1.0", "MIT-0", "Unlicense"};

constexpr LicenseTerm kTerms[] = {
    {"AGPL-3.0-only", "attribution", "notice"},
    {"AGPL-3.0-only", "share_alike", "same-licence"},
    {"AGPL-3.0-only", "source", "network"},
    {"AGPL-3.0-or-later", "attribution", "notice"},
    {"AGPL-3.0-or-later", "share_alike", "same-licence"},
    {"AGPL-3.0-or-later", "source", "network"},
    {"Apache-2.0", "attribution", "notice"},
    {"BSD-2-Clause", "attribution", "notice"},
    {"BSD-3-Clause", "attribution", "notice"},
    {"BSL-1.0", "attribution", "notice"},
    {"CC-BY-3.0", "attribution", "notice"},
    {"CC-BY-4.0", "attribution", "notice"},
    {"CC-BY-NC-4.0", "attribution", "notice"},
    {"CC-BY-NC-4.0", "commercial_use", "forbidden"},
    {"CC-BY-NC-ND-4.0", "attribution", "notice"},
    {"CC-BY-NC-ND-4.0", "commercial_use", "forbidden"},
    {"CC-BY-NC-ND-4.0", "derivatives", "forbidden"},
    {"CC-BY-NC-SA-4.0", "attribution", "notice"},
    {"CC-BY-NC-SA-4.0", "commercial_use", "forbidden"},
    {"CC-BY-NC-SA-4.0", "share_alike", "same-licence"},
    {"CC-BY-ND-4.0", "attribution", "notice"},
    {"CC-BY-ND-4.0", "derivatives", "forbidden"},
    {"CC-BY-SA-3.0", "attribution", "notice"},
    {"CC-BY-SA-3.0", "share_alike", "same-licence"},
    {"CC-BY-SA-4.0", "attribution", "notice"},
    {"CC-BY-SA-4.0", "share_alike", "same-licence"},
    {"GPL-2.0-only", "attribution", "notice"},
    {"GPL-2.0-only", "share_alike", "same-licence"},
    {"GPL-2.0-only", "source", "distribution"},
    {"GPL-2.0-or-later", "attribution", "notice"},
    {"GPL-2.0-or-later", "share_alike", "same-licence"},
    {"GPL-2.0-or-later", "source", "distribution"},
    {"GPL-3.0-only", "attribution", "notice"},
    {"GPL-3.0-only", "share_alike", "same-licence"},
    {"GPL-3.0-only", "source", "distribution"},
    {"GPL-3.0-or-later", "attribution", "notice"},
    {"GPL-3.0-or-later", "share_alike", "same-licence"},
    {"GPL-3.0-or-later", "source", "distribution"},
    {"ISC", "attribution", "notice"},
    {"MIT", "attribution", "notice"},
    {"ODC-By-1.0", "attribution", "notice"},
    {"ODbL-1.0", "attribution", "notice"},
    {"ODbL-1.0", "share_alike", "same-licence"},
    {"Zlib", "attribution", "notice"},
};

// From the licences' own texts: later versions where "or later" is granted,
// CC BY-SA 4.0 for material of 3.0 (its section 4b) and GPL 3.0 for material
// of CC BY-SA 4.0 (declared compatible), AGPL 3.0 for material of GPL 3.0 (its
// section 13).
constexpr LicenseStep kSteps[] = {
    {"AGPL-3.0-or-later", "AGPL-3.0-only"},
    {"CC-BY-SA-3.0", "CC-BY-SA-4.0"},
    {"CC-BY-SA-4.0", "GPL-3.0-only"},
    {"GPL-2.0-or-later", "GPL-2.0-only"},
    {"GPL-2.0-or-later", "GPL-3.0-or-later"},
    {"GPL-3.0-only", "AGPL-3.0-only"},
    {"GPL-3.0-or-later", "AGPL-3.0-or-later"},
    {"GPL-3.0-or-later", "GPL-3.0-only"},
};

}  // namespace

absl::Span<const TermScale> TermScales() { return kScales; }
absl::Span<const LicenseTerm> LicenseTerms() { return kTerms; }
absl::Span<const std::string_view> FreeLicenses() { return kFree; }
absl::Span<const LicenseStep> LicenseSteps() { return kSteps; }

}  // namespace pedigree
