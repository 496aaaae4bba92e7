// The libraries that a packet's runtimes are linked from.

#ifndef PEDIGREE_RELEASE_BOM_LINKED_LIBRARIES_H_
#define PEDIGREE_RELEASE_BOM_LINKED_LIBRARIES_H_

#include <string>
#include <vector>

#include "release/packet_contents.h"

namespace pedigree {

// What is wrong with `contents.linked_libraries`, a line each: one that no
// toolchain pin has, that is in no runtime of the packet, or whose notices the
// packet lacks; and notices that belong to none of them.
std::vector<std::string> CheckLinkedLibraries(const PacketContents& contents);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_BOM_LINKED_LIBRARIES_H_
