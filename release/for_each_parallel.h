// Work of seconds on threads of its own. A ThreadPool's threads spin while they
// wait, which is good for microseconds.

#ifndef PEDIGREE_RELEASE_FOR_EACH_PARALLEL_H_
#define PEDIGREE_RELEASE_FOR_EACH_PARALLEL_H_

#include <cstddef>
#include <functional>

#include "absl/status/status.h"

namespace pedigree {

// Calls work(i) for every i below `count`, at most `workers` at a time, in
// ascending order of their starts. After a failure nothing new is started; the
// failure of the smallest i is returned.
absl::Status ForEachParallel(size_t count, size_t workers,
                             const std::function<absl::Status(size_t)>& work);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_FOR_EACH_PARALLEL_H_
