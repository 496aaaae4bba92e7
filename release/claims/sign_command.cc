#include "release/claims/sign_command.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "release/claims/claim_policy.h"
#include "release/claims/claims_directory.h"
#include "release/claims/good_packet.h"
#include "release/claims/sign.h"
#include "release/file_stream.h"
#include "release/signing/signer.h"
#include "release/statements/statements.h"
#include "release/verified_packet.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

struct SignOptions {
  // Exactly one of these.
  VerifyRequest packet;
  std::string statement;
  std::string revocations;

  // One of these, the second with a public key.
  std::string key;
  std::string signer;
  std::string public_key;
  int signer_seconds = 60;

  SignRequest request;
  std::string statements;
  std::string out;
};

bool NamesPacket(const SignOptions& options) {
  const PacketArguments& packet = options.packet.packet;
  return !packet.packet.empty() || !packet.manifest.empty() ||
         !packet.blob_list.empty();
}

absl::Status CheckOptions(const SignOptions& options) {
  const int subjects = NamesPacket(options) + !options.statement.empty() +
                       !options.revocations.empty();
  if (subjects != 1) {
    return absl::InvalidArgumentError(
        "sign: give one of a packet, --statement and --revocations");
  }
  if (options.key.empty() == options.signer.empty()) {
    return absl::InvalidArgumentError("sign: give one of --key and --signer");
  }
  if (!options.signer.empty() && options.public_key.empty()) {
    return absl::InvalidArgumentError(
        "sign: --signer needs --public-key, which its signatures are checked "
        "with");
  }
  if (!NamesPacket(options) &&
      (!options.packet.digest.empty() || !options.request.source_commit.empty() || options.request.without_oms ||
       !options.statements.empty())) {
    return absl::InvalidArgumentError(
        "sign: --digest, --source-commit, --statements and --without-oms are "
        "about a packet");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Signer>> MakeSigner(const SignOptions& options) {
  std::optional<PublicKey> expected;
  if (!options.public_key.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(expected, ReadPublicKey(options.public_key));
  }
  if (!options.signer.empty()) {
    return std::make_unique<ProgramSigner>(
        options.signer, *expected, absl::Seconds(options.signer_seconds));
  }
  PEDIGREE_ASSIGN_OR_RETURN(PrivateKey key, ReadPrivateKey(options.key));
  if (expected.has_value() && !(*expected == key.public_key())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid --key: its public key is ", key.public_key().id(),
        " (expected ", expected->id(), ", that of --public-key)"));
  }
  return std::make_unique<KeySigner>(std::move(key));
}

// Whether the statements that were built are those that will be signed.
absl::StatusOr<bool> CheckGivenStatements(const SignOptions& options,
                                          const StatementParts& parts) {
  if (options.statements.empty()) return true;
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<std::string> faults,
                            CheckStatements(parts, options.statements));
  for (const std::string& fault : faults) {
    std::fprintf(stderr, "fault: %s\n", fault.c_str());
  }
  return faults.empty();
}

absl::StatusOr<Outcome> SignClaims(const SignOptions& options, Signer& signer) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::optional<StatementParts> parts,
                            LoadGoodPacket(options.packet));
  if (!parts.has_value()) return Outcome::kBad;
  PEDIGREE_ASSIGN_OR_RETURN(const bool as_built,
                            CheckGivenStatements(options, *parts));
  if (!as_built) return Outcome::kBad;
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<SignedClaim> claims,
                            SignPacket(*parts, options.request, signer));
  PEDIGREE_RETURN_IF_ERROR(
      WriteClaims(claims, signer.public_key(), options.out));
  std::printf("%zu claims about packet %s, signed by key %s\n", claims.size(),
              parts->packet.ToString().c_str(),
              signer.public_key().id().c_str());
  return Outcome::kGood;
}

absl::StatusOr<Outcome> SignOne(const SignOptions& options, Signer& signer) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string text,
      ReadSmallFile(options.statement, Links::kFollow, kMaxPayloadBytes));
  PEDIGREE_ASSIGN_OR_RETURN(SignedClaim claim, SignClaim(text, signer));
  const std::string_view name = ClaimName(claim.kind);
  PEDIGREE_RETURN_IF_ERROR(
      WriteClaims({std::move(claim)}, signer.public_key(), options.out));
  std::printf("claim %s, signed by key %s\n", std::string(name).c_str(),
              signer.public_key().id().c_str());
  return Outcome::kGood;
}

absl::StatusOr<Outcome> SignList(const SignOptions& options, Signer& signer) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string text,
      ReadSmallFile(options.revocations, Links::kFollow, kMaxRevocationBytes));
  PEDIGREE_ASSIGN_OR_RETURN(const std::string envelope,
                            SignRevocations(text, signer));
  PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(options.out, envelope));
  std::printf("revocations, signed by key %s\n",
              signer.public_key().id().c_str());
  return Outcome::kGood;
}

absl::StatusOr<Outcome> Sign(const SignOptions& options) {
  PEDIGREE_RETURN_IF_ERROR(CheckOptions(options));
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<Signer> signer,
                            MakeSigner(options));
  if (NamesPacket(options)) return SignClaims(options, *signer);
  if (!options.statement.empty()) return SignOne(options, *signer);
  return SignList(options, *signer);
}

}  // namespace

void AddSignCommand(CommandLine& command_line) {
  auto options = std::make_shared<SignOptions>();
  CLI::App* command = command_line.Add(
      nullptr, "sign", "Sign the claims about a packet, outside any build",
      [options] { return Sign(*options); });
  AddVerifyRequest(command, options->packet);
  command->add_option("--statement", options->statement,
                      "Sign this statement instead of a packet's claims");
  command->add_option("--revocations", options->revocations,
                      "Sign this list of revocations instead");
  command->add_option("--key", options->key,
                      "Private key: PEM, PKCS#8, Ed25519 or P-256");
  command->add_option("--signer", options->signer,
                      "Program that signs: a request on its standard input, a "
                      "signature in base64 on its standard output");
  command->add_option("--public-key", options->public_key,
                      "Public key (PEM) that the signatures must be of");
  command
      ->add_option("--signer-seconds", options->signer_seconds,
                   "How long --signer may take for one signature (default 60)")
      ->check(CLI::Range(1, 3600));
  command->add_option("--source-commit", options->request.source_commit,
                      "Commit that the packet was built from, for provenance");
  command->add_option("--statements", options->statements,
                      "Folder of the statements that were built: refuse to "
                      "sign others");
  command->add_flag("--without-oms", options->request.without_oms,
                    "Leave out the OpenSSF Model Signing claim, which Ed25519 "
                    "keys cannot sign");
  command
      ->add_option("--out", options->out,
                   "The new folder of claims; of --revocations, the file")
      ->required();
}

}  // namespace pedigree
