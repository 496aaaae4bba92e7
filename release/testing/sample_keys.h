// Keys for tests, all published, so that nobody takes them for real ones: two
// of RFC 8032's Ed25519 test vectors, one of RFC 6979's ECDSA test vectors, and
// the P-256 key of the DSSE specification's example.

#ifndef PEDIGREE_RELEASE_TESTING_SAMPLE_KEYS_H_
#define PEDIGREE_RELEASE_TESTING_SAMPLE_KEYS_H_

#include <string_view>

#include "release/signing/keys.h"

namespace pedigree {

// RFC 8032, section 7.1, tests 1 and 2.
extern const std::string_view kEd25519PrivatePem;
extern const std::string_view kEd25519PublicPem;
extern const std::string_view kOtherEd25519PrivatePem;
// RFC 6979, appendix A.2.5.
extern const std::string_view kP256PrivatePem;
extern const std::string_view kP256PublicPem;
// DSSE, protocol.md, "Test Vectors".
extern const std::string_view kDssePrivatePem;

// A key that is known to be good.
PrivateKey SampleKey(std::string_view private_pem);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_TESTING_SAMPLE_KEYS_H_
