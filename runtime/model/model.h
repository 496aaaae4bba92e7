// One checked model file, ready to run.

#ifndef PEDIGREE_RUNTIME_MODEL_MODEL_H_
#define PEDIGREE_RUNTIME_MODEL_MODEL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"
#include "runtime/model/weights.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {

// Views of the tensors of a parsed file.
Weights StoredWeights(const SlmReader& reader);

// Owns what was parsed and borrows the file's bytes. Immutable.
class Model {
 public:
  // Digests, then checks the file and its tokenizer section. `file_bytes`
  // must be 4-byte aligned and outlive the model.
  //
  // Errors: as SlmReader::Parse and Tokenizer::Parse.
  static absl::StatusOr<std::unique_ptr<const Model>> Load(ByteSpan file_bytes);

  // Of a file whose structure, checksum and values were checked, its SHA-256, and
  // its tensors as they are now.
  //
  // Errors: as Tokenizer::Parse.
  static absl::StatusOr<std::unique_ptr<const Model>> Create(
      const Digest& digest, SlmReader reader, Weights weights);

  const SlmReader& reader() const { return reader_; }
  const ModelShape& shape() const { return reader_.shape(); }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  // SHA-256 of the whole file.
  const Digest& digest() const { return digest_; }
  // Views of the file's tensors, some perhaps packed where they lay: what reader()
  // tells of payloads and scales may be no more.
  const Weights& weights() const { return weights_; }

 private:
  Model(const Digest& digest, SlmReader reader,
        std::unique_ptr<const Tokenizer> tokenizer, Weights weights);

  Digest digest_;
  SlmReader reader_;
  std::unique_ptr<const Tokenizer> tokenizer_;
  Weights weights_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_MODEL_MODEL_H_
