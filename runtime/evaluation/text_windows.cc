#include "runtime/evaluation/text_windows.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "runtime/base/check.h"

namespace pedigree {

uint64_t CountPositions(absl::Span<const uint32_t> ids) {
  return ids.empty() ? 0 : ids.size() - 1;
}

std::vector<TextWindow> CutIntoWindows(absl::Span<const uint32_t> ids,
                                       uint32_t bos, uint32_t context,
                                       uint64_t positions) {
  PEDIGREE_CHECK(context > 0 && positions > 0 &&
                 positions <= CountPositions(ids));
  const bool with_bos = ids[0] == bos;
  std::vector<TextWindow> windows;
  for (size_t begin = 0; begin < positions; begin += context) {
    const size_t length = std::min<size_t>(context, positions - begin);
    const auto inputs = ids.subspan(begin, length);
    const auto targets = ids.subspan(begin + 1, length);
    TextWindow window;
    window.inputs.assign(inputs.begin(), inputs.end());
    window.targets.assign(targets.begin(), targets.end());
    // In the place of the token that ended the window before.
    if (with_bos) window.inputs[0] = bos;
    windows.push_back(std::move(window));
  }
  return windows;
}

}  // namespace pedigree
