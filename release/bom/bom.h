// The bill of materials of a packet, CycloneDX 1.6: the model and what it
// descends from, its adapters, the suites it was judged by with their figures,
// the runtimes, and the libraries that are linked into those. Specification:
// docs/formats/packet.md, "Bill of materials".

#ifndef PEDIGREE_RELEASE_BOM_BOM_H_
#define PEDIGREE_RELEASE_BOM_BOM_H_

#include <string>

#include "release/packet_contents.h"

namespace pedigree {

// The canonical bytes: a pure function of `contents`, which CheckCrossLinks
// found nothing wrong with, so that a verifier can make them again. CheckBom
// finds nothing wrong with them.
std::string MakeBom(const PacketContents& contents);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_BOM_BOM_H_
