// Whoever signs: a key of this process, or a program that holds one (a token, a
// key management service) and is asked for each signature.
// Specification: docs/formats/claims.md, "External signers".

#ifndef PEDIGREE_RELEASE_SIGNING_SIGNER_H_
#define PEDIGREE_RELEASE_SIGNING_SIGNER_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "release/signing/dsse.h"
#include "release/signing/keys.h"

namespace pedigree {

class Signer {
 public:
  virtual ~Signer() = default;

  // The key whose signatures these are.
  virtual const PublicKey& public_key() const = 0;

  // Signs PreAuthEncoding(payload_type, payload).
  virtual absl::StatusOr<std::string> Sign(std::string_view payload_type,
                                           std::string_view payload) = 0;
};

// Signs with a key of this process.
class KeySigner final : public Signer {
 public:
  explicit KeySigner(PrivateKey key) : key_(std::move(key)) {}

  const PublicKey& public_key() const override { return key_.public_key(); }
  absl::StatusOr<std::string> Sign(std::string_view payload_type,
                                   std::string_view payload) override;

 private:
  PrivateKey key_;
};

// Runs `program`, a path, for each signature: without arguments or a shell, a
// request on its standard input, the signature in base64 on its standard
// output, its standard error passed through.
class ProgramSigner final : public Signer {
 public:
  ProgramSigner(std::string program, PublicKey public_key,
                absl::Duration time_limit = absl::Seconds(60))
      : program_(std::move(program)),
        public_key_(std::move(public_key)),
        time_limit_(time_limit) {}

  const PublicKey& public_key() const override { return public_key_; }

  // Errors: kFailedPrecondition when the program cannot be run, fails, says
  // anything but one signature, or signs with another key than public_key();
  // kDeadlineExceeded past the time limit, when it is killed.
  absl::StatusOr<std::string> Sign(std::string_view payload_type,
                                   std::string_view payload) override;

 private:
  std::string program_;
  PublicKey public_key_;
  absl::Duration time_limit_;
};

// What a ProgramSigner writes to its program: canonical JSON.
std::string SigningRequest(std::string_view payload_type,
                           std::string_view payload, const PublicKey& key);

// An envelope with the signature of `signer`, whose key's id is the keyid.
absl::StatusOr<DsseEnvelope> SignEnvelope(std::string_view payload_type,
                                          std::string_view payload,
                                          Signer& signer);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_SIGNING_SIGNER_H_
