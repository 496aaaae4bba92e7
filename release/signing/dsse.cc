#include "release/signing/dsse.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::Status Invalid(std::string_view what, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("Invalid ", what, ": ", why));
}

absl::Status CheckLimit(std::string_view what, std::string_view part,
                        size_t found, size_t limit) {
  if (found <= limit) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "Invalid ", what, ": ", found, " ", part, " (expected at most ", limit,
      ")"));
}

// A member that must be a text.
absl::StatusOr<std::string> Text(const Json& json, const char* key,
                                 std::string_view what) {
  const auto member = json.find(key);
  if (member == json.end() || !member->is_string()) {
    return Invalid(what, absl::StrCat("\"", key, "\" is not a string"));
  }
  return member->get<std::string>();
}

absl::StatusOr<DsseSignature> SignatureFromJson(const Json& json,
                                                const std::string& what) {
  if (!json.is_object()) return Invalid(what, "not an object");
  DsseSignature signature;
  PEDIGREE_ASSIGN_OR_RETURN(const std::string sig, Text(json, "sig", what));
  PEDIGREE_RETURN_IF_ERROR(
      CheckLimit(what, "characters", sig.size(), 2 * kMaxSignatureBytes));
  PEDIGREE_ASSIGN_OR_RETURN(signature.signature, DecodeBase64(sig, what));
  if (json.contains("keyid")) {
    PEDIGREE_ASSIGN_OR_RETURN(signature.key_id, Text(json, "keyid", what));
  }
  return signature;
}

}  // namespace

std::string EncodeBase64(std::string_view bytes) {
  return absl::Base64Escape(bytes);
}

absl::StatusOr<std::string> DecodeBase64(std::string_view text,
                                         std::string_view what) {
  std::string standard(text);
  const bool url_safe = text.find_first_of("-_") != std::string_view::npos;
  if (url_safe && text.find_first_of("+/") == std::string_view::npos) {
    std::replace(standard.begin(), standard.end(), '-', '+');
    std::replace(standard.begin(), standard.end(), '_', '/');
  }
  std::string bytes;
  // The decoder passes over white space, missing padding and stray bits: only
  // the text that encoding gives is taken.
  if (absl::Base64Unescape(standard, &bytes) &&
      absl::Base64Escape(bytes) == standard) {
    return bytes;
  }
  return Invalid(what, "a text that is not padded base64");
}

std::string PreAuthEncoding(std::string_view payload_type,
                            std::string_view payload) {
  return absl::StrCat("DSSEv1 ", payload_type.size(), " ", payload_type, " ",
                      payload.size(), " ", payload);
}

Json EnvelopeToJson(const DsseEnvelope& envelope) {
  Json signatures = Json::array();
  for (const DsseSignature& signature : envelope.signatures) {
    Json entry = {{"sig", EncodeBase64(signature.signature)}};
    if (!signature.key_id.empty()) entry["keyid"] = signature.key_id;
    signatures.push_back(std::move(entry));
  }
  return {{"payload", EncodeBase64(envelope.payload)},
          {"payloadType", envelope.payload_type},
          {"signatures", std::move(signatures)}};
}

absl::StatusOr<DsseEnvelope> EnvelopeFromJson(const Json& json,
                                              std::string_view what) {
  if (!json.is_object()) return Invalid(what, "not an object");
  DsseEnvelope envelope;
  PEDIGREE_ASSIGN_OR_RETURN(envelope.payload_type,
                            Text(json, "payloadType", what));
  PEDIGREE_ASSIGN_OR_RETURN(const std::string payload,
                            Text(json, "payload", what));
  PEDIGREE_ASSIGN_OR_RETURN(
      envelope.payload,
      DecodeBase64(payload, absl::StrCat(what, " payload")));
  PEDIGREE_RETURN_IF_ERROR(CheckLimit(what, "bytes of payload",
                                      envelope.payload.size(),
                                      kMaxPayloadBytes));
  const auto signatures = json.find("signatures");
  if (signatures == json.end() || !signatures->is_array() ||
      signatures->empty()) {
    return Invalid(what, "\"signatures\" is not a list with an entry");
  }
  PEDIGREE_RETURN_IF_ERROR(
      CheckLimit(what, "signatures", signatures->size(), kMaxSignatures));
  for (size_t i = 0; i < signatures->size(); ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(
        DsseSignature signature,
        SignatureFromJson((*signatures)[i],
                          absl::StrCat(what, " signature ", i)));
    envelope.signatures.push_back(std::move(signature));
  }
  return envelope;
}

absl::StatusOr<DsseEnvelope> ParseEnvelope(std::string_view text,
                                           std::string_view what) {
  PEDIGREE_RETURN_IF_ERROR(
      CheckLimit(what, "bytes", text.size(), kMaxEnvelopeBytes));
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseForeignJson(text, what));
  return EnvelopeFromJson(json, what);
}

std::set<std::string> ValidSigners(const DsseEnvelope& envelope,
                                   const std::vector<PublicKey>& keys) {
  const std::string message =
      PreAuthEncoding(envelope.payload_type, envelope.payload);
  std::set<std::string> signers;
  for (const PublicKey& key : keys) {
    for (const DsseSignature& signature : envelope.signatures) {
      if (key.Verify(message, signature.signature)) signers.insert(key.id());
    }
  }
  return signers;
}

}  // namespace pedigree
