#include "release/signing/signer.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "release/signing/program.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {

absl::StatusOr<std::string> KeySigner::Sign(std::string_view payload_type,
                                            std::string_view payload) {
  return key_.Sign(PreAuthEncoding(payload_type, payload));
}

std::string SigningRequest(std::string_view payload_type,
                           std::string_view payload, const PublicKey& key) {
  return CanonicalJson(
      {{"algorithm", KeyAlgorithmName(key.algorithm())},
       {"key_id", key.id()},
       {"pae", EncodeBase64(PreAuthEncoding(payload_type, payload))},
       {"payload", EncodeBase64(payload)},
       {"payload_type", payload_type},
       {"schema_version", "pedigree.signing_request.v1"}});
}

absl::StatusOr<std::string> ProgramSigner::Sign(std::string_view payload_type,
                                                std::string_view payload) {
  HelperLimits limits;
  limits.time = time_limit_;
  limits.output_bytes = 2 * kMaxSignatureBytes;
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string output,
      RunProgram(program_, SigningRequest(payload_type, payload, public_key_),
                 limits));
  absl::StatusOr<std::string> signature =
      DecodeBase64(absl::StripTrailingAsciiWhitespace(output),
                   "signature on its standard output");
  if (!signature.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "Signer ", program_, " failed: ", signature.status().message()));
  }
  if (!public_key_.Verify(PreAuthEncoding(payload_type, payload), *signature)) {
    return absl::FailedPreconditionError(
        absl::StrCat("Signer ", program_, " failed: its signature is not of key ",
                     public_key_.id(), ", which --public-key names"));
  }
  return signature;
}

absl::StatusOr<DsseEnvelope> SignEnvelope(std::string_view payload_type,
                                          std::string_view payload,
                                          Signer& signer) {
  PEDIGREE_ASSIGN_OR_RETURN(std::string signature,
                            signer.Sign(payload_type, payload));
  DsseEnvelope envelope;
  envelope.payload_type = payload_type;
  envelope.payload = payload;
  envelope.signatures.push_back(
      {signer.public_key().id(), std::move(signature)});
  return envelope;
}

}  // namespace pedigree
