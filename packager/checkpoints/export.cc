#include "packager/checkpoints/export.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "packager/quantize.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"
#include "runtime/tensor/half.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

uint32_t Bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// The binary16 of a value that has one.
uint16_t ToHalf(float value) {
  const uint16_t half = FloatToHalf(value);
  PEDIGREE_CHECK(Bits(HalfToFloat(half)) == Bits(value));
  return half;
}

void AppendValue(float value, SourceEncoding encoding, std::string& out) {
  if (encoding == SourceEncoding::kF32) {
    AppendLittleEndian(value, out);
  } else if (encoding == SourceEncoding::kF16) {
    AppendLittleEndian(ToHalf(value), out);
  } else {
    PEDIGREE_CHECK((Bits(value) & 0xffff) == 0);
    AppendLittleEndian(static_cast<uint16_t>(Bits(value) >> 16), out);
  }
}

struct Named {
  std::string name;
  std::vector<uint64_t> dims;  // outermost first
  std::string bytes;
  std::string type;      // safetensors
  uint32_t number = 0;   // GGUF
};

// `name` of layer N with the layer's number taken out, and that number.
std::pair<std::string, std::string> SplitLayer(const std::string& name) {
  if (!absl::StartsWith(name, "layers.")) return {name, ""};
  const size_t dot = name.find('.', 7);
  return {name.substr(dot + 1), name.substr(7, dot - 7)};
}

std::string Renamed(const std::string& name, const std::string& layer_prefix,
                    const std::map<std::string, std::string>& names) {
  const auto [part, layer] = SplitLayer(name);
  const std::string& renamed = names.at(part);
  return layer.empty() ? renamed
                       : absl::StrCat(layer_prefix, layer, ".", renamed);
}

std::vector<uint64_t> Dims(const TensorSpec& spec) {
  return {spec.dims.begin(), spec.dims.begin() + spec.rank};
}

// Rows of a head from adjacent pairs back to halves.
std::vector<float> ToHalves(const std::vector<float>& values,
                            const TensorSpec& spec, uint32_t head_dim) {
  const std::vector<int64_t> source_row =
      RowsOfHalves(spec.dims[0] / head_dim, head_dim);
  std::vector<float> moved(values.size());
  const uint64_t columns = spec.columns();
  for (size_t row = 0; row < source_row.size(); ++row) {
    std::copy_n(&values[row * columns], columns,
                &moved[source_row[row] * columns]);
  }
  return moved;
}

// Puts the rows of embeddings and output where the checkpoint has them.
void PutRows(const TensorSpec& spec, const ExportVocabulary& vocabulary,
             Named& tensor) {
  if (vocabulary.id_of_row.empty()) return;
  if (spec.name != "tok_embeddings.weight" && spec.name != "output.weight") {
    return;
  }
  const size_t row_bytes = tensor.bytes.size() / spec.dims[0];
  std::string rows;
  for (const int64_t id : vocabulary.id_of_row) {
    if (id < 0) {
      rows.append(row_bytes, '\0');
    } else {
      rows += tensor.bytes.substr(id * row_bytes, row_bytes);
    }
  }
  tensor.bytes = std::move(rows);
  tensor.dims[0] = vocabulary.id_of_row.size();
}

std::string Safetensors(const std::vector<Named>& tensors) {
  Json header = {{"__metadata__", {{"format", "pt"}}}};
  std::string data;
  for (const Named& tensor : tensors) {
    header[tensor.name] = {
        {"dtype", tensor.type},
        {"shape", tensor.dims},
        {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data += tensor.bytes;
  }
  const std::string text = header.dump();
  std::string file;
  AppendLittleEndian(uint64_t{text.size()}, file);
  return file + text + data;
}

std::string HfConfigJson(const ModelShape& shape) {
  const Json config = {{"architectures", {"LlamaForCausalLM"}},
                       {"head_dim", shape.head_dim},
                       {"hidden_act", "silu"},
                       {"hidden_size", shape.hidden_size},
                       {"intermediate_size", shape.ffn_size},
                       {"max_position_embeddings", shape.max_context},
                       {"num_attention_heads", shape.head_count},
                       {"num_hidden_layers", shape.layer_count},
                       {"num_key_value_heads", shape.kv_head_count},
                       {"rms_norm_eps", shape.rms_norm_epsilon},
                       {"rope_theta", shape.rope_theta},
                       {"tie_word_embeddings", shape.tied_output},
                       {"vocab_size", shape.vocab_size}};
  return config.dump();
}

void AppendText(const std::string& text, std::string& out) {
  AppendLittleEndian(uint64_t{text.size()}, out);
  out += text;
}

// The blocks of a quantised tensor as GGUF has them.
std::string Blocks(const SlmReader& model, int index) {
  const TensorEntry& entry = model.entries()[index];
  PEDIGREE_CHECK(entry.block_size == 32);
  const ByteSpan payload = model.payload(index);
  const absl::Span<const float> scales = model.scales(index);
  std::string out;
  for (size_t block = 0; block < scales.size(); ++block) {
    AppendLittleEndian(ToHalf(scales[block]), out);
    if (entry.dtype == DType::kQ8_0) {
      out.append(AsText(payload.subspan(block * 32, 32)));
      continue;
    }
    int values[32];
    for (int i = 0; i < 32; ++i) {
      const int byte = payload[block * 16 + i / 2];
      values[i] = ((i % 2 == 0 ? byte : byte >> 4) & 15) ^ 8;
    }
    for (int i = 0; i < 16; ++i) {
      out.push_back(static_cast<char>(values[i] | values[i + 16] << 4));
    }
  }
  return out;
}

uint32_t GgufNumber(SourceEncoding encoding) {
  if (encoding == SourceEncoding::kF32) return 0;
  return encoding == SourceEncoding::kF16 ? 1 : 30;
}

std::vector<Named> GgufTensors(const SlmReader& model,
                               SourceEncoding encoding,
                               const ExportVocabulary& vocabulary) {
  static const auto& names = *new std::map<std::string, std::string>{
      {"tok_embeddings.weight", "token_embd.weight"},
      {"attn_norm.weight", "attn_norm.weight"},
      {"wq.weight", "attn_q.weight"},
      {"wk.weight", "attn_k.weight"},
      {"wv.weight", "attn_v.weight"},
      {"wo.weight", "attn_output.weight"},
      {"ffn_norm.weight", "ffn_norm.weight"},
      {"w1.weight", "ffn_gate.weight"},
      {"w3.weight", "ffn_up.weight"},
      {"w2.weight", "ffn_down.weight"},
      {"norm.weight", "output_norm.weight"},
      {"output.weight", "output.weight"}};
  std::vector<Named> tensors;
  for (size_t i = 0; i < model.specs().size(); ++i) {
    const TensorSpec& spec = model.specs()[i];
    Named& tensor = tensors.emplace_back();
    tensor.name = Renamed(spec.name, "blk.", names);
    tensor.dims = Dims(spec);
    const DType dtype = model.entries()[i].dtype;
    if (dtype != DType::kF32) {
      tensor.number = dtype == DType::kQ8_0 ? 8 : 2;
      tensor.bytes = Blocks(model, i);
      PutRows(spec, vocabulary, tensor);
      continue;
    }
    // llama.cpp keeps vectors f32.
    const SourceEncoding stored =
        spec.rank == 1 ? SourceEncoding::kF32 : encoding;
    tensor.number = GgufNumber(stored);
    for (const float value : LoadTensor(ViewTensor(model, i))) {
      AppendValue(value, stored, tensor.bytes);
    }
    PutRows(spec, vocabulary, tensor);
  }
  return tensors;
}

// Metadata of the llama architecture, and how many keys that are.
std::string GgufMetadata(const ModelShape& shape, uint64_t& count) {
  std::string out;
  const auto u32 = [&](const std::string& key, uint32_t value) {
    AppendText(key, out);
    AppendLittleEndian(uint32_t{4}, out);
    AppendLittleEndian(value, out);
    ++count;
  };
  const auto f32 = [&](const std::string& key, float value) {
    AppendText(key, out);
    AppendLittleEndian(uint32_t{6}, out);
    AppendLittleEndian(value, out);
    ++count;
  };
  AppendText("general.architecture", out);
  AppendLittleEndian(uint32_t{8}, out);
  AppendText("llama", out);
  ++count;
  u32("llama.block_count", shape.layer_count);
  u32("llama.context_length", shape.max_context);
  u32("llama.embedding_length", shape.hidden_size);
  u32("llama.feed_forward_length", shape.ffn_size);
  u32("llama.attention.head_count", shape.head_count);
  u32("llama.attention.head_count_kv", shape.kv_head_count);
  u32("llama.attention.key_length", shape.head_dim);
  u32("llama.attention.value_length", shape.head_dim);
  u32("llama.rope.dimension_count", shape.head_dim);
  f32("llama.rope.freq_base", shape.rope_theta);
  f32("llama.attention.layer_norm_rms_epsilon", shape.rms_norm_epsilon);
  return out;
}

}  // namespace

ExportedFiles ExportHf(const SlmReader& model, SourceEncoding encoding,
                       int shard_count,
                       const ExportVocabulary& vocabulary) {
  static const auto& names = *new std::map<std::string, std::string>{
      {"tok_embeddings.weight", "model.embed_tokens.weight"},
      {"attn_norm.weight", "input_layernorm.weight"},
      {"wq.weight", "self_attn.q_proj.weight"},
      {"wk.weight", "self_attn.k_proj.weight"},
      {"wv.weight", "self_attn.v_proj.weight"},
      {"wo.weight", "self_attn.o_proj.weight"},
      {"ffn_norm.weight", "post_attention_layernorm.weight"},
      {"w1.weight", "mlp.gate_proj.weight"},
      {"w3.weight", "mlp.up_proj.weight"},
      {"w2.weight", "mlp.down_proj.weight"},
      {"norm.weight", "model.norm.weight"},
      {"output.weight", "lm_head.weight"}};
  const std::string type = encoding == SourceEncoding::kF32   ? "F32"
                           : encoding == SourceEncoding::kF16 ? "F16"
                                                              : "BF16";
  std::vector<std::vector<Named>> shards(shard_count);
  for (size_t i = 0; i < model.specs().size(); ++i) {
    const TensorSpec& spec = model.specs()[i];
    std::vector<float> values = LoadTensor(ViewTensor(model, i));
    if (absl::EndsWith(spec.name, "wq.weight") ||
        absl::EndsWith(spec.name, "wk.weight")) {
      values = ToHalves(values, spec, model.shape().head_dim);
    }
    Named& tensor = shards[i % shard_count].emplace_back();
    tensor.name = Renamed(spec.name, "model.layers.", names);
    tensor.dims = Dims(spec);
    tensor.type = type;
    for (const float value : values) AppendValue(value, encoding, tensor.bytes);
    PutRows(spec, vocabulary, tensor);
  }
  ModelShape shape = model.shape();
  if (!vocabulary.id_of_row.empty()) {
    shape.vocab_size = static_cast<uint32_t>(vocabulary.id_of_row.size());
  }
  ExportedFiles files;
  files["config.json"] = HfConfigJson(shape);
  files["generation_config.json"] = vocabulary.generation_config;
  if (vocabulary.tokenizer_json.empty()) {
    files["tokenizer"] = std::string(AsText(model.tokenizer_section()));
  } else {
    files["tokenizer.json"] = vocabulary.tokenizer_json;
  }
  if (shard_count == 1) {
    files["model.safetensors"] = Safetensors(shards[0]);
    return files;
  }
  Json index = {{"metadata", {{"total_size", 0}}}};
  for (int i = 0; i < shard_count; ++i) {
    const std::string name = absl::StrFormat("model-%05d-of-%05d.safetensors",
                                             i + 1, shard_count);
    for (const Named& tensor : shards[i]) {
      index["weight_map"][tensor.name] = name;
    }
    files[name] = Safetensors(shards[i]);
  }
  files["model.safetensors.index.json"] = index.dump();
  return files;
}

std::string ExportGguf(const SlmReader& model, SourceEncoding encoding,
                       const ExportVocabulary& vocabulary) {
  const std::vector<Named> tensors = GgufTensors(model, encoding, vocabulary);
  uint64_t key_count = vocabulary.gguf_key_count;
  const std::string metadata =
      GgufMetadata(model.shape(), key_count) + vocabulary.gguf_metadata;
  std::string file = "GGUF";
  AppendLittleEndian(uint32_t{3}, file);
  AppendLittleEndian(uint64_t{tensors.size()}, file);
  AppendLittleEndian(key_count, file);
  file += metadata;
  std::string data;
  for (const Named& tensor : tensors) {
    AppendText(tensor.name, file);
    AppendLittleEndian(static_cast<uint32_t>(tensor.dims.size()), file);
    for (auto dim = tensor.dims.rbegin(); dim != tensor.dims.rend(); ++dim) {
      AppendLittleEndian(*dim, file);
    }
    AppendLittleEndian(tensor.number, file);
    AppendLittleEndian(uint64_t{data.size()}, file);
    data += tensor.bytes;
    PadTo(32, data);
  }
  PadTo(32, file);
  return file + data;
}

}  // namespace pedigree
