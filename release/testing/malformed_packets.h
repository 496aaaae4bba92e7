// Every way in which tests break the sample packet, and what verification has
// to say about each.

#ifndef PEDIGREE_RELEASE_TESTING_MALFORMED_PACKETS_H_
#define PEDIGREE_RELEASE_TESTING_MALFORMED_PACKETS_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "release/testing/packet_editor.h"

namespace pedigree {

// One defect, applied to a copy of the sample packet.
struct PacketDefect {
  // Opens with "bad-"; the expected faults lie in
  // fixtures/packets/malformed/<name>.expected.
  std::string name;
  std::function<void(PacketEditor&)> apply;
};

std::vector<PacketDefect> AllPacketDefects();

// Makes the sample packet in the new folder `packet` of `scratch`, an empty
// folder, and breaks it. Returns what each digest of the good packet stands for:
// the name of its layer, for example.
std::map<std::string, std::string> MakeMalformedPacket(
    const PacketDefect& defect, const std::string& scratch);

// Does the same and verifies the packet without an expected digest. Returns the
// faults, a line each, with every digest of the good packet replaced by what it
// stands for ("{model.slm}") and every other one by "{other}", so that the lines
// outlive changes to the sample.
std::string FaultsOf(const PacketDefect& defect, const std::string& scratch);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_TESTING_MALFORMED_PACKETS_H_
