// A packet's layers as named files, for people and for tools that know no
// packets.

#ifndef PEDIGREE_RELEASE_EXPORT_H_
#define PEDIGREE_RELEASE_EXPORT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "release/layer.h"
#include "release/packet_files.h"

namespace pedigree {

// Copies the layers of the verified packet to the folder `out`, hashing each
// again on the way. Runtimes are made executable. `out` must not exist, or be an
// empty folder; on an error it stays as it was.
//
// Errors: kAlreadyExists; kDataLoss when a blob has changed since.
absl::Status ExportLayers(const PacketFiles& packet,
                          const std::vector<Layer>& layers,
                          const std::string& out);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_EXPORT_H_
