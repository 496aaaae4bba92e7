// Two small packets that differ in everything a difference can tell of, for
// tests. Neither verifies: they have no more than is looked into.

#ifndef PEDIGREE_RELEASE_TESTING_PACKET_PAIR_H_
#define PEDIGREE_RELEASE_TESTING_PACKET_PAIR_H_

#include <map>
#include <string>

namespace pedigree {

// Bytes of layers by their names, "config" among them.
using PacketLayers = std::map<std::string, std::string>;

// The layers of either packet. Models are quantised and byte-level, answers
// hold texts that would break a careless page.
PacketLayers FirstOfPair();
PacketLayers SecondOfPair();

// Writes a packet "name" "version" of these layers into the new folder `out`.
void WriteLayers(const PacketLayers& layers, const std::string& version,
                 const std::string& out);

// A module with these exports and imports, functions all, "module.name" each.
std::string TinyWasm(const std::string& export_name,
                     const std::string& import_name);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_TESTING_PACKET_PAIR_H_
