#include "packager/llama2c_import.h"

#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "packager/sentencepiece_merges.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr uint64_t kCheckpointHeaderBytes = 7 * sizeof(int32_t);
constexpr uint32_t kSourceUnk = 0;
constexpr uint32_t kSourceBos = 1;
constexpr uint32_t kSourceEos = 2;
constexpr uint32_t kSourceFirstByte = 3;
constexpr uint32_t kSourceFirstPiece = 259;
constexpr uint32_t kBos = 256;
constexpr uint32_t kEos = 257;
constexpr uint32_t kPad = 258;
constexpr uint32_t kUnk = 259;
constexpr uint32_t kFirstPiece = 260;
// Far past any checkpoint of this format; keeps sums of sizes in range.
constexpr int32_t kMaxDimension = 1 << 24;

struct SourcePiece {
  float score = 0;
  std::string_view bytes;
};

// Reads the shape; `vocab_size` is still the source's.
absl::StatusOr<ModelShape> ReadHeader(ByteSpan checkpoint) {
  if (checkpoint.size() < kCheckpointHeaderBytes) {
    return absl::DataLossError(
        absl::StrCat("Corrupted llama2.c checkpoint: ", checkpoint.size(),
                     " bytes (header needs ", kCheckpointHeaderBytes, ")"));
  }
  static constexpr const char* kFields[] = {
      "dim",        "hidden_dim", "n_layers", "n_heads",
      "n_kv_heads", "vocab_size", "seq_len"};
  int32_t values[7];
  std::memcpy(values, checkpoint.data(), sizeof(values));
  ModelShape shape;
  shape.tied_output = values[5] > 0;
  if (values[5] < 0 && values[5] >= -kMaxDimension) values[5] = -values[5];
  for (int i = 0; i < 7; ++i) {
    if (values[i] < 1 || values[i] > kMaxDimension) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid llama2.c checkpoint: ", kFields[i], " is ", values[i],
          " (expected 1 to ", kMaxDimension, "), at byte ", 4 * i));
    }
  }
  shape.hidden_size = values[0];
  shape.ffn_size = values[1];
  shape.layer_count = values[2];
  shape.head_count = values[3];
  shape.kv_head_count = values[4];
  shape.vocab_size = values[5];
  shape.max_context = values[6];
  if (shape.hidden_size % shape.head_count != 0 ||
      shape.hidden_size / shape.head_count % 2 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid llama2.c checkpoint: dim ", shape.hidden_size,
                     " is no even multiple of n_heads ", shape.head_count));
  }
  if (shape.head_count % shape.kv_head_count != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid llama2.c checkpoint: n_kv_heads ", shape.kv_head_count,
        " does not divide n_heads ", shape.head_count));
  }
  if (shape.vocab_size < kSourceFirstPiece) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid llama2.c checkpoint: vocab_size ", shape.vocab_size,
        " (expected ", kSourceFirstPiece, " or more: specials and bytes)"));
  }
  shape.head_dim = shape.hidden_size / shape.head_count;
  shape.special_token_count = 4;
  shape.rope_theta = 10000.0f;
  shape.rms_norm_epsilon = 1e-5f;
  return shape;
}

// The tensors of one layer in the checkpoint's order, by offset from
// "attn_norm" in canonical order (attn_norm, wq, wk, wv, wo, ffn_norm, w1, w3,
// w2).
constexpr int kTensorsPerLayer = 9;
constexpr int kSourceLayerOrder[kTensorsPerLayer] = {0, 1, 2, 3, 4, 5, 6, 8, 7};

// Indexes into CanonicalTensors in the order of the checkpoint.
std::vector<size_t> SourceOrder(const ModelShape& shape) {
  std::vector<size_t> order = {0};
  for (int offset : kSourceLayerOrder) {
    for (uint32_t layer = 0; layer < shape.layer_count; ++layer) {
      order.push_back(1 + uint64_t{layer} * kTensorsPerLayer + offset);
    }
  }
  order.push_back(1 + uint64_t{shape.layer_count} * kTensorsPerLayer);
  return order;
}

// Bytes of a checkpoint of this shape, and of the part before its output
// matrix.
struct CheckpointSize {
  uint64_t before_output = 0;
  uint64_t total = 0;
};

std::optional<CheckpointSize> SizeOf(const ModelShape& shape) {
  // Products of two dimensions stay below 2^48, so with at most 2^24 layers
  // only the sum over layers may overflow.
  const uint64_t dim = shape.hidden_size;
  const uint64_t kv_dim = uint64_t{shape.kv_head_count} * shape.head_dim;
  const uint64_t layer =
      2 * dim + 2 * dim * dim + 2 * dim * kv_dim + 3 * dim * shape.ffn_size;
  const std::optional<uint64_t> layers = CheckedMul(layer, shape.layer_count);
  if (!layers || *layers > (uint64_t{1} << 60)) return std::nullopt;
  const uint64_t embeddings = shape.vocab_size * dim;
  const uint64_t rope_tables = uint64_t{shape.max_context} * shape.head_dim;
  const uint64_t floats = embeddings + *layers + dim + rope_tables;
  CheckpointSize size;
  size.before_output = kCheckpointHeaderBytes + floats * sizeof(float);
  size.total =
      size.before_output + (shape.tied_output ? 0 : embeddings * sizeof(float));
  return size;
}

std::vector<float> ReadFloats(ByteSpan checkpoint, uint64_t offset,
                              uint64_t count) {
  std::vector<float> values(count);
  std::memcpy(values.data(), checkpoint.data() + offset, count * sizeof(float));
  return values;
}

// Reads every tensor, rows still in the source's order.
absl::StatusOr<std::vector<std::vector<float>>> ReadTensors(
    ByteSpan checkpoint, const ModelShape& shape) {
  const std::optional<CheckpointSize> size = SizeOf(shape);
  if (!size || checkpoint.size() != size->total) {
    return absl::DataLossError(
        absl::StrCat("Corrupted llama2.c checkpoint: ", checkpoint.size(),
                     " bytes (its header asks for ",
                     size ? absl::StrCat(size->total) : "more than 2^60", ")"));
  }
  const std::vector<TensorSpec> specs = CanonicalTensors(shape);
  std::vector<std::vector<float>> tensors(specs.size());
  uint64_t offset = kCheckpointHeaderBytes;
  for (size_t index : SourceOrder(shape)) {
    const uint64_t count = specs[index].element_count();
    tensors[index] = ReadFloats(checkpoint, offset, count);
    offset += count * sizeof(float);
  }
  if (!shape.tied_output) {
    tensors.back() = ReadFloats(checkpoint, size->before_output,
                                specs.back().element_count());
  }
  return tensors;
}

absl::Status TruncatedTokenizer(uint64_t offset, uint32_t id) {
  return absl::DataLossError(
      absl::StrCat("Corrupted llama2.c tokenizer: ends inside token ", id,
                   ", at byte ", offset));
}

absl::StatusOr<std::vector<SourcePiece>> ReadPieces(ByteSpan tokenizer,
                                                    uint32_t vocab_size) {
  if (tokenizer.size() < sizeof(int32_t)) {
    return absl::DataLossError(absl::StrCat(
        "Corrupted llama2.c tokenizer: ", tokenizer.size(), " bytes"));
  }
  const int32_t max_length = LoadLittleEndian<int32_t>(tokenizer.data());
  uint64_t offset = sizeof(int32_t);
  std::vector<SourcePiece> pieces;
  for (uint32_t id = 0; id < vocab_size; ++id) {
    if (!RangeInside(offset, 8, tokenizer.size())) {
      return TruncatedTokenizer(offset, id);
    }
    const float score = LoadLittleEndian<float>(tokenizer.data() + offset);
    const int32_t length =
        LoadLittleEndian<int32_t>(tokenizer.data() + offset + 4);
    if (length < 1 || length > max_length) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid llama2.c tokenizer: token ", id, " has length ", length,
          " (expected 1 to ", max_length, "), at byte ", offset + 4));
    }
    if (!std::isfinite(score)) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid llama2.c tokenizer: score of token ", id,
                       " is not finite, at byte ", offset));
    }
    offset += 8;
    if (!RangeInside(offset, length, tokenizer.size())) {
      return TruncatedTokenizer(offset, id);
    }
    pieces.push_back({score, AsText(tokenizer.subspan(offset, length))});
    offset += length;
  }
  if (offset != tokenizer.size()) {
    return absl::DataLossError(
        absl::StrCat("Corrupted llama2.c tokenizer: ", tokenizer.size(),
                     " bytes (", vocab_size, " tokens end at ", offset, ")"));
  }
  return pieces;
}

// The byte tokens must lie where every SentencePiece llama vocabulary has
// them.
absl::Status CheckByteTokens(const std::vector<SourcePiece>& pieces) {
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const std::string expected = absl::StrFormat("<0x%02X>", byte);
    const std::string_view found = pieces[kSourceFirstByte + byte].bytes;
    if (found != expected) {
      return absl::UnimplementedError(absl::StrCat(
          "Unsupported llama2.c tokenizer: token ", kSourceFirstByte + byte,
          " is \"", absl::CHexEscape(found), "\" (expected \"", expected,
          "\")"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> MakeTokenizer(
    const std::vector<SourcePiece>& source) {
  Bpe1V2Content content;
  content.vocab_size = static_cast<uint32_t>(source.size()) + 1;
  content.stop_ids = {kBos, kEos};
  content.absent_ids = {kPad};
  std::vector<ScoredPiece> scored;
  for (uint32_t i = kSourceFirstPiece; i < source.size(); ++i) {
    const uint32_t id = kFirstPiece + (i - kSourceFirstPiece);
    content.tokens.push_back({id, std::string(source[i].bytes)});
    scored.push_back({id, std::string(source[i].bytes), source[i].score});
  }
  content.merges = MergesFromScores(scored);
  return WriteBpe1V2(content);
}

std::vector<TokenIdRange> MakeIdMap(uint32_t source_vocab_size) {
  std::vector<TokenIdRange> map = {{0, 256, kSourceFirstByte, false},
                                   {kBos, 1, kSourceBos, false},
                                   {kEos, 1, kSourceEos, false},
                                   {kPad, 1, 0, true},
                                   {kUnk, 1, kSourceUnk, false}};
  const uint32_t piece_count = source_vocab_size - kSourceFirstPiece;
  if (piece_count > 0) {
    map.push_back({kFirstPiece, piece_count, kSourceFirstPiece, false});
  }
  return map;
}

// `rows` [source vocab, columns] in the new order.
std::vector<float> MoveRows(const std::vector<float>& rows, uint64_t columns,
                            const std::vector<TokenIdRange>& map) {
  const TokenIdRange& last = map.back();
  std::vector<float> moved((last.first_id + last.count) * columns, 0.0f);
  for (const TokenIdRange& range : map) {
    if (range.absent) continue;
    std::memcpy(&moved[range.first_id * columns],
                &rows[range.source_first_id * columns],
                range.count * columns * sizeof(float));
  }
  return moved;
}

// The model with its tokens still in the source's order.
absl::StatusOr<ModelWeights> ReadCheckpoint(ByteSpan checkpoint) {
  ModelWeights weights;
  PEDIGREE_ASSIGN_OR_RETURN(weights.shape, ReadHeader(checkpoint));
  PEDIGREE_ASSIGN_OR_RETURN(weights.tensors,
                            ReadTensors(checkpoint, weights.shape));
  return weights;
}

// The tokenizer section, in the new order.
absl::StatusOr<std::string> ReadTokenizer(ByteSpan tokenizer,
                                          uint32_t source_vocab_size) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<SourcePiece> pieces,
                            ReadPieces(tokenizer, source_vocab_size));
  PEDIGREE_RETURN_IF_ERROR(CheckByteTokens(pieces));
  return MakeTokenizer(pieces);
}

}  // namespace

absl::StatusOr<ImportedModel> ImportLlama2c(const SourceFile& checkpoint,
                                            const SourceFile& tokenizer) {
  absl::StatusOr<ModelWeights> weights = ReadCheckpoint(checkpoint.bytes);
  if (!weights.ok()) {
    return AnnotateWithPath(weights.status(), checkpoint.path);
  }
  ModelShape& shape = weights->shape;
  absl::StatusOr<std::string> section =
      ReadTokenizer(tokenizer.bytes, shape.vocab_size);
  if (!section.ok()) return AnnotateWithPath(section.status(), tokenizer.path);

  ImportedModel model;
  model.id_map = MakeIdMap(shape.vocab_size);
  std::vector<std::vector<float>>& tensors = weights->tensors;
  tensors.front() = MoveRows(tensors.front(), shape.hidden_size, model.id_map);
  if (!shape.tied_output) {
    tensors.back() = MoveRows(tensors.back(), shape.hidden_size, model.id_map);
  }
  ++shape.vocab_size;
  weights->tokenizer_section = *std::move(section);
  model.weights = *std::move(weights);
  return model;
}

}  // namespace pedigree
