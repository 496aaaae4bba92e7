// A folder of signed claims: claims.intoto.jsonl, one DSSE envelope a line, and
// a Sigstore bundle of each. Specification: docs/formats/claims.md, "A folder of
// claims".

#ifndef PEDIGREE_RELEASE_CLAIMS_CLAIMS_DIRECTORY_H_
#define PEDIGREE_RELEASE_CLAIMS_CLAIMS_DIRECTORY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/signing/dsse.h"
#include "release/signing/keys.h"
#include "release/statements/claim_kind.h"
#include "release/statements/statement.h"
#include "runtime/base/sha256.h"

namespace pedigree {

inline constexpr std::string_view kClaimsFile = "claims.intoto.jsonl";
inline constexpr size_t kMaxClaimsBytes = size_t{64} << 20;
inline constexpr size_t kMaxClaims = 64;

// One claim, before anybody's signature is believed.
struct Claim {
  // "claim eval of DIR", for messages.
  std::string what;
  DsseEnvelope envelope;
  Statement statement;
  // SHA-256 of the envelope's line.
  Digest digest;
};

// Reads the folder. Whatever is wrong in it is appended to `faults`; a claim that
// can be read is returned all the same. A kind comes once; each claim has its
// bundle, of the same payload and one of the same signatures, and each bundle
// its claim; no other file is there.
//
// Errors: kNotFound or kInvalidArgument when `directory` is no folder.
absl::StatusOr<std::vector<Claim>> ReadClaims(const std::string& directory,
                                              std::vector<std::string>& faults);

// A claim to write.
struct SignedClaim {
  ClaimKind kind = ClaimKind::kEval;
  DsseEnvelope envelope;
};

// "eval.sigstore.json" and so on.
std::string BundleFileName(ClaimKind kind);

// Writes the new folder `out`, all or nothing. `key` is the one that signed.
absl::Status WriteClaims(const std::vector<SignedClaim>& claims,
                         const PublicKey& key, const std::string& out);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_CLAIMS_CLAIMS_DIRECTORY_H_
