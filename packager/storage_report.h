// What quantising cost, as text for people.

#ifndef PEDIGREE_PACKAGER_STORAGE_REPORT_H_
#define PEDIGREE_PACKAGER_STORAGE_REPORT_H_

#include <string>

#include "packager/records.pb.h"

namespace pedigree {

// A table of the receipt's storage errors and notes, a line each. Says so when
// nothing was quantised. Ends with a line break.
std::string StorageReport(const packager::Receipt& receipt);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_STORAGE_REPORT_H_
