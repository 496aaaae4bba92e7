// Sorting, small in the WebAssembly module.

#ifndef PEDIGREE_RUNTIME_BASE_SORT_H_
#define PEDIGREE_RUNTIME_BASE_SORT_H_

#include <algorithm>
#include <functional>

namespace pedigree {

// std::sort; in WebAssembly by a heap, whose code is shorter. Where `less` holds for
// neither of two elements, their order is not specified and may differ between the
// two: what depends on it would differ from the native program.
template <typename Iterator, typename Less = std::less<>>
void Sort(Iterator begin, Iterator end, Less less = Less()) {
#if defined(__wasm__)
  std::make_heap(begin, end, less);
  std::sort_heap(begin, end, less);
#else
  std::sort(begin, end, less);
#endif
}

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_SORT_H_
