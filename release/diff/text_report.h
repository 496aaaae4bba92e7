// The difference of two packets as text, for a terminal.

#ifndef PEDIGREE_RELEASE_DIFF_TEXT_REPORT_H_
#define PEDIGREE_RELEASE_DIFF_TEXT_REPORT_H_

#include <string>
#include <string_view>

#include "release/diff/packet_difference.h"
#include "release/diff/value_difference.h"

namespace pedigree {

// Printable ASCII alone, whatever the packets hold.
std::string DescribePacketDifference(const PacketDifference& difference);

// `text` as printable ASCII in quotes, with escapes as in JSON, around the byte
// `place`: at most 60 characters before and 60 behind.
std::string QuotedAround(std::string_view text, uint64_t place);

// "index 5 [0, 5]: 0.25 -> 0.5", with row and column where there are any.
std::string DescribePair(const ValuePair& pair, uint64_t columns);

// The shortest decimal of a change.
std::string ChangeText(double change);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_TEXT_REPORT_H_
