#include "release/diff/wasm_difference.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

namespace pedigree {
namespace {

std::set<std::string> Imports(const WasmModule& module) {
  std::set<std::string> names;
  for (const WasmImport& item : module.imports) {
    names.insert(absl::StrCat(item.kind, " ", item.module, ".", item.name));
  }
  return names;
}

std::set<std::string> Exports(const WasmModule& module) {
  std::set<std::string> names;
  for (const WasmExport& item : module.exports) {
    names.insert(absl::StrCat(item.kind, " ", item.name));
  }
  return names;
}

std::vector<std::string> OnlyInFirst(const std::set<std::string>& first,
                                     const std::set<std::string>& second) {
  std::vector<std::string> only;
  std::set_difference(first.begin(), first.end(), second.begin(), second.end(),
                      std::back_inserter(only));
  return only;
}

std::vector<WasmSectionChange> CompareSections(const WasmModule& a,
                                               const WasmModule& b) {
  std::map<std::string, WasmSectionChange> sections;
  for (const WasmSection& section : a.sections) {
    std::optional<uint64_t>& size = sections[section.name].size_a;
    size = size.value_or(0) + section.size;
  }
  for (const WasmSection& section : b.sections) {
    std::optional<uint64_t>& size = sections[section.name].size_b;
    size = size.value_or(0) + section.size;
  }
  std::vector<WasmSectionChange> changes;
  for (auto& [name, change] : sections) {
    if (change.size_a == change.size_b) continue;
    change.name = name;
    changes.push_back(change);
  }
  return changes;
}

}  // namespace

WasmDifference CompareWasm(const WasmModule& a, const WasmModule& b) {
  WasmDifference difference;
  difference.sections = CompareSections(a, b);
  difference.imports_removed = OnlyInFirst(Imports(a), Imports(b));
  difference.imports_added = OnlyInFirst(Imports(b), Imports(a));
  difference.exports_removed = OnlyInFirst(Exports(a), Exports(b));
  difference.exports_added = OnlyInFirst(Exports(b), Exports(a));
  return difference;
}

}  // namespace pedigree
