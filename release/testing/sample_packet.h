// The sample release as a packet directory, with what statements about it are
// made from.

#ifndef PEDIGREE_RELEASE_TESTING_SAMPLE_PACKET_H_
#define PEDIGREE_RELEASE_TESTING_SAMPLE_PACKET_H_

#include <string>

#include "release/statements/statement_parts.h"

namespace pedigree {

struct SamplePacket {
  // A new folder for the test's own files; the packet lies in it.
  std::string folder;
  std::string packet;
  // The OCI manifest.
  std::string manifest;
  StatementParts parts;
};

SamplePacket MakeSamplePacket();

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_TESTING_SAMPLE_PACKET_H_
