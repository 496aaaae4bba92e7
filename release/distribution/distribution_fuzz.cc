// Feeds bytes to what reads a registry's and Docker's texts. The first byte
// chooses: r(eference), c(hallenge), d(ocker config), h(elper's answer), i(ndex of
// referrers), l(ink), m(anifest of a claim), e(rror), u(pload range).

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "release/distribution/blob_upload.h"
#include "release/distribution/challenge.h"
#include "release/distribution/claim_artifact.h"
#include "release/distribution/docker_config.h"
#include "release/distribution/reference.h"
#include "release/distribution/referrers.h"
#include "release/distribution/registry_client.h"
#include "runtime/base/check.h"

namespace pedigree {
namespace {

void ReadReference(std::string_view text) {
  const absl::StatusOr<Reference> reference = ParseReference(text);
  if (!reference.ok()) return;
  // What parses is a URL that parses.
  RegistryClient client(*reference, Access::kPull, "", {});
  PEDIGREE_CHECK(client.Follow(client.Url("x"), "y").ok());
}

void ReadIndex(std::string_view text) {
  if (!ParseReferrers(text).ok()) return;
  const Json entry = {{"digest", Sha256(text).ToString()}};
  const absl::StatusOr<std::string> more = AddReferrer(text, entry);
  PEDIGREE_CHECK(!more.ok() || ParseReferrers(*more).ok());
}

void Feed(char letter, std::string_view text) {
  switch (letter) {
    case 'r':
      return ReadReference(text);
    case 'c':
      return (void)ParseChallenges(text);
    case 'd':
      return (void)DockerConfig::Parse(text);
    case 'h':
      return (void)ParseHelperAnswer(text);
    case 'i':
      return ReadIndex(text);
    case 'l':
      return (void)NextPage(text);
    case 'm':
      return (void)ParseClaimManifest(text, Sha256("packet"));
    case 'e':
      PEDIGREE_CHECK(DescribeRegistryError(text).size() < 400);
      return;
    case 'u':
      return (void)ParseUploadRange(text);
    default:
      return;
  }
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  pedigree::Feed(static_cast<char>(data[0]),
                 {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
