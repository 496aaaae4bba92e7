// A model that leaves for another format and comes back is the same file.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"
#include "packager/checkpoints/export.h"
#include "packager/model_source.h"
#include "packager/operators.h"
#include "packager/slm_writer.h"
#include "packager/testing.h"
#include "runtime/base/bytes.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

// The inputs of an import from `files`, which they borrow.
std::vector<OperatorInput> HfInputs(const ExportedFiles& files) {
  std::vector<OperatorInput> inputs;
  const auto add = [&](const std::string& role, const std::string& name) {
    const auto file = files.find(name);
    if (file == files.end()) return;
    inputs.push_back(MakeOperatorInput(role, name, AsBytes(file->second)));
  };
  add("config", "config.json");
  add("generation_config", "generation_config.json");
  add("index", "model.safetensors.index.json");
  for (const auto& [name, bytes] : files) {
    if (absl::EndsWith(name, ".safetensors")) add("weights", name);
  }
  add("tokenizer", "tokenizer");
  add("tokenizer", "tokenizer.json");
  return inputs;
}

std::string ThroughHf(const std::string& model, SourceEncoding encoding,
                      int shard_count) {
  const ExportedFiles files =
      ExportHf(*SlmReader::Parse(AsBytes(model)), encoding, shard_count);
  return RunForTest("import", TestConfig("hf", "f32"), HfInputs(files));
}

std::string ThroughGguf(const std::string& model, SourceEncoding encoding) {
  const SlmReader reader = *SlmReader::Parse(AsBytes(model));
  const std::string file = ExportGguf(reader, encoding);
  const std::string tokenizer(AsText(reader.tokenizer_section()));
  return RunForTest(
      "import", TestConfig("gguf", "source"),
      {TestInput("checkpoint", file), TestInput("tokenizer", tokenizer)});
}

// The test model with its matrices' values cut to bfloat16, which binary16
// holds as well: they are small, and have 8 bits.
std::string RoundedModel() {
  std::string file = TestModel();
  const SlmReader reader = *SlmReader::Parse(AsBytes(file));
  const ExportedFiles files = ExportHf(reader, SourceEncoding::kF32);
  ExportedFiles rounded = files;
  std::string& weights = rounded["model.safetensors"];
  const auto header = LoadLittleEndian<uint64_t>(AsBytes(weights).data());
  for (size_t at = 8 + header; at < weights.size(); at += sizeof(float)) {
    weights[at] = 0;
    weights[at + 1] = 0;
    // Below 2^-6 binary16 could lose bits: such values become 0.
    const auto bits = LoadLittleEndian<uint32_t>(AsBytes(weights).data() + at);
    if ((bits & 0x7fffffff) < 0x3c800000) weights.replace(at, 4, 4, '\0');
  }
  return RunForTest("import", TestConfig("hf", "f32"), HfInputs(rounded));
}

TEST(RoundTripTest, HuggingFaceF32) {
  const std::string model = TestModel();
  for (const int shard_count : {1, 3}) {
    EXPECT_EQ(Sha256(ThroughHf(model, SourceEncoding::kF32, shard_count)),
              Sha256(model));
  }
}

TEST(RoundTripTest, HuggingFaceHalves) {
  const std::string model = RoundedModel();
  for (const SourceEncoding encoding :
       {SourceEncoding::kF16, SourceEncoding::kBF16}) {
    EXPECT_EQ(Sha256(ThroughHf(model, encoding, 2)), Sha256(model));
  }
}

TEST(RoundTripTest, Gguf) {
  const std::string model = TestModel();
  EXPECT_EQ(Sha256(ThroughGguf(model, SourceEncoding::kF32)), Sha256(model));
  const std::string rounded = RoundedModel();
  for (const SourceEncoding encoding :
       {SourceEncoding::kF16, SourceEncoding::kBF16}) {
    EXPECT_EQ(Sha256(ThroughGguf(rounded, encoding)), Sha256(rounded));
  }
}

// A model of widths 64 with seeded values, quantised, whose scales are then cut
// to binary16.
std::string QuantizedModel(const std::string& dtype) {
  packager::OperatorConfig config = TestConfig("mock", dtype);
  config.set_q8_0_group("32");
  std::string spec = kTestModelSpec;
  spec.replace(spec.find("ffn_size: 40"), 12, "ffn_size: 64");
  std::string file =
      RunForTest("import", config, {TestInput("spec", spec)});
  const SlmReader reader = *SlmReader::Parse(AsBytes(file));
  SlmContent content;
  content.shape = reader.shape();
  content.tokenizer_section = std::string(AsText(reader.tokenizer_section()));
  for (size_t i = 0; i < reader.entries().size(); ++i) {
    const absl::Span<const float> scales = reader.scales(i);
    TensorData& tensor = content.tensors.emplace_back();
    tensor.dtype = reader.entries()[i].dtype;
    tensor.block_size = reader.entries()[i].block_size;
    tensor.payload = std::string(AsText(reader.payload(i)));
    for (const float scale : scales) {
      // A power of two near the scale.
      int exponent;
      tensor.scales.push_back(
          std::ldexp(std::frexp(scale, &exponent) < 0 ? -0.5f : 0.5f,
                     std::max(exponent, -12)));
    }
  }
  return *WriteSlm(content);
}

TEST(RoundTripTest, GgufBlocks) {
  for (const char* dtype : {"q8_0", "q4_0"}) {
    const std::string model = QuantizedModel(dtype);
    EXPECT_EQ(Sha256(ThroughGguf(model, SourceEncoding::kF32)), Sha256(model))
        << dtype;
  }
}

// A tokenizer as GGUF has it, from which tokenizer.json follows.
struct SourceTokens {
  std::string model;  // "llama" or "gpt2"
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<int32_t> types;
  std::vector<std::string> merges;
  int64_t eos = 0;
  std::optional<int64_t> bos;
  Json pipeline;  // tokenizer.json without added tokens and model

  void Add(std::string token, int32_t type, float score = 0) {
    tokens.push_back(std::move(token));
    types.push_back(type);
    scores.push_back(score);
  }
};

constexpr int32_t kNormal = 1;
constexpr int32_t kUnknown = 2;
constexpr int32_t kControl = 3;
constexpr int32_t kUnused = 5;

// <unk>, <s>, </s>, the bytes, and pieces with spaces escaped.
SourceTokens SentencePieceTokens() {
  SourceTokens source;
  source.model = "llama";
  source.bos = 1;
  source.eos = 2;
  source.Add("<unk>", kUnknown);
  source.Add("<s>", kControl);
  source.Add("</s>", kControl);
  for (int byte = 0; byte < 256; ++byte) {
    source.Add(absl::StrFormat("<0x%02X>", byte), 6);
  }
  source.Add("\xe2\x96\x81", kNormal, -3);
  source.Add("t", kNormal, -4);
  source.Add("h", kNormal, -5);
  source.Add("th", kNormal, -1);
  source.Add("\xe2\x96\x81th", kNormal, -2);
  source.merges = {"t h", "\xe2\x96\x81 th"};
  source.pipeline = Json::parse(R"({
    "normalizer": {"type": "Sequence", "normalizers": [
      {"type": "Prepend", "prepend": "\u2581"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
    "pre_tokenizer": null,
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                 {"Sequence": {"id": "A", "type_id": 0}}],
      "pair": [],
      "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
    "decoder": {"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
      {"type": "ByteFallback"}, {"type": "Fuse"},
      {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
    "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true,
              "byte_fallback": true}})");
  return source;
}

// <end>, the bytes in the byte-level alphabet, " h", and a filler.
SourceTokens ByteLevelTokens() {
  SourceTokens source;
  source.model = "gpt2";
  source.eos = 0;
  source.Add("<end>", kControl);
  int moved = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
    const int c = printable ? byte : 256 + moved++;
    source.Add(c < 128 ? std::string(1, static_cast<char>(c))
                       : std::string{static_cast<char>(0xc0 | c >> 6),
                                     static_cast<char>(0x80 | (c & 0x3f))},
               kNormal);
  }
  source.Add("\xc4\xa0h", kNormal);
  source.Add("[PAD258]", kUnused);
  source.merges = {"\xc4\xa0 h"};
  source.pipeline = Json::parse(R"({
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false,
                      "trim_offsets": true, "use_regex": true},
    "post_processor": {"type": "ByteLevel", "add_prefix_space": true,
                       "trim_offsets": false, "use_regex": true},
    "decoder": {"type": "ByteLevel", "add_prefix_space": true,
                "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE"}})");
  return source;
}

std::string TokenizerJson(const SourceTokens& source) {
  Json root = source.pipeline;
  root["version"] = "1.0";
  root["added_tokens"] = Json::array();
  for (size_t id = 0; id < source.tokens.size(); ++id) {
    const std::string& token = source.tokens[id];
    // Embedding rows that fill up have no token.
    if (source.types[id] == kUnused) continue;
    const bool control = source.types[id] == kControl;
    if (!control) root["model"]["vocab"][token] = id;
    if (!control && source.types[id] != kUnknown) continue;
    root["added_tokens"].push_back(
        {{"id", id}, {"content", token}, {"special", true}});
  }
  root["model"]["merges"] = source.merges;
  return root.dump();
}

// Writes GGUF metadata.
class MetadataWriter {
 public:
  void Text(const std::string& key, const std::string& value) {
    Key(key, 8);
    Append(value);
  }
  void Integer(const std::string& key, int64_t value) {
    Key(key, 4);
    AppendLittleEndian(static_cast<uint32_t>(value), out_);
  }
  void Texts(const std::string& key, const std::vector<std::string>& values) {
    List(key, 8, values.size());
    for (const std::string& value : values) Append(value);
  }
  template <typename T>
  void Numbers(const std::string& key, uint32_t type,
               const std::vector<T>& values) {
    List(key, type, values.size());
    for (const T value : values) AppendLittleEndian(value, out_);
  }
  void Put(ExportVocabulary& vocabulary) const {
    vocabulary.gguf_metadata = out_;
    vocabulary.gguf_key_count = count_;
  }

 private:
  void Key(const std::string& key, uint32_t type) {
    Append("tokenizer.ggml." + key);
    AppendLittleEndian(type, out_);
    ++count_;
  }
  void List(const std::string& key, uint32_t type, uint64_t size) {
    Key(key, 9);
    AppendLittleEndian(type, out_);
    AppendLittleEndian(size, out_);
  }
  void Append(const std::string& text) {
    AppendLittleEndian(uint64_t{text.size()}, out_);
    out_ += text;
  }

  std::string out_;
  uint64_t count_ = 0;
};

void PutMetadata(const SourceTokens& source, ExportVocabulary& vocabulary) {
  MetadataWriter writer;
  writer.Text("model", source.model);
  writer.Texts("tokens", source.tokens);
  writer.Numbers("token_type", 5, source.types);
  if (source.model == "gpt2") {
    writer.Text("pre", "gpt-2");
    writer.Texts("merges", source.merges);
  } else {
    writer.Numbers("scores", 6, source.scores);
    writer.Integer("unknown_token_id", 0);
  }
  writer.Integer("eos_token_id", source.eos);
  if (source.bos) writer.Integer("bos_token_id", *source.bos);
  writer.Put(vocabulary);
}

ExportVocabulary VocabularyOf(const SourceTokens& source,
                              std::vector<int64_t> id_of_row) {
  ExportVocabulary vocabulary;
  vocabulary.id_of_row = std::move(id_of_row);
  Json ids = {{"eos_token_id", source.eos}};
  if (source.bos) ids["bos_token_id"] = *source.bos;
  vocabulary.generation_config = ids.dump();
  vocabulary.tokenizer_json = TokenizerJson(source);
  PutMetadata(source, vocabulary);
  return vocabulary;
}

// What the import of a GGUF file with its own tokenizer makes.
struct Imported {
  std::string model;
  std::vector<TokenIdRange> id_map;
};

Imported ImportGguf(const std::string& model,
                    const ExportVocabulary& vocabulary) {
  const std::string file = ExportGguf(*SlmReader::Parse(AsBytes(model)),
                                      SourceEncoding::kF32, vocabulary);
  const auto output = RunOperator("import", TestConfig("gguf", "source"),
                                  {{TestInput("checkpoint", file)}});
  EXPECT_TRUE(output.ok()) << output.status();
  if (!output.ok()) return {};
  return {output->bytes, output->id_map};
}

std::string ThroughHf(const std::string& model,
                      const ExportVocabulary& vocabulary) {
  const ExportedFiles files = ExportHf(*SlmReader::Parse(AsBytes(model)),
                                       SourceEncoding::kF32, 2, vocabulary);
  return RunForTest("import", TestConfig("hf", "f32"), HfInputs(files));
}

// The model with the rows of `source`'s tokens, which are of ids from 0 on, so
// that a row that is moved wrongly is another one.
Imported WithTokens(const std::string& model, const SourceTokens& source) {
  const uint32_t vocab_size =
      SlmReader::Parse(AsBytes(model))->shape().vocab_size;
  std::vector<int64_t> id_of_row;
  for (size_t row = 0; row < source.tokens.size(); ++row) {
    id_of_row.push_back(source.types[row] == kUnused
                            ? -1
                            : static_cast<int64_t>(row % vocab_size));
  }
  return ImportGguf(model, VocabularyOf(source, std::move(id_of_row)));
}

// For each row of the checkpoint the id that `id_map` gave it.
std::vector<int64_t> IdOfRow(const std::vector<TokenIdRange>& id_map,
                             size_t row_count) {
  std::vector<int64_t> id_of_row(row_count, -1);
  for (const TokenIdRange& range : id_map) {
    for (uint32_t i = 0; i < range.count && !range.absent; ++i) {
      id_of_row[range.source_first_id + i] = range.first_id + i;
    }
  }
  return id_of_row;
}

TEST(RoundTripTest, TokenizersOfCheckpoints) {
  for (const SourceTokens& source :
       {SentencePieceTokens(), ByteLevelTokens()}) {
    for (const char* dtype : {"f32", "q8_0", "q4_0"}) {
      const bool f32 = std::string(dtype) == "f32";
      const Imported first =
          WithTokens(f32 ? TestModel() : QuantizedModel(dtype), source);
      const ExportVocabulary vocabulary = VocabularyOf(
          source, IdOfRow(first.id_map, source.tokens.size()));
      EXPECT_EQ(Sha256(ImportGguf(first.model, vocabulary).model),
                Sha256(first.model))
          << source.model << " " << dtype;
      if (!f32) continue;
      const std::string hf = ThroughHf(first.model, vocabulary);
      EXPECT_EQ(Sha256(ThroughHf(hf, vocabulary)), Sha256(hf)) << source.model;
      // The form makes no difference, but that a token which tokenizer.json
      // has in its vocabulary, too, is recorded as such.
      if (source.model == "gpt2") EXPECT_EQ(Sha256(hf), Sha256(first.model));
    }
  }
}

TEST(RoundTripTest, RowsFollowTheirTokens) {
  const std::string parent = TestModel();
  const SlmReader before = *SlmReader::Parse(AsBytes(parent));
  const Imported imported = WithTokens(parent, SentencePieceTokens());
  const auto after = SlmReader::Parse(AsBytes(imported.model));
  ASSERT_TRUE(after.ok()) << after.status();
  const auto tokenizer = Tokenizer::Parse(after->tokenizer_section(),
                                          after->shape().vocab_size);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  const auto ids = (*tokenizer)->Encode("th!");
  ASSERT_TRUE(ids.ok()) << ids.status();
  // "<s>", "_th", "<0x21>" are rows 1, 263 and 36, which hold ids 1, 3 and 36.
  ASSERT_EQ(ids->size(), 3u);
  const uint64_t row_bytes = before.shape().hidden_size * sizeof(float);
  constexpr uint64_t kParentIds[] = {1, 3, 36};
  for (const int tensor : {0, static_cast<int>(before.specs().size()) - 1}) {
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(AsText(after->payload(tensor).subspan((*ids)[i] * row_bytes,
                                                      row_bytes)),
                AsText(before.payload(tensor).subspan(
                    kParentIds[i] * row_bytes, row_bytes)));
    }
  }
}

}  // namespace
}  // namespace pedigree
