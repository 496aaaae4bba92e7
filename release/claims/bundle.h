// Sigstore bundles v0.3 in the form for plain keys: what cosign and
// model_signing read. Specification: docs/formats/claims.md, "Bundles".

#ifndef PEDIGREE_RELEASE_CLAIMS_BUNDLE_H_
#define PEDIGREE_RELEASE_CLAIMS_BUNDLE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "release/signing/dsse.h"

namespace pedigree {

inline constexpr std::string_view kBundleMediaType =
    "application/vnd.dev.sigstore.bundle.v0.3+json";

struct SigstoreBundle {
  // Which key to look for; decides nothing.
  std::string hint;
  DsseEnvelope envelope;
};

// The canonical JSON.
std::string WriteBundle(const SigstoreBundle& bundle);

// Reads a bundle. Its key sets are closed, but for DSSE's own; a list of log
// entries may be there when it is empty; the envelope has exactly one signature.
//
// Errors: as ParseEnvelope, and kUnimplemented for one with a certificate or log
// entries, which no offline check here covers.
absl::StatusOr<SigstoreBundle> ParseBundle(std::string_view text,
                                           std::string_view what);

// What model_signing looks for as the hint: SHA-256 of the key's PEM, in hex.
std::string OmsKeyHint(const PublicKey& key);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_CLAIMS_BUNDLE_H_
