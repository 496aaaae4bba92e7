// Keys that sign and check claims: Ed25519 (RFC 8032) and ECDSA on P-256 with
// SHA-256, read from PEM. All arithmetic is OpenSSL's.
// Specification: docs/formats/claims.md, "Keys".

#ifndef PEDIGREE_RELEASE_SIGNING_KEYS_H_
#define PEDIGREE_RELEASE_SIGNING_KEYS_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// OpenSSL's EVP_PKEY, whose headers stay out of this one.
struct evp_pkey_st;

namespace pedigree {

// More than any key here needs; files that hold keys are read up to this.
inline constexpr size_t kMaxKeyBytes = 16384;

enum class KeyAlgorithm { kEd25519, kEcdsaP256 };

// "Ed25519" or "ECDSA P-256".
std::string_view KeyAlgorithmName(KeyAlgorithm algorithm);

// Checks signatures. Immutable; copies share the key.
class PublicKey {
 public:
  // Reads exactly one PEM block "PUBLIC KEY" (SubjectPublicKeyInfo, in the one
  // DER form that OpenSSL writes) and nothing else but white space behind it.
  // `what` names the text in errors.
  //
  // Errors: kInvalidArgument for what is no such PEM; kUnimplemented, which
  // names what was found, for another kind of PEM block, algorithm or curve.
  static absl::StatusOr<PublicKey> FromPem(std::string_view pem,
                                           std::string_view what);

  KeyAlgorithm algorithm() const { return algorithm_; }

  // SHA-256 of the SubjectPublicKeyInfo's DER, 64 lowercase hex digits.
  const std::string& id() const { return id_; }

  // The PEM block, of lines of 64 characters: equal keys give equal texts.
  const std::string& pem() const { return pem_; }

  // Whether `signature` is this key's over `message`: 64 bytes for Ed25519, an
  // ASN.1 DER `ECDSA-Sig-Value` over SHA-256 for P-256.
  bool Verify(std::string_view message, std::string_view signature) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) {
    return a.id_ == b.id_;
  }

 private:
  friend class PrivateKey;

  static absl::StatusOr<PublicKey> Create(std::shared_ptr<evp_pkey_st> key,
                                          std::string_view what);
  PublicKey() = default;

  std::shared_ptr<evp_pkey_st> key_;
  KeyAlgorithm algorithm_ = KeyAlgorithm::kEd25519;
  std::string id_;
  std::string der_;
  std::string pem_;
};

// Signs. Immutable; copies share the key.
class PrivateKey {
 public:
  // Reads exactly one PEM block "PRIVATE KEY" (PKCS#8, not encrypted). Errors
  // as PublicKey::FromPem.
  static absl::StatusOr<PrivateKey> FromPem(std::string_view pem,
                                            std::string_view what);

  const PublicKey& public_key() const { return public_key_; }

  // A signature in the form that PublicKey::Verify takes. Ed25519 signatures
  // are a function of key and message. ECDSA's are not: OpenSSL 3.0 draws their
  // nonces, and no public interface of it asks for those of RFC 6979.
  absl::StatusOr<std::string> Sign(std::string_view message) const;

 private:
  explicit PrivateKey(PublicKey public_key)
      : public_key_(std::move(public_key)) {}

  // Its `key_` holds the private part too.
  PublicKey public_key_;
};

// Read a key from a file. Errors: as FromPem, and those of reading a file; the
// message names the path.
absl::StatusOr<PublicKey> ReadPublicKey(const std::string& path);
absl::StatusOr<PrivateKey> ReadPrivateKey(const std::string& path);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_SIGNING_KEYS_H_
