// Ids of lineage nodes.

#ifndef PEDIGREE_RELEASE_NODE_ID_H_
#define PEDIGREE_RELEASE_NODE_ID_H_

#include <string>

#include "google/protobuf/message.h"

namespace pedigree {

// SHA-256, as "sha256:<hex>", of the canonical JSON of `node` without its
// member `id`. `node` is a DerivationNode or a ReleaseNode.
std::string NodeId(const google::protobuf::Message& node);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_NODE_ID_H_
