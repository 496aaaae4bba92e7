// The difference of two packets as JSON. Specification: docs/formats/audit.md.

#ifndef PEDIGREE_RELEASE_DIFF_JSON_REPORT_H_
#define PEDIGREE_RELEASE_DIFF_JSON_REPORT_H_

#include "release/diff/packet_difference.h"
#include "runtime/base/json.h"

namespace pedigree {

inline constexpr std::string_view kPacketDifferenceSchema =
    "pedigree.packet_difference.v1";

Json PacketDifferenceToJson(const PacketDifference& difference);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_JSON_REPORT_H_
