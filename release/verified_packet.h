// The packet that a command was told to read, verified, whichever form it has.

#ifndef PEDIGREE_RELEASE_VERIFIED_PACKET_H_
#define PEDIGREE_RELEASE_VERIFIED_PACKET_H_

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "release/packet_arguments.h"
#include "release/packet_source.h"
#include "release/verify.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

struct VerifyRequest {
  // Its path may be that of a packed packet, too.
  PacketArguments packet;
  // sha256:HEX that the packet must have; empty for any.
  std::string digest;
  // A file that says which blobs were hashed before; empty for none.
  std::string resume;
  int threads = AvailableThreads();
};

// Adds the packet and `--digest`.
void AddVerifyRequest(CLI::App* command, VerifyRequest& request);

struct VerifiedPacket {
  VerifyReport report;
  // What the report is about; null where a file holds no packet at all, as the
  // report says.
  std::unique_ptr<PacketSource> source;
};

// Verifies the packet, going on where an interrupted verification stopped.
//
// Errors: kInvalidArgument for a request that contradicts itself; kNotFound and
// others when there is nothing to read.
absl::StatusOr<VerifiedPacket> VerifyRequested(const VerifyRequest& request);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_VERIFIED_PACKET_H_
