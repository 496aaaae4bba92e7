#include "release/claims/bundle.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "release/printable.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr const char* kOtherMaterial[] = {"certificate", "x509CertificateChain",
                                          "tlogEntries",
                                          "timestampVerificationData"};

// model_signing writes a list of log entries without any.
bool IsEmptyList(const Json& value) {
  return value.is_array() && value.empty();
}

absl::StatusOr<std::string> ReadHint(const Json& material,
                                     const std::string& what) {
  for (const char* key : kOtherMaterial) {
    if (!material.contains(key) || IsEmptyList(material[key])) continue;
    return absl::UnimplementedError(
        absl::StrCat("Unsupported ", what, ": verificationMaterial has \"", key,
                     "\" (this build reads bundles of plain keys)"));
  }
  const std::string material_what = absl::StrCat(what, " verificationMaterial");
  JsonObjectReader reader(material, material_what);
  const Json& key = reader.Object("publicKey");
  if (reader.Has("tlogEntries")) reader.Array("tlogEntries");
  PEDIGREE_RETURN_IF_ERROR(reader.Finish());
  JsonObjectReader key_reader(key, absl::StrCat(material_what, " publicKey"));
  std::string hint = key_reader.String("hint");
  PEDIGREE_RETURN_IF_ERROR(key_reader.Finish());
  return hint;
}

}  // namespace

std::string WriteBundle(const SigstoreBundle& bundle) {
  Json material = Json::object(
      {{"publicKey", Json::object({{"hint", bundle.hint}})}});
  return CanonicalJson(
      Json::object({{"dsseEnvelope", EnvelopeToJson(bundle.envelope)},
                    {"mediaType", kBundleMediaType},
                    {"verificationMaterial", std::move(material)}}));
}

absl::StatusOr<SigstoreBundle> ParseBundle(std::string_view text,
                                           std::string_view what) {
  if (text.size() > kMaxEnvelopeBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("Invalid ", what, ": ", text.size(),
                     " bytes (expected at most ", kMaxEnvelopeBytes, ")"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseForeignJson(text, what));
  const std::string name(what);
  JsonObjectReader reader(json, name);
  const std::string media_type = reader.String("mediaType");
  const Json& material = reader.Object("verificationMaterial");
  const Json& envelope = reader.Object("dsseEnvelope");
  PEDIGREE_RETURN_IF_ERROR(reader.Finish());
  if (media_type != kBundleMediaType) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid ", what, ": mediaType is \"", Printable(media_type, 120),
        "\" (expected \"", kBundleMediaType, "\")"));
  }
  SigstoreBundle bundle;
  PEDIGREE_ASSIGN_OR_RETURN(bundle.hint, ReadHint(material, name));
  PEDIGREE_ASSIGN_OR_RETURN(bundle.envelope, EnvelopeFromJson(envelope, what));
  if (bundle.envelope.signatures.size() == 1) return bundle;
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid ", what, ": ", bundle.envelope.signatures.size(),
                   " signatures (expected 1)"));
}

std::string OmsKeyHint(const PublicKey& key) { return Sha256(key.pem()).Hex(); }

}  // namespace pedigree
