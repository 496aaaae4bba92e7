// What a difference of two packets comes down to: for each blob the first place
// that says why, causes before what follows from them.

#ifndef PEDIGREE_RELEASE_DIFF_DIVERGENCE_H_
#define PEDIGREE_RELEASE_DIFF_DIVERGENCE_H_

#include <string>
#include <vector>

#include "release/diff/packet_difference.h"
#include "runtime/base/json.h"

namespace pedigree {

struct Divergence {
  // Name of the blob, or "manifest".
  std::string artifact;
  // "tensor embeddings.weight, index 5 [0, 5]: 0.25 -> 0.5". Printable ASCII.
  std::string what;
  // The same as members, those that suit the artifact: "tensor", "index",
  // "case", "token", "byte", "offset", "place", "a", "b".
  Json place;
};

// One for each blob that is not equal: models first, then adapters, other
// inputs, evidence, and last the records that name all others by digest.
std::vector<Divergence> Divergences(const PacketDifference& difference);

// Artifact, what, and the members of `place`.
Json DivergenceToJson(const Divergence& divergence);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_DIVERGENCE_H_
