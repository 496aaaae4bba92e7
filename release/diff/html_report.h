// The difference of two packets as one HTML page, for reading and for keeping.

#ifndef PEDIGREE_RELEASE_DIFF_HTML_REPORT_H_
#define PEDIGREE_RELEASE_DIFF_HTML_REPORT_H_

#include <string>

#include "release/diff/packet_difference.h"

namespace pedigree {

// A page that needs no other file and forbids itself to load any. Texts from
// the packets are escaped, and long ones cut around the place where they
// differ.
std::string PacketDifferenceToHtml(const PacketDifference& difference);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_HTML_REPORT_H_
