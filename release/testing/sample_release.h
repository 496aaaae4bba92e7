// The files of a small, complete release, for tests: true records about a model
// and an adapter of a few bytes, which nothing here runs.

#ifndef PEDIGREE_RELEASE_TESTING_SAMPLE_RELEASE_H_
#define PEDIGREE_RELEASE_TESTING_SAMPLE_RELEASE_H_

#include <string>

#include "release/packet_request.h"

namespace pedigree {

// How the sample's candidate does on its suite of two cases.
enum class SampleQuality { kGood, kFailsHardCase };

// Writes the files into the folder `folder`, which must exist, and says where
// they are. The release is a parent with one adapter, unfused.
PacketRequest WriteSampleRelease(const std::string& folder,
                                 SampleQuality quality = SampleQuality::kGood);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_TESTING_SAMPLE_RELEASE_H_
