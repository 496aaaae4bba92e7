// The parts of a tokenizer.json around its model: what happens to a text before
// merging and to tokens after it.

#ifndef PEDIGREE_PACKAGER_TOKENIZERS_HF_PIPELINE_H_
#define PEDIGREE_PACKAGER_TOKENIZERS_HF_PIPELINE_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "runtime/base/json.h"
#include "runtime/tokenizer/bpe_section.h"

namespace pedigree {

struct HfPipeline {
  // Tokens are spelled in the byte-level alphabet; else U+2581 is a space.
  bool byte_level = false;
  PreSplit pre_split = PreSplit::kNone;
  Normalizer normalizer = Normalizer::kNone;
  // Spaces are escaped before merging, not as a normaliser: added tokens are
  // looked for before.
  bool metaspace = false;
  // What the template puts around a text, in the source's ids.
  std::optional<int64_t> bos;
  std::optional<int64_t> eos;
};

// Reads normalizer, pre_tokenizer, post_processor and decoder of `tokenizer`, a
// whole tokenizer.json. truncation and padding are of batches, not of a
// tokenizer, and are not read.
//
// Errors: kInvalidArgument for a member of the wrong type, kUnimplemented for a
// part that a BPE1 section can't express, by its name.
absl::StatusOr<HfPipeline> ReadHfPipeline(const Json& tokenizer);

// A member of an object, or null where there is none.
const Json& MemberOrNull(const Json& object, const char* key);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TOKENIZERS_HF_PIPELINE_H_
