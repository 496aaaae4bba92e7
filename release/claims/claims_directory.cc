#include "release/claims/claims_directory.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "release/claims/bundle.h"
#include "release/file_stream.h"
#include "release/pending_directory.h"
#include "release/printable.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

bool SameSignature(const DsseEnvelope& envelope, const DsseSignature& one) {
  return std::any_of(
      envelope.signatures.begin(), envelope.signatures.end(),
      [&](const DsseSignature& s) { return s.signature == one.signature; });
}

class ClaimsReader {
 public:
  ClaimsReader(const std::string& directory, std::vector<std::string>& faults)
      : directory_(directory),
        shown_(Printable(directory, 200)),
        faults_(faults) {}

  absl::StatusOr<std::vector<Claim>> Read() {
    std::error_code error;
    if (!fs::is_directory(directory_, error)) {
      return absl::NotFoundError(
          absl::StrCat(directory_, ": no such folder of claims"));
    }
    const absl::StatusOr<std::string> text =
        ReadSmallFile(PathOf(kClaimsFile), Links::kFollow, kMaxClaimsBytes);
    if (!text.ok()) {
      Fault(absl::StrCat("Missing ", kClaimsFile, " in ", shown_, ": ",
                         Printable(text.status().message(), 200)));
      return std::move(claims_);
    }
    ReadLines(*text);
    CheckBundles();
    CheckOtherFiles();
    return std::move(claims_);
  }

 private:
  std::string PathOf(std::string_view name) const {
    return absl::StrCat(directory_, "/", name);
  }

  void Fault(std::string fault) { faults_.push_back(std::move(fault)); }

  void ReadLines(std::string_view text) {
    if (!absl::ConsumeSuffix(&text, "\n")) {
      Fault(absl::StrCat("Invalid ", kClaimsFile, " in ", shown_,
                         ": its last line is cut off"));
    }
    const std::vector<std::string_view> lines = absl::StrSplit(text, '\n');
    if (lines.size() > kMaxClaims) {
      return Fault(absl::StrCat("Invalid ", kClaimsFile, " in ", shown_, ": ",
                                lines.size(), " lines (expected at most ",
                                kMaxClaims, ")"));
    }
    for (size_t i = 0; i < lines.size(); ++i) ReadLine(i + 1, lines[i]);
  }

  void ReadLine(size_t number, std::string_view line) {
    const std::string what = absl::StrCat("claim in line ", number, " of ",
                                          shown_, "/", kClaimsFile);
    absl::StatusOr<DsseEnvelope> envelope = ParseEnvelope(line, what);
    if (!envelope.ok()) {
      return Fault(Printable(envelope.status().message()));
    }
    // Type first: what a payload says is only read as what it is signed as.
    if (envelope->payload_type != kInTotoPayloadType) {
      return Fault(absl::StrCat("Invalid ", what, ": payloadType is \"",
                                Printable(envelope->payload_type, 120),
                                "\" (expected \"", kInTotoPayloadType, "\")"));
    }
    absl::StatusOr<Statement> statement =
        ParseStatement(envelope->payload, what);
    if (!statement.ok()) {
      return Fault(Printable(statement.status().message()));
    }
    Claim claim;
    claim.what =
        absl::StrCat("claim ", ClaimName(statement->kind), " of ", shown_);
    if (!kinds_.insert(statement->kind).second) {
      return Fault(absl::StrCat("Repeated ", claim.what, ": line ", number,
                                " of ", kClaimsFile));
    }
    claim.envelope = *std::move(envelope);
    claim.statement = *std::move(statement);
    claim.digest = Sha256(line);
    claims_.push_back(std::move(claim));
  }

  void CheckBundles() {
    for (const Claim& claim : claims_) {
      const std::string name = BundleFileName(claim.statement.kind);
      const std::string what = absl::StrCat("bundle ", name, " of ", shown_);
      const absl::StatusOr<std::string> text =
          ReadSmallFile(PathOf(name), Links::kFollow, kMaxEnvelopeBytes);
      if (!text.ok()) {
        Fault(absl::StrCat("Missing ", what));
        continue;
      }
      CheckBundle(claim, *text, what);
    }
  }

  void CheckBundle(const Claim& claim, std::string_view text,
                   const std::string& what) {
    const absl::StatusOr<SigstoreBundle> bundle = ParseBundle(text, what);
    if (!bundle.ok()) return Fault(Printable(bundle.status().message()));
    const DsseEnvelope& envelope = bundle->envelope;
    if (envelope.payload_type != claim.envelope.payload_type ||
        envelope.payload != claim.envelope.payload) {
      return Fault(absl::StrCat("Invalid ", what, ": its payload is not that of ",
                                claim.what, " in ", kClaimsFile));
    }
    if (!SameSignature(claim.envelope, envelope.signatures[0])) {
      Fault(absl::StrCat("Invalid ", what, ": its signature is not one of ",
                         claim.what, " in ", kClaimsFile));
    }
  }

  void CheckOtherFiles() {
    std::set<std::string> known = {std::string(kClaimsFile)};
    for (const Claim& claim : claims_) {
      known.insert(BundleFileName(claim.statement.kind));
    }
    std::set<std::string> others;
    std::error_code error;
    for (fs::directory_iterator it(directory_, error), end; !error && it != end;
         it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (known.count(name) == 0) others.insert(name);
      if (others.size() > kMaxClaims) break;
    }
    for (const std::string& name : others) {
      Fault(absl::StrCat("Invalid ", shown_, ": ", Printable(name, 120),
                         " belongs to no claim in ", kClaimsFile));
    }
  }

  const std::string& directory_;
  const std::string shown_;
  std::vector<std::string>& faults_;
  std::vector<Claim> claims_;
  std::set<ClaimKind> kinds_;
};

absl::Status AddFile(PendingDirectory& directory, const std::string& name,
                     std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string path,
                            directory.PrepareFile(name));
  return WriteFileAtomically(path, text);
}

}  // namespace

absl::StatusOr<std::vector<Claim>> ReadClaims(
    const std::string& directory, std::vector<std::string>& faults) {
  return ClaimsReader(directory, faults).Read();
}

std::string BundleFileName(ClaimKind kind) {
  return absl::StrCat(ClaimName(kind), ".sigstore.json");
}

absl::Status WriteClaims(const std::vector<SignedClaim>& claims,
                         const PublicKey& key, const std::string& out) {
  PEDIGREE_ASSIGN_OR_RETURN(PendingDirectory directory,
                            PendingDirectory::Create(out));
  std::string lines;
  for (const SignedClaim& claim : claims) {
    absl::StrAppend(&lines, CanonicalJson(EnvelopeToJson(claim.envelope)),
                    "\n");
    SigstoreBundle bundle = {
        claim.kind == ClaimKind::kOms ? OmsKeyHint(key) : key.id(),
        claim.envelope};
    // cosign passes over signatures that name a key otherwise than it does.
    for (DsseSignature& signature : bundle.envelope.signatures) {
      signature.key_id.clear();
    }
    PEDIGREE_RETURN_IF_ERROR(
        AddFile(directory, BundleFileName(claim.kind), WriteBundle(bundle)));
  }
  PEDIGREE_RETURN_IF_ERROR(
      AddFile(directory, std::string(kClaimsFile), lines));
  return directory.Commit();
}

}  // namespace pedigree
