// Feeds bytes to the readers of what trust rests on. The first byte chooses:
// b(undle), p(olicy), r(evocations), l(ist, perhaps signed).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "release/claims/bundle.h"
#include "release/claims/claim_policy.h"
#include "runtime/base/check.h"

namespace pedigree {
namespace {

void Bundle(std::string_view text) {
  const absl::StatusOr<SigstoreBundle> bundle = ParseBundle(text, "bundle");
  if (!bundle.ok()) return;
  const std::string written = WriteBundle(*bundle);
  const absl::StatusOr<SigstoreBundle> again = ParseBundle(written, "bundle");
  PEDIGREE_CHECK(again.ok() && WriteBundle(*again) == written);
}

void Policy(std::string_view text) {
  const absl::StatusOr<TrustedKeys> trust = ParseClaimPolicy(text);
  if (!trust.ok()) return;
  PEDIGREE_CHECK(!trust->claims.empty() && trust->digest.has_value());
}

// Nobody is trusted, so no list is believed.
void List(std::string_view text) {
  PEDIGREE_CHECK(
      !ReadRevocations(text, TrustedKeys(), absl::UnixEpoch()).ok());
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1,
                              size - 1);
  if (data[0] == 'b') pedigree::Bundle(text);
  if (data[0] == 'p') pedigree::Policy(text);
  if (data[0] == 'r') (void)pedigree::ParseRevocations(text);
  if (data[0] == 'l') pedigree::List(text);
  return 0;
}
