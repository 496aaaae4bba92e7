#include "runtime/adapters/assembly.h"

#include <string>

#include "absl/types/span.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {

std::string AssemblyDocument(const Digest& base,
                             absl::Span<const Digest> adapters) {
  Json assembly = {{"adapters", Json::array()}, {"base", base.ToString()}};
  for (const Digest& adapter : adapters) {
    assembly["adapters"].push_back(adapter.ToString());
  }
  return CanonicalJson(assembly);
}

Digest AssemblyDigest(const Digest& base, absl::Span<const Digest> adapters) {
  return Sha256(AssemblyDocument(base, adapters));
}

}  // namespace pedigree
