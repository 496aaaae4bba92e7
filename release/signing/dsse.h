// DSSE 1.0.2, "Dead Simple Signing Envelope": what is signed, and the JSON form
// that carries it. https://github.com/secure-systems-lab/dsse
// Specification: docs/formats/claims.md, "Envelopes".

#ifndef PEDIGREE_RELEASE_SIGNING_DSSE_H_
#define PEDIGREE_RELEASE_SIGNING_DSSE_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "release/signing/keys.h"
#include "runtime/base/json.h"

namespace pedigree {

inline constexpr std::string_view kInTotoPayloadType =
    "application/vnd.in-toto+json";

// Limits on envelopes from outside. A payload lists at most the files of one
// packet; Ed25519 signatures have 64 bytes, P-256 ones at most 72.
inline constexpr size_t kMaxPayloadBytes = size_t{16} << 20;
inline constexpr size_t kMaxEnvelopeBytes = size_t{24} << 20;
inline constexpr size_t kMaxSignatures = 32;
inline constexpr size_t kMaxSignatureBytes = 1024;

struct DsseSignature {
  // A hint only; empty for none.
  std::string key_id;
  std::string signature;
};

struct DsseEnvelope {
  std::string payload_type;
  std::string payload;
  std::vector<DsseSignature> signatures;
};

// The bytes that are signed: "DSSEv1", type and payload, each with its length.
std::string PreAuthEncoding(std::string_view payload_type,
                            std::string_view payload);

// The envelope as JSON, standard base64. `keyid` is left out where it is empty.
Json EnvelopeToJson(const DsseEnvelope& envelope);

// Reads an envelope. Members that DSSE does not know are ignored. Base64 is
// standard or URL-safe, padded, and the one text of its bytes.
//
// `what` names the envelope in errors. Errors: kInvalidArgument;
// kResourceExhausted for one past the limits above.
absl::StatusOr<DsseEnvelope> EnvelopeFromJson(const Json& json,
                                              std::string_view what);
absl::StatusOr<DsseEnvelope> ParseEnvelope(std::string_view text,
                                           std::string_view what);

// The ids of those of `keys` that signed the envelope: each counts once,
// however often it signed, and signatures of other keys are passed over.
std::set<std::string> ValidSigners(const DsseEnvelope& envelope,
                                   const std::vector<PublicKey>& keys);

// Base64 as above.
std::string EncodeBase64(std::string_view bytes);
absl::StatusOr<std::string> DecodeBase64(std::string_view text,
                                         std::string_view what);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_SIGNING_DSSE_H_
