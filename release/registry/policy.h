// Registry policies: who may decide what, on which evidence. Specification:
// docs/formats/registry.md, "Policy".

#ifndef PEDIGREE_RELEASE_REGISTRY_POLICY_H_
#define PEDIGREE_RELEASE_REGISTRY_POLICY_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/records.pb.h"
#include "release/registry/records.pb.h"
#include "release/signing/keys.h"

namespace pedigree {

inline constexpr std::string_view kRegistryPolicySchema =
    "pedigree.registry_policy.v1";
inline constexpr uint64_t kMaxPolicyBytes = uint64_t{1} << 20;

// A checked policy with its keys read.
class RegistryPolicy {
 public:
  // Reads the hand-written text format, or the canonical JSON that a registry
  // holds (which starts with "{").
  //
  // Errors: kInvalidArgument with the member, what was found and what is
  // allowed.
  static absl::StatusOr<RegistryPolicy> Parse(std::string_view text);

  const registry::RegistryPolicy& record() const { return record_; }
  // The canonical JSON, and its digest.
  const std::string& text() const { return text_; }
  const std::string& digest() const { return digest_; }
  // Of all signers.
  const std::vector<PublicKey>& keys() const { return keys_; }

  // Null when the policy lets nothing enter `state`.
  const registry::StateRule* RuleFor(std::string_view state) const;

  // Keys of the signers of that name; of all of them for no names.
  std::vector<PublicKey> KeysOf(const std::set<std::string>& names) const;
  // The signer whose key has this id.
  std::string NameOf(std::string_view key_id) const;

 private:
  RegistryPolicy() = default;

  registry::RegistryPolicy record_;
  std::string text_;
  std::string digest_;
  std::vector<PublicKey> keys_;
};

// What `rule` finds lacking in the record of a verified packet, a line each.
std::vector<std::string> CheckRule(const registry::StateRule& rule,
                                   const release::ReleaseRecord& record);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_POLICY_H_
