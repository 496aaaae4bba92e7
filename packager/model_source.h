// A model as an importer finds it: its shape, its tokenizer, and where the
// values of each tensor lie. Nothing of the values is in memory.

#ifndef PEDIGREE_PACKAGER_MODEL_SOURCE_H_
#define PEDIGREE_PACKAGER_MODEL_SOURCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "packager/source_file.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

// `count` ids from `first_id` on hold what the source has from
// `source_first_id` on; absent ones are new and have zero rows.
struct TokenIdRange {
  uint32_t first_id = 0;
  uint32_t count = 0;
  uint32_t source_first_id = 0;
  bool absent = false;
};

// How a source stores values. All but the first three are int8 or int4 values
// times a scale.
enum class SourceEncoding {
  kF32,
  kF16,
  kBF16,
  // Blocks of 32 values of a row, 34 bytes each: an f16 scale and 32 int8.
  kQ8Blocks,
  // Blocks of 32 values of a row, 18 bytes each: an f16 scale and 16 bytes, of
  // which byte i holds value i in its low and value i + 16 in its high nibble,
  // 8 more than they are.
  kQ4Blocks,
  // int8 values, and apart from them an f32 scale for each `group_size` values.
  kQ8Groups,
  // The same with int4 values, two a byte, the first in the low nibble.
  kQ4Groups,
};

// The values of one tensor of the target, a matrix or a single row.
struct SourceTensor {
  // The source's name for it, for messages.
  std::string name;
  SourceEncoding encoding = SourceEncoding::kF32;
  // Rows of `columns` values, row by row, as many as the source has. Needs no
  // alignment.
  ByteSpan values;
  // Of groups, one scale after the other.
  ByteSpan scales;
  uint32_t group_size = 0;
  // The source's row for each row of the target, kAbsentRow for zeros. Null
  // when the rows are the same.
  std::shared_ptr<const std::vector<int64_t>> rows;
  // The file that holds `values` and `scales`.
  SourceFile file;
};

// Checks a source while it is read, for one whose bytes can't be trusted before
// all of them were seen.
class SourceCheck {
 public:
  virtual ~SourceCheck() = default;
  // These bytes of the source were read, perhaps not for the first time, and
  // are about to be released.
  virtual void Read(ByteSpan bytes) = 0;
  // When all are: whether the source is what it says. Once.
  virtual absl::Status Finish() = 0;
};

struct ModelSource {
  ModelShape shape;
  std::string tokenizer_section;
  std::vector<TokenIdRange> id_map;  // ascending, covering every id, or empty
  // In the order of CanonicalTensors(shape).
  std::vector<SourceTensor> tensors;
  // Keeps values alive that lie in no file; may be null.
  std::shared_ptr<const void> owner;
  // A new check for each reading of the whole source; null where none is due.
  std::function<std::unique_ptr<SourceCheck>()> make_check;
};

// Bytes that `count` values of a row take in `encoding`, scales of groups not
// included; 0 where `count` is no whole number of blocks.
uint64_t EncodedBytes(SourceEncoding encoding, uint64_t count);

// A row of the source, by the row of the target that it becomes, or kAbsentRow.
int64_t SourceRow(const SourceTensor& tensor, uint64_t row);

// The values of `count` rows of the target from `first` on, exactly as the
// source means them: q x scale is one f32 product. out: [count, columns].
void ReadRows(const SourceTensor& tensor, uint64_t columns, uint64_t first,
              uint64_t count, float* out);

// The ids of `source_row_of_id` (tokenizer_import.h) as ranges.
std::vector<TokenIdRange> IdMapOf(absl::Span<const int64_t> source_row_of_id);

// Where the rows of a matrix of heads lie whose RoPE pairs are the two halves
// of a head: row 2i of a head is row i, row 2i + 1 is row head_dim / 2 + i.
std::vector<int64_t> RowsOfHalves(uint32_t head_count, uint32_t head_dim);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_MODEL_SOURCE_H_
