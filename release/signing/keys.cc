#include "release/signing/keys.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr std::string_view kPublicBlock = "PUBLIC KEY";
constexpr std::string_view kPrivateBlock = "PRIVATE KEY";

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(PKCS8_PRIV_KEY_INFO* info) const {
    PKCS8_PRIV_KEY_INFO_free(info);
  }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// A configuration file of the machine could load engines and providers: what a
// key means must not depend on it.
void InitializeOpenSsl() {
  static const int initialized =
      OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  PEDIGREE_CHECK(initialized == 1);
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

absl::Status Invalid(std::string_view what, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("Invalid ", what, ": ", why));
}

// What stands between "-----BEGIN " and "-----", as far as it can be shown.
std::string BlockName(std::string_view name) {
  std::string shown(name.substr(0, 40));
  for (char& c : shown) {
    if (!absl::ascii_isprint(c)) c = '?';
  }
  return shown;
}

// The DER inside `pem`, which is one block of the name `expected`.
absl::StatusOr<std::string> DecodePem(std::string_view pem,
                                      std::string_view expected,
                                      std::string_view what) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  if (pem.size() > kMaxKeyBytes) {
    return Invalid(what, absl::StrCat(pem.size(), " bytes (expected at most ",
                                      kMaxKeyBytes, ")"));
  }
  if (!absl::StartsWith(pem, kBegin)) {
    return Invalid(what, "does not begin with a PEM block (expected "
                         "\"-----BEGIN ...\" at byte 0)");
  }
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) {
    return Invalid(what, "a PEM block that cannot be decoded");
  }
  const std::string found = BlockName(name);
  const bool has_header = *header != '\0';
  std::string der(reinterpret_cast<char*>(data), static_cast<size_t>(size));
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_clear_free(data, static_cast<size_t>(size));
  if (found != expected) {
    return absl::UnimplementedError(
        absl::StrCat("Unsupported ", what, ": PEM block \"", found,
                     "\" (this build reads \"", expected, "\")"));
  }
  if (has_header) return Invalid(what, "a PEM block with headers");
  char* rest = nullptr;
  const long rest_size = BIO_get_mem_data(bio.get(), &rest);
  if (!absl::StripAsciiWhitespace(
           std::string_view(rest, static_cast<size_t>(rest_size)))
           .empty()) {
    return Invalid(what, "text behind the PEM block");
  }
  return der;
}

// "RSA", "ED448", "EC on secp384r1".
std::string DescribeKey(const EVP_PKEY* key) {
  const char* name = EVP_PKEY_get0_type_name(key);
  char group[64] = "";
  size_t length = 0;
  if (EVP_PKEY_get_group_name(key, group, sizeof(group), &length) == 1) {
    return absl::StrCat(name, " on ", group);
  }
  return name == nullptr ? "unknown" : name;
}

std::optional<KeyAlgorithm> AlgorithmOf(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519")) return KeyAlgorithm::kEd25519;
  if (!EVP_PKEY_is_a(key, "EC")) return std::nullopt;
  char group[64] = "";
  size_t length = 0;
  if (EVP_PKEY_get_group_name(key, group, sizeof(group), &length) == 1 &&
      std::string_view(group) == "prime256v1") {
    return KeyAlgorithm::kEcdsaP256;
  }
  return std::nullopt;
}

std::string PublicDer(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return "";
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

std::string PublicPem(EVP_PKEY* key) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEDIGREE_CHECK(PEM_write_bio_PUBKEY(bio.get(), key) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

// Ed25519 hashes by itself.
const EVP_MD* HashOf(KeyAlgorithm algorithm) {
  return algorithm == KeyAlgorithm::kEcdsaP256 ? EVP_sha256() : nullptr;
}

std::shared_ptr<EVP_PKEY> Share(EVP_PKEY* key) {
  return std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free);
}

}  // namespace

std::string_view KeyAlgorithmName(KeyAlgorithm algorithm) {
  return algorithm == KeyAlgorithm::kEd25519 ? "Ed25519" : "ECDSA P-256";
}

absl::StatusOr<PublicKey> PublicKey::Create(std::shared_ptr<EVP_PKEY> key,
                                            std::string_view what) {
  const std::optional<KeyAlgorithm> algorithm = AlgorithmOf(key.get());
  if (!algorithm.has_value()) {
    return absl::UnimplementedError(
        absl::StrCat("Unsupported ", what, ": ", DescribeKey(key.get()),
                     " (this build reads Ed25519 and ECDSA P-256)"));
  }
  PublicKey result;
  result.algorithm_ = *algorithm;
  result.der_ = PublicDer(key.get());
  if (result.der_.empty()) return Invalid(what, "its public key is not there");
  result.id_ = Sha256(result.der_).Hex();
  result.pem_ = PublicPem(key.get());
  result.key_ = std::move(key);
  return result;
}

absl::StatusOr<PublicKey> PublicKey::FromPem(std::string_view pem,
                                             std::string_view what) {
  InitializeOpenSsl();
  PEDIGREE_ASSIGN_OR_RETURN(const std::string der,
                            DecodePem(pem, kPublicBlock, what));
  const unsigned char* cursor = Bytes(der);
  std::shared_ptr<EVP_PKEY> key =
      Share(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(der.size())));
  if (key == nullptr) {
    return Invalid(what, "no SubjectPublicKeyInfo of a known algorithm");
  }
  PEDIGREE_ASSIGN_OR_RETURN(PublicKey result, Create(std::move(key), what));
  // One key has one id: compressed points, explicit curves and bytes behind the
  // structure would give it others.
  if (result.der_ != der) {
    return Invalid(what, absl::StrCat("not in canonical DER form (",
                                      der.size(), " bytes, expected ",
                                      result.der_.size(), ")"));
  }
  return result;
}

bool PublicKey::Verify(std::string_view message,
                       std::string_view signature) const {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, HashOf(algorithm_),
                              nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(),
                          Bytes(message), message.size()) == 1;
}

absl::StatusOr<PrivateKey> PrivateKey::FromPem(std::string_view pem,
                                               std::string_view what) {
  InitializeOpenSsl();
  PEDIGREE_ASSIGN_OR_RETURN(std::string der,
                            DecodePem(pem, kPrivateBlock, what));
  const unsigned char* cursor = Bytes(der);
  const Owned<PKCS8_PRIV_KEY_INFO> info(d2i_PKCS8_PRIV_KEY_INFO(
      nullptr, &cursor, static_cast<long>(der.size())));
  const bool whole = cursor == Bytes(der) + der.size();
  std::shared_ptr<EVP_PKEY> key =
      Share(info == nullptr || !whole ? nullptr : EVP_PKCS82PKEY(info.get()));
  OPENSSL_cleanse(der.data(), der.size());
  if (key == nullptr) {
    return Invalid(what, "no PKCS#8 private key of a known algorithm");
  }
  PEDIGREE_ASSIGN_OR_RETURN(PublicKey result,
                            PublicKey::Create(std::move(key), what));
  // A private scalar beside another key's point would sign under a false name.
  const PrivateKey made(result);
  PEDIGREE_ASSIGN_OR_RETURN(const std::string signature, made.Sign("pair"));
  PEDIGREE_ASSIGN_OR_RETURN(const PublicKey published,
                            PublicKey::FromPem(result.pem_, what));
  if (published.Verify("pair", signature)) return made;
  return Invalid(what, "its private and public parts do not belong together");
}

absl::StatusOr<std::string> PrivateKey::Sign(std::string_view message) const {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  size_t size = 0;
  EVP_PKEY* key = public_key_.key_.get();
  bool good = EVP_DigestSignInit(context.get(), nullptr,
                                 HashOf(public_key_.algorithm_), nullptr,
                                 key) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, Bytes(message),
                             message.size()) == 1;
  std::string signature(size, '\0');
  good = good && EVP_DigestSign(
                     context.get(),
                     reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Bytes(message), message.size()) == 1;
  if (!good) {
    return absl::InternalError(
        absl::StrCat("Cannot sign with key ", public_key_.id()));
  }
  signature.resize(size);
  return signature;
}

absl::StatusOr<PublicKey> ReadPublicKey(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string pem, ReadFile(path, kMaxKeyBytes));
  return PublicKey::FromPem(pem, absl::StrCat("public key ", path));
}

absl::StatusOr<PrivateKey> ReadPrivateKey(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(std::string pem, ReadFile(path, kMaxKeyBytes));
  absl::StatusOr<PrivateKey> key =
      PrivateKey::FromPem(pem, absl::StrCat("private key ", path));
  OPENSSL_cleanse(pem.data(), pem.size());
  return key;
}

}  // namespace pedigree
