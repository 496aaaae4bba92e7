// Feeds bytes to the parsers of what signers hand over. The first byte chooses:
// e(nvelope), b(ase64), p(ublic key).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "release/signing/dsse.h"
#include "release/signing/keys.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

// What parses is written to something that parses to the same.
void Envelope(std::string_view text) {
  const absl::StatusOr<DsseEnvelope> envelope = ParseEnvelope(text, "envelope");
  if (!envelope.ok()) return;
  const std::string written = CanonicalJson(EnvelopeToJson(*envelope));
  const absl::StatusOr<DsseEnvelope> again = ParseEnvelope(written, "envelope");
  PEDIGREE_CHECK(again.ok());
  PEDIGREE_CHECK(CanonicalJson(EnvelopeToJson(*again)) == written);
}

void Base64(std::string_view text) {
  const absl::StatusOr<std::string> bytes = DecodeBase64(text, "base64");
  if (bytes.ok()) PEDIGREE_CHECK(EncodeBase64(*bytes).size() == text.size());
}

void Key(std::string_view text) {
  const absl::StatusOr<PublicKey> key = PublicKey::FromPem(text, "key");
  if (!key.ok()) return;
  const absl::StatusOr<PublicKey> again =
      PublicKey::FromPem(key->pem(), "key");
  PEDIGREE_CHECK(again.ok() && *again == *key);
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1,
                              size - 1);
  if (data[0] == 'e') pedigree::Envelope(text);
  if (data[0] == 'b') pedigree::Base64(text);
  if (data[0] == 'p') pedigree::Key(text);
  return 0;
}
