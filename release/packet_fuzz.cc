// Feeds bytes to the parsers of a packet's documents. The first byte chooses
// the parser: m(anifest), i(ndex), l(ayout marker), r(ecord), and for the other
// documents a letter of their kind, 'A' plus its place in LayerKind.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "release/layer.h"
#include "release/oci.h"
#include "release/packet_contents.h"
#include "release/records.pb.h"
#include "runtime/base/check.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

void ParseManifest(std::string_view text) {
  std::vector<std::string> faults;
  const OciManifest manifest = ParseOciManifest(text, &faults);
  if (!faults.empty()) return;
  // What parses is written back to something that parses to the same.
  const std::string written = WriteOciManifest(manifest);
  PEDIGREE_CHECK(WriteOciManifest(ParseOciManifest(written, &faults)) ==
                 written);
  PEDIGREE_CHECK(faults.empty());
}

void ParseDocument(char letter, std::string_view text) {
  const int index = letter - 'A';
  if (index < 0 || index >= kLayerKindCount) return;
  PacketContents contents;
  AddDocument(static_cast<LayerKind>(index), text, contents).IgnoreError();
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const char letter = static_cast<char>(data[0]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1,
                              size - 1);
  if (letter == 'm') {
    pedigree::ParseManifest(text);
  } else if (letter == 'i') {
    (void)pedigree::ParseOciIndex(text);
  } else if (letter == 'l') {
    (void)pedigree::CheckOciLayoutMarker(text);
  } else if (letter == 'r') {
    pedigree::release::ReleaseRecord record;
    (void)pedigree::ParseCanonicalRecord(text, "release record", &record);
  } else {
    pedigree::ParseDocument(letter, text);
  }
  return 0;
}
