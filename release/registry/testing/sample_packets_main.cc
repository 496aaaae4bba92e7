// Makes the packets of a family of models, for scripts:
//
//   sample_packets DIR COUNT
//
// prints one line a packet, "NAME DIRECTORY PACKET_DIGEST ASSEMBLY_DIGEST".

#include <cstdio>
#include <filesystem>
#include <string>

#include "absl/strings/numbers.h"
#include "release/registry/testing/sample_family.h"
#include "release/registry/testing/sample_population.h"

int main(int argc, char** argv) {
  int count = 0;
  if (argc != 3 || !absl::SimpleAtoi(argv[2], &count) || count < 1) {
    std::fprintf(stderr, "usage: sample_packets DIR COUNT\n");
    return 2;
  }
  std::filesystem::create_directories(argv[1]);
  pedigree::SampleFamily family(argv[1]);
  for (int i = 0; i < count; ++i) {
    const std::string name = pedigree::MakeMember(family, i);
    std::printf("%s %s %s %s\n", name.c_str(), family.Path(name).c_str(),
                family.Packet(name).c_str(), family.Assembly(name).c_str());
  }
  return 0;
}
