#include "packager/checkpoints/gguf_checkpoint.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "packager/checkpoints/checkpoint.h"
#include "packager/checkpoints/gguf_reader.h"
#include "packager/tokenizers/tokenizer_file.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr std::string_view kArchitecture = "llama";
// Far past any vocabulary; a bound for hostile lists.
constexpr uint64_t kMaxTokens = 1 << 24;

const TensorNames& GgufNames() {
  static const TensorNames& names = *new TensorNames{
      "token_embd.weight",
      "blk.",
      {"attn_norm.weight", "attn_q.weight", "attn_k.weight", "attn_v.weight",
       "attn_output.weight", "ffn_norm.weight", "ffn_gate.weight",
       "ffn_up.weight", "ffn_down.weight"},
      "output_norm.weight",
      "output.weight"};
  return names;
}

// Keys of the architecture and the tokenizer that say nothing about what the
// model computes or how text becomes ids.
constexpr std::string_view kInertKeys[] = {
    "llama.tensor_data_layout",
    "tokenizer.chat_template",
    "tokenizer.chat_templates",
    "tokenizer.ggml.cls_token_id",
    "tokenizer.ggml.fim_mid_token_id",
    "tokenizer.ggml.fim_pad_token_id",
    "tokenizer.ggml.fim_pre_token_id",
    "tokenizer.ggml.fim_rep_token_id",
    "tokenizer.ggml.fim_sep_token_id",
    "tokenizer.ggml.fim_suf_token_id",
    "tokenizer.ggml.mask_token_id",
    "tokenizer.ggml.middle_token_id",
    "tokenizer.ggml.prefix_token_id",
    "tokenizer.ggml.seperator_token_id",
    "tokenizer.ggml.suffix_token_id",
    "tokenizer.ggml.token_type_count",
    "tokenizer.huggingface.json",
};

std::string Quoted(std::string_view key) {
  return absl::StrCat("\"", absl::CHexEscape(key.substr(0, 200)), "\"");
}

// Reads metadata by key. The first fault is kept; later reads return empty
// values.
class MetadataReader {
 public:
  explicit MetadataReader(const GgufFile& file) : file_(file) {}

  const GgufValue* Find(std::string_view key) {
    read_.insert(key);
    const auto value = file_.metadata.find(key);
    return value == file_.metadata.end() ? nullptr : &value->second;
  }

  std::optional<std::string_view> String(std::string_view key) {
    return Typed(key, GgufString, "a string");
  }
  std::optional<int64_t> Integer(std::string_view key) {
    return Typed(key, GgufInteger, "an integer");
  }
  std::optional<double> Number(std::string_view key) {
    return Typed(key, GgufNumber, "a number");
  }
  std::optional<bool> Bool(std::string_view key) {
    return Typed(key, GgufBool, "a bool");
  }

  // A list of as many elements as there are tokens; empty when not there.
  template <typename T>
  std::vector<T> List(std::string_view key,
                      std::optional<std::vector<T>> (*read)(const GgufValue&),
                      const char* type) {
    const GgufValue* value = Find(key);
    if (value == nullptr || !fault_.ok()) return {};
    if (value->count > kMaxTokens) {
      Invalid(key, absl::StrCat("has ", value->count, " elements (at most ",
                                kMaxTokens, ")"));
      return {};
    }
    std::optional<std::vector<T>> list = read(*value);
    if (!list.has_value()) {
      Invalid(key, absl::StrCat("is no list of ", type));
      return {};
    }
    return *std::move(list);
  }

  uint32_t Dimension(std::string_view key,
                     std::optional<uint32_t> by_default = std::nullopt) {
    const std::optional<int64_t> value = Integer(key);
    if (!value.has_value()) {
      if (by_default.has_value()) return *by_default;
      Invalid(key, "is missing");
      return 0;
    }
    return Checked(key, *value);
  }

  // A dimension that may be given for each layer, then the same for all.
  uint32_t LayerDimension(std::string_view key,
                          std::optional<uint32_t> by_default = std::nullopt) {
    const GgufValue* value = Find(key);
    if (value == nullptr || !value->is_array) return Dimension(key, by_default);
    const std::vector<int64_t> list = List(key, GgufIntegers, "integers");
    if (list.empty()) return 0;
    for (const int64_t element : list) {
      if (element == list[0]) continue;
      Refuse(key, absl::StrCat("differs between layers (", list[0], ", ",
                               element, ")"));
    }
    return Checked(key, list[0]);
  }

  float Float(std::string_view key, std::optional<float> by_default) {
    const std::optional<double> value = Number(key);
    if (!value.has_value()) {
      if (by_default.has_value()) return *by_default;
      Invalid(key, "is missing");
      return 0;
    }
    const auto number = static_cast<float>(*value);
    if (!(number > 0) || !std::isfinite(number)) {
      Invalid(key,
              absl::StrCat("is ", *value, " (expected a positive binary32)"));
    }
    return number;
  }

  // Checks that a key is not there or has the one value that changes nothing.
  void Only(std::string_view key, double expected) {
    const GgufValue* value = Find(key);
    if (value == nullptr) return;
    const std::optional<bool> flag = GgufBool(*value);
    const std::optional<double> number =
        flag.has_value() ? std::optional<double>(*flag) : GgufNumber(*value);
    if (number == expected) return;
    Refuse(key, absl::StrCat(
                    "is ", number.has_value() ? absl::StrCat(*number) : "there",
                    " (expected ", expected, ")"));
  }
  void Only(std::string_view key, std::string_view expected) {
    const std::optional<std::string_view> value = String(key);
    if (!value.has_value() || *value == expected) return;
    Refuse(key, absl::StrCat("is ", Quoted(*value), " (expected ",
                             Quoted(expected), ")"));
  }

  void Invalid(std::string_view key, std::string_view what) {
    Fail(absl::InvalidArgumentError(
        absl::StrCat("Invalid GGUF file: key ", Quoted(key), " ", what)));
  }
  void Refuse(std::string_view key, std::string_view what) {
    Fail(absl::UnimplementedError(
        absl::StrCat("Unsupported GGUF file: key ", Quoted(key), " ", what)));
  }

  // The first fault, which a key of one of `families` that nobody asked for is
  // too.
  absl::Status Finish(const std::vector<std::string_view>& families) {
    for (const std::string_view key : kInertKeys) read_.insert(key);
    for (const auto& [key, value] : file_.metadata) {
      for (const std::string_view family : families) {
        if (absl::StartsWith(key, family) && read_.count(key) == 0) {
          Refuse(key, "is unknown, so what it changes is too");
        }
      }
    }
    return fault_;
  }

 private:
  template <typename T>
  std::optional<T> Typed(std::string_view key,
                         std::optional<T> (*read)(const GgufValue&),
                         const char* type) {
    const GgufValue* value = Find(key);
    if (value == nullptr) return std::nullopt;
    const std::optional<T> typed = read(*value);
    if (!typed.has_value()) {
      Invalid(key, absl::StrCat("is ", value->is_array ? "a list of " : "",
                                GgufTypeName(value->type), " (expected ", type,
                                ")"));
    }
    return typed;
  }

  uint32_t Checked(std::string_view key, int64_t value) {
    if (value < 1 || value > std::numeric_limits<uint32_t>::max()) {
      Invalid(key, absl::StrCat("is ", value, " (expected 1 to 2^32 - 1)"));
      return 0;
    }
    return static_cast<uint32_t>(value);
  }

  void Fail(absl::Status fault) {
    if (fault_.ok()) fault_ = std::move(fault);
  }

  const GgufFile& file_;
  std::set<std::string_view> read_;
  absl::Status fault_;
};

absl::Status CheckArchitecture(MetadataReader& reader) {
  const auto architecture = reader.String("general.architecture");
  if (!architecture.has_value()) {
    reader.Invalid("general.architecture", "is missing");
  }
  reader.Only("general.architecture", kArchitecture);
  reader.Only("general.type", "model");
  return reader.Finish({});
}

// The shape that metadata and the embeddings' rows give.
ModelShape ReadShape(const GgufFile& file, MetadataReader& reader) {
  ModelShape shape;
  shape.hidden_size = reader.Dimension("llama.embedding_length");
  shape.layer_count = reader.Dimension("llama.block_count");
  shape.ffn_size = reader.LayerDimension("llama.feed_forward_length");
  shape.head_count = reader.LayerDimension("llama.attention.head_count");
  shape.kv_head_count = reader.LayerDimension("llama.attention.head_count_kv",
                                              shape.head_count);
  shape.max_context = reader.Dimension("llama.context_length");
  const uint32_t heads = std::max(1u, shape.head_count);
  shape.head_dim =
      reader.Dimension("llama.attention.key_length", shape.hidden_size / heads);
  shape.rms_norm_epsilon =
      reader.Float("llama.attention.layer_norm_rms_epsilon", std::nullopt);
  shape.rope_theta = reader.Float("llama.rope.freq_base", 10000.0f);
  shape.tied_output = file.tensors.count(GgufNames().output) == 0;
  const auto embeddings = file.tensors.find(GgufNames().embeddings);
  if (embeddings != file.tensors.end() &&
      embeddings->second.dims.size() == 2) {
    shape.vocab_size = static_cast<uint32_t>(std::min<uint64_t>(
        embeddings->second.dims[1], std::numeric_limits<uint32_t>::max()));
  }
  return shape;
}

// What model type 1 has in one way only.
void CheckRest(const ModelShape& shape, MetadataReader& reader) {
  reader.Only("llama.attention.value_length", shape.head_dim);
  reader.Only("llama.rope.dimension_count", shape.head_dim);
  reader.Only("llama.vocab_size", shape.vocab_size);
  reader.Only("llama.attention.causal", 1);
  reader.Only("llama.attention.sliding_window", 0);
  reader.Only("llama.expert_count", 0);
  reader.Only("llama.expert_used_count", 0);
  reader.Only("llama.rope.scaling.type", "none");
  reader.Only("llama.rope.scaling.factor", 1);
  reader.Only("llama.rope.scale_linear", 1);
  reader.Only("llama.rope.scaling.finetuned", 0);
  reader.Only("llama.use_parallel_residual", 0);
  reader.Only("split.count", 1);
  reader.Only("split.no", 0);
}

FoundTensors FindTensors(const GgufFile& file, const SourceFile& checkpoint) {
  FoundTensors found;
  for (const auto& [name, tensor] : file.tensors) {
    FoundTensor& added = found[std::string(name)];
    added.dims.assign(tensor.dims.rbegin(), tensor.dims.rend());
    added.source.encoding = tensor.encoding;
    added.source.values = tensor.bytes;
    added.source.file = checkpoint;
  }
  return found;
}

template <typename T>
void CheckCount(std::string_view key, const std::vector<T>& list,
                const GgufTokenizer& tokenizer, MetadataReader& reader) {
  if (list.empty() || list.size() == tokenizer.tokens.size()) return;
  reader.Invalid(key, absl::StrCat("has ", list.size(), " elements (there are ",
                                   tokenizer.tokens.size(), " tokens)"));
}

// A token id, which must be that of a token.
std::optional<int64_t> TokenId(std::string_view key,
                               const GgufTokenizer& tokenizer,
                               MetadataReader& reader) {
  const std::optional<int64_t> id = reader.Integer(key);
  // 2^32 - 1 and -1 say that there is none.
  if (!id.has_value() || *id == -1 ||
      *id == std::numeric_limits<uint32_t>::max()) {
    return std::nullopt;
  }
  const auto count = static_cast<int64_t>(tokenizer.tokens.size());
  if (*id < 0 || *id >= count) {
    reader.Invalid(key, absl::StrCat("is ", *id, " (there are ", count,
                                     " tokens)"));
  }
  return id;
}

void ReadTokenIds(MetadataReader& reader, GgufTokenizer& tokenizer) {
  SourceTokenIds& ids = tokenizer.ids;
  ids.bos = TokenId("tokenizer.ggml.bos_token_id", tokenizer, reader);
  ids.pad = TokenId("tokenizer.ggml.padding_token_id", tokenizer, reader);
  ids.unk = TokenId("tokenizer.ggml.unknown_token_id", tokenizer, reader);
  for (const char* key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
        "tokenizer.ggml.eom_token_id"}) {
    const std::optional<int64_t> id = TokenId(key, tokenizer, reader);
    if (!id.has_value()) continue;
    if (std::find(ids.eos.begin(), ids.eos.end(), *id) == ids.eos.end()) {
      ids.eos.push_back(*id);
    }
  }
}

absl::StatusOr<GgufTokenizer> ReadTokenizer(const SourceFile& checkpoint,
                                            uint32_t row_count,
                                            MetadataReader& reader) {
  GgufTokenizer tokenizer;
  tokenizer.path = checkpoint.path;
  const auto model = reader.String("tokenizer.ggml.model");
  if (!model.has_value()) {
    reader.Invalid("tokenizer.ggml.model",
                   "is missing (--tokenizer gives a tokenizer of its own)");
  }
  tokenizer.model = model.value_or("");
  tokenizer.pre = reader.String("tokenizer.ggml.pre").value_or("");
  tokenizer.tokens =
      reader.List("tokenizer.ggml.tokens", GgufStrings, "strings");
  if (tokenizer.tokens.empty() || tokenizer.tokens.size() > row_count) {
    reader.Invalid("tokenizer.ggml.tokens",
                   absl::StrCat("has ", tokenizer.tokens.size(),
                                " tokens (the embeddings have ", row_count,
                                " rows)"));
  }
  tokenizer.scores =
      reader.List("tokenizer.ggml.scores", GgufFloats, "f32");
  CheckCount("tokenizer.ggml.scores", tokenizer.scores, tokenizer, reader);
  const std::vector<int64_t> types =
      reader.List("tokenizer.ggml.token_type", GgufIntegers, "integers");
  CheckCount("tokenizer.ggml.token_type", types, tokenizer, reader);
  for (const int64_t type : types) {
    if (type < 0 || type > std::numeric_limits<int32_t>::max()) {
      reader.Invalid("tokenizer.ggml.token_type", absl::StrCat("has ", type));
    }
    tokenizer.token_types.push_back(static_cast<int32_t>(type));
  }
  tokenizer.merges =
      reader.List("tokenizer.ggml.merges", GgufStrings, "strings");
  ReadTokenIds(reader, tokenizer);
  tokenizer.add_bos = reader.Bool("tokenizer.ggml.add_bos_token");
  tokenizer.add_eos = reader.Bool("tokenizer.ggml.add_eos_token");
  tokenizer.add_space_prefix = reader.Bool("tokenizer.ggml.add_space_prefix");
  tokenizer.remove_extra_whitespaces =
      reader.Bool("tokenizer.ggml.remove_extra_whitespaces");
  PEDIGREE_RETURN_IF_ERROR(reader.Finish({"tokenizer."}));
  return tokenizer;
}

// All but the tokenizer.
struct Opened {
  GgufFile file;
  ModelShape shape;
  std::vector<SourceTensor> tensors;
};

absl::StatusOr<Opened> Open(const SourceFile& checkpoint) {
  Opened opened;
  PEDIGREE_ASSIGN_OR_RETURN(opened.file, ParseGguf(checkpoint.bytes));
  MetadataReader reader(opened.file);
  PEDIGREE_RETURN_IF_ERROR(CheckArchitecture(reader));
  opened.shape = ReadShape(opened.file, reader);
  CheckRest(opened.shape, reader);
  PEDIGREE_RETURN_IF_ERROR(reader.Finish({"llama.", "split."}));
  return opened;
}

absl::StatusOr<ImportedTokenizer> ReadOwnTokenizer(
    const SourceFile& checkpoint, const Opened& opened) {
  MetadataReader reader(opened.file);
  absl::StatusOr<GgufTokenizer> tokenizer =
      ReadTokenizer(checkpoint, opened.shape.vocab_size, reader);
  if (!tokenizer.ok()) {
    return AnnotateWithPath(tokenizer.status(), checkpoint.path);
  }
  return ImportGgufTokenizer(*tokenizer, opened.shape.vocab_size);
}

}  // namespace

absl::StatusOr<ModelSource> OpenGgufCheckpoint(
    const SourceFile& checkpoint, const std::optional<SourceFile>& tokenizer) {
  absl::StatusOr<Opened> opened = Open(checkpoint);
  if (!opened.ok()) return AnnotateWithPath(opened.status(), checkpoint.path);
  FoundTensors found = FindTensors(opened->file, checkpoint);
  // Named before anything is said of the shape that it would give.
  if (found.count(GgufNames().embeddings) > 0) {
    PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
        CheckSourceShape(opened->shape, found.size()), checkpoint.path));
  } else {
    return AnnotateWithPath(
        absl::InvalidArgumentError(
            absl::StrCat("Invalid checkpoint: tensor \"",
                         GgufNames().embeddings, "\" is missing")),
        checkpoint.path);
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      opened->tensors,
      TakeTensors(opened->shape, GgufNames(), checkpoint.path,
                  std::move(found)));
  absl::StatusOr<ImportedTokenizer> ids =
      tokenizer.has_value()
          ? ImportTokenizerFile(*tokenizer, std::nullopt, {},
                                opened->shape.vocab_size)
          : ReadOwnTokenizer(checkpoint, *opened);
  if (!ids.ok()) return ids.status();
  return MakeSource(opened->shape, *std::move(ids),
                    std::move(opened->tensors));
}

}  // namespace pedigree
