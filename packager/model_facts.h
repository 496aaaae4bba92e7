// What records say of a model file.

#ifndef PEDIGREE_PACKAGER_MODEL_FACTS_H_
#define PEDIGREE_PACKAGER_MODEL_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/sha256.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

struct ModelFacts {
  ModelShape shape;
  std::string tokenizer_section;
  uint64_t file_bytes = 0;
  // SHA-256 of the file.
  Digest digest;
  // In file order: the entries, and the SHA-256 of each tensor's payload and
  // scales without padding.
  std::vector<TensorEntry> entries;
  std::vector<Digest> tensor_digests;
};

// Of a parsed file whose SHA-256 is `digest`.
ModelFacts FactsOf(const SlmReader& model, const Digest& digest);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_MODEL_FACTS_H_
