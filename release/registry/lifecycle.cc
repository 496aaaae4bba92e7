#include "release/registry/lifecycle.h"

#include <algorithm>
#include <iterator>

namespace pedigree {

bool IsState(std::string_view state) {
  return std::find(std::begin(kStates), std::end(kStates), state) !=
         std::end(kStates);
}

bool MayPromote(std::string_view from, std::string_view to) {
  if (from == to) return MovesAlias(to);
  return (from == "draft" && to == "candidate") ||
         (from == "candidate" && to == "shadow") ||
         (from == "shadow" && to == "canary") ||
         (from == "canary" && MovesAlias(to));
}

bool IsDeployable(std::string_view state) {
  return state == "canary" || MovesAlias(state);
}

bool MovesAlias(std::string_view state) {
  return state == "champion" || state == "specialist";
}

bool IsFinal(std::string_view state) {
  return state == "rejected" || state == "archived" || state == "revoked";
}

}  // namespace pedigree
