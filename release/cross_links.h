// Whether the parts of a packet belong together. Building refuses what this
// finds, and verifying finds it again.

#ifndef PEDIGREE_RELEASE_CROSS_LINKS_H_
#define PEDIGREE_RELEASE_CROSS_LINKS_H_

#include <string>
#include <vector>

#include "release/packet_contents.h"

namespace pedigree {

// How the parts of `contents` fail to belong together, each fault on a line of
// its own: a model that its manifest does not describe, evidence about another
// assembly, a decision that does not promote, a broken lineage. Empty when a
// packet may be made of them.
std::vector<std::string> CheckCrossLinks(const PacketContents& contents);

// SHA-256 of the canonical form of a sidecar's counted values: the digest of
// the diagnostics document.
std::string CountedDigest(const Evidence& sidecar);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_CROSS_LINKS_H_
