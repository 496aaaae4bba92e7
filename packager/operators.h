// The operators that make artifacts. Each is a pure function of its inputs and
// its config, so a receipt that records both can be checked by doing it again.

#ifndef PEDIGREE_PACKAGER_OPERATORS_H_
#define PEDIGREE_PACKAGER_OPERATORS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "packager/adapter_diff.h"
#include "packager/file_digest.h"
#include "packager/model_facts.h"
#include "packager/model_source.h"
#include "packager/records.pb.h"
#include "packager/store_source.h"
#include "packager/training/train.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// One input: borrowed bytes and their SHA-256. `path` is only for errors.
struct OperatorInput {
  std::string role;
  std::string path;
  ByteSpan bytes;
  LazyDigest digest;
  // Where the bytes are mapped, if they are (SourceFile::mapped).
  const MappedFile* mapped = nullptr;
};

// Hashes `bytes`.
OperatorInput MakeOperatorInput(std::string role, std::string path,
                                ByteSpan bytes);

// What an operator made, and what its receipt notes.
struct OperatorOutput {
  std::string role;
  // Empty when they went to a file or nowhere.
  std::string bytes;
  Digest digest;
  uint64_t file_bytes = 0;
  // Of import, quantize and merge; others leave it to who parses `bytes`.
  std::optional<ModelFacts> facts;
  std::vector<StorageException> exceptions;
  std::vector<StoredTensorError> errors;
  std::vector<TokenIdRange> id_map;
  // Of adapter-diff.
  std::optional<DifferenceFigures> difference;
  // Of train and adapter-train.
  std::optional<packager::TrainingNote> training;
};

// Runs one operator:
//
//   name          inputs by role, in order      output
//   import        spec (format "mock")          model
//   import        checkpoint, tokenizer         model
//                 (format "llama2c")
//   import        checkpoint and perhaps        model
//                 tokenizer (format "gguf")
//   import        config, perhaps generation_   model
//                 config, perhaps index,
//                 weights..., tokenizer,
//                 perhaps tokenizer_config
//                 (format "hf")
//   train         perhaps tokenizer, data...,   model
//                 perhaps validation...
//   quantize      model                         model
//   fuse          model, adapter...             model
//   merge         perhaps base, model...        model
//   adapter       model, adapter...             assembly
//   adapter-spec  spec, model                   adapter
//   adapter-diff  model, child                  adapter
//                 (format "ADP1" or "ASP1")
//   adapter-      config, weights, model,       adapter
//   import        perhaps receipt
//                 (format "peft")
//   adapter-train model, data..., perhaps       adapter
//                 validation...
//   tokenizer-    data...                       tokenizer
//   train
//
// An assembly is the canonical JSON whose SHA-256 is the assembly digest. `run`
// is for those that train.
//
// Errors: kInvalidArgument for a wrong role or config, and those of the
// operator.
absl::StatusOr<OperatorOutput> RunOperator(
    std::string_view name, const packager::OperatorConfig& config,
    absl::Span<const OperatorInput> inputs, const TrainingRun& run = {});

// Whether `name` is import, quantize or merge, whose models may be larger than
// memory.
bool MakesModelInPieces(std::string_view name);

// Runs such an operator: the bytes go to `file` piece by piece, and what was
// read of mapped inputs is released. `progress` may be null. Errors: those of
// RunOperator and of the file.
absl::StatusOr<OperatorOutput> RunToFile(
    std::string_view name, const packager::OperatorConfig& config,
    absl::Span<const OperatorInput> inputs, StagedFile* file,
    const Progress& progress);

// Any operator without the bytes: what the others would say of them.
absl::StatusOr<OperatorOutput> RunForDigest(
    std::string_view name, const packager::OperatorConfig& config,
    absl::Span<const OperatorInput> inputs);

// Version of the operators: raised when any of them gives other bytes for the
// same inputs and config.
inline constexpr std::string_view kOperatorVersion = "1";

// SHA-256 of the canonical JSON of `config`.
Digest ConfigDigest(const packager::OperatorConfig& config);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_OPERATORS_H_
