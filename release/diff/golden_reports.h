// The reports on record: what is said of the pair of packets for tests.

#ifndef PEDIGREE_RELEASE_DIFF_GOLDEN_REPORTS_H_
#define PEDIGREE_RELEASE_DIFF_GOLDEN_REPORTS_H_

#include <map>
#include <string>

namespace pedigree {

// Reports by the names of their files in release/diff/testdata. `scratch`: an
// empty folder.
std::map<std::string, std::string> GoldenReports(const std::string& scratch);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_GOLDEN_REPORTS_H_
