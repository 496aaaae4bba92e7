// Ways in which tests break the sample packet's bill of materials, its linked
// libraries and their notices.

#ifndef PEDIGREE_RELEASE_TESTING_BOM_DEFECTS_H_
#define PEDIGREE_RELEASE_TESTING_BOM_DEFECTS_H_

#include <vector>

#include "release/testing/malformed_packets.h"

namespace pedigree {

std::vector<PacketDefect> BomDefects();

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_TESTING_BOM_DEFECTS_H_
