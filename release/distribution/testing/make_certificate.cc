// make_certificate CERT KEY: writes a self-signed certificate for 127.0.0.1, which
// is its own authority, and its key, both as PEM.

#include <cstdio>

#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/x509v3.h"
#include "runtime/base/check.h"

namespace {

void AddExtension(X509* certificate, int kind, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
  PEDIGREE_CHECK(extension != nullptr);
  PEDIGREE_CHECK(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

X509* SelfSigned(EVP_PKEY* key) {
  X509* certificate = X509_new();
  PEDIGREE_CHECK(certificate != nullptr);
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 24 * 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(
      name, "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>("test registry"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  AddExtension(certificate, NID_subject_alt_name, "IP:127.0.0.1");
  AddExtension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  PEDIGREE_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
  return certificate;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  EVP_PKEY* key = EVP_EC_gen("P-256");
  PEDIGREE_CHECK(key != nullptr);
  X509* certificate = SelfSigned(key);
  std::FILE* file = std::fopen(argv[1], "w");
  PEDIGREE_CHECK(file != nullptr);
  PEDIGREE_CHECK(PEM_write_X509(file, certificate) == 1);
  PEDIGREE_CHECK(std::fclose(file) == 0);
  file = std::fopen(argv[2], "w");
  PEDIGREE_CHECK(file != nullptr);
  PEDIGREE_CHECK(PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr,
                                      nullptr) == 1);
  PEDIGREE_CHECK(std::fclose(file) == 0);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return 0;
}
