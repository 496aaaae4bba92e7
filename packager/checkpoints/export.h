// Models back to the formats they are imported from, for tests: what import
// does, undone.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_EXPORT_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_EXPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "packager/model_source.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

// File contents by name.
using ExportedFiles = std::map<std::string, std::string>;

// What a checkpoint has in its own tokenizer's numbers.
struct ExportVocabulary {
  // For each row of the embeddings and the output the model's id, or -1 for a
  // row of zeros. Empty: each row is its id.
  std::vector<int64_t> id_of_row;
  std::string generation_config = R"({"eos_token_id": [257]})";
  // Written as tokenizer.json; if empty, the section is written as "tokenizer".
  std::string tokenizer_json;
  // Keys and values of a GGUF file, and how many.
  std::string gguf_metadata;
  uint64_t gguf_key_count = 0;
};

// config.json, generation_config.json and weights in `encoding` (kF32, kF16 or
// kBF16, which must hold every value exactly): one model.safetensors, or with
// `shard_count` > 1 as many files and an index. RoPE rows are put back into
// halves.
ExportedFiles ExportHf(const SlmReader& model, SourceEncoding encoding,
                       int shard_count = 1,
                       const ExportVocabulary& vocabulary = {});

// A GGUF file, without a tokenizer unless `vocabulary` has it. An f32 model's
// matrices are written in `encoding` (kF32, kF16 or kBF16); q8_0 in blocks of 32
// and q4_0 as Q8_0 and Q4_0, for which their scales must be binary16 values.
std::string ExportGguf(const SlmReader& model, SourceEncoding encoding,
                       const ExportVocabulary& vocabulary = {});

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_EXPORT_H_
