#include "packager/checkpoints/hf_checkpoint.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "packager/checkpoints/checkpoint.h"
#include "packager/checkpoints/hf_config.h"
#include "packager/checkpoints/hf_tensors.h"
#include "packager/checkpoints/safetensors_reader.h"
#include "packager/tokenizers/tokenizer_file.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// JSON texts of a model's directory are far smaller; a bound for hostile ones.
constexpr uint64_t kMaxConfigBytes = 1 << 20;
constexpr uint64_t kMaxIndexBytes = 4 << 20;

absl::Status CheckSize(ByteSpan bytes, uint64_t most) {
  if (bytes.size() <= most) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("Cannot read: ", bytes.size(), " bytes long (at most ",
                   most, ")"));
}

absl::StatusOr<HfConfig> ReadConfig(const SourceFile& file) {
  PEDIGREE_RETURN_IF_ERROR(CheckSize(file.bytes, kMaxConfigBytes));
  return ParseHfConfig(AsText(file.bytes));
}

absl::Status ReadGenerationConfig(const SourceFile& file,
                                  SourceTokenIds& ids) {
  PEDIGREE_RETURN_IF_ERROR(CheckSize(file.bytes, kMaxConfigBytes));
  return ParseHfGenerationConfig(AsText(file.bytes), ids);
}

// The file of each tensor.
absl::StatusOr<std::map<std::string, std::string>> ParseIndex(
    std::string_view text) {
  PEDIGREE_RETURN_IF_ERROR(CheckSize(AsBytes(text), kMaxIndexBytes));
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseForeignJson(text, "index"));
  const auto map = json.find("weight_map");
  if (!json.is_object() || map == json.end() || !map->is_object()) {
    return absl::InvalidArgumentError("Invalid index: no \"weight_map\"");
  }
  std::map<std::string, std::string> files;
  for (const auto& [tensor, file] : map->items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    if (!absl::EndsWith(name, ".safetensors") || name[0] == '.' ||
        absl::StrContains(name, '/') || absl::StrContains(name, '\\') ||
        absl::StrContains(name, '\0')) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid index: tensor \"", absl::CHexEscape(tensor.substr(0, 200)),
          "\" is in \"", absl::CHexEscape(name.substr(0, 200)),
          "\" (expected the name of a *.safetensors file beside it)"));
    }
    files.emplace(tensor, name);
  }
  return files;
}

std::vector<std::string> NamesIn(
    const std::map<std::string, std::string>& file_of_tensor) {
  std::set<std::string> names;
  for (const auto& [tensor, file] : file_of_tensor) names.insert(file);
  return {names.begin(), names.end()};
}

// Adds the tensors of one file to `found`.
absl::Status AddFile(const SourceFile& file, FoundTensors& found) {
  absl::StatusOr<std::map<std::string, SafetensorsTensor>> tensors =
      ParseSafetensors(file.bytes);
  if (!tensors.ok()) return tensors.status();
  for (auto& [name, tensor] : *tensors) {
    FoundTensor added;
    added.dims = std::move(tensor.shape);
    added.source.values = tensor.bytes;
    added.source.file = file;
    const std::optional<SourceEncoding> encoding = FindSafetensorsEncoding(tensor.dtype);
    if (encoding.has_value()) {
      added.source.encoding = *encoding;
    } else {
      added.unreadable = std::move(tensor.dtype);
    }
    if (!found.emplace(name, std::move(added)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid checkpoint: tensor \"", absl::CHexEscape(name),
                       "\" is in another file, too"));
    }
  }
  return absl::OkStatus();
}

// The index must put every tensor in the file that holds it, and no other.
absl::Status CheckIndex(const HfFiles& files, const FoundTensors& found) {
  PEDIGREE_ASSIGN_OR_RETURN(const auto file_of_tensor,
                            ParseIndex(AsText(files.index->bytes)));
  const std::vector<std::string> names = NamesIn(file_of_tensor);
  if (names.size() != files.weights.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid index: ", names.size(), " files (there are ",
                     files.weights.size(), ")"));
  }
  for (const auto& [tensor, name] : file_of_tensor) {
    const size_t place =
        std::lower_bound(names.begin(), names.end(), name) - names.begin();
    const auto at = found.find(tensor);
    if (at == found.end() ||
        at->second.source.file.bytes.data() !=
            files.weights[place].bytes.data()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid index: tensor \"", absl::CHexEscape(tensor.substr(0, 200)),
          "\" is not in \"", name, "\""));
    }
  }
  for (const auto& [tensor, at] : found) {
    if (file_of_tensor.count(tensor) > 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid index: lacks tensor \"",
        absl::CHexEscape(tensor.substr(0, 200)), "\" of ",
        at.source.file.path));
  }
  return absl::OkStatus();
}

// A matrix beside a tied output is not used, so it must say the same.
absl::Status DropTiedOutput(FoundTensors& found) {
  const auto output = found.find(HfTensorNames().output);
  const auto embeddings = found.find(HfTensorNames().embeddings);
  if (output == found.end() || embeddings == found.end()) {
    return absl::OkStatus();
  }
  const SourceTensor& a = output->second.source;
  const SourceTensor& b = embeddings->second.source;
  bool equal = output->second.dims == embeddings->second.dims &&
               a.encoding == b.encoding && a.values.size() == b.values.size();
  constexpr uint64_t kPieceBytes = 8 << 20;
  for (uint64_t at = 0; equal && at < a.values.size(); at += kPieceBytes) {
    const ByteSpan x = a.values.subspan(at, kPieceBytes);
    const ByteSpan y = b.values.subspan(at, kPieceBytes);
    equal = std::memcmp(x.data(), y.data(), x.size()) == 0;
    if (a.file.mapped != nullptr) a.file.mapped->Release(x);
    if (b.file.mapped != nullptr) b.file.mapped->Release(y);
  }
  if (!equal) {
    return AnnotateWithPath(
        absl::UnimplementedError(absl::StrCat(
            "Unsupported checkpoint: tie_word_embeddings is true, but \"",
            HfTensorNames().output, "\" differs from \"", HfTensorNames().embeddings,
            "\"")),
        a.file.path);
  }
  found.erase(output);
  return absl::OkStatus();
}

// Old checkpoints hold RoPE's frequencies, which follow from rope_theta;
// transformers leaves them out, too.
void DropFrequencies(FoundTensors& found) {
  for (auto tensor = found.begin(); tensor != found.end();) {
    const bool frequencies =
        absl::StartsWith(tensor->first, "model.layers.") &&
        absl::EndsWith(tensor->first, ".self_attn.rotary_emb.inv_freq");
    tensor = frequencies ? found.erase(tensor) : std::next(tensor);
  }
}

absl::StatusOr<FoundTensors> FindTensors(const HfFiles& files) {
  FoundTensors found;
  for (const SourceFile& file : files.weights) {
    PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(AddFile(file, found), file.path));
  }
  if (files.index.has_value()) {
    PEDIGREE_RETURN_IF_ERROR(
        AnnotateWithPath(CheckIndex(files, found), files.index->path));
  }
  return found;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> IndexedFiles(std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(const auto file_of_tensor, ParseIndex(text));
  if (file_of_tensor.empty()) {
    return absl::InvalidArgumentError("Invalid index: \"weight_map\" is empty");
  }
  return NamesIn(file_of_tensor);
}

absl::StatusOr<ModelSource> OpenHfCheckpoint(const HfFiles& files) {
  absl::StatusOr<HfConfig> config = ReadConfig(files.config);
  if (!config.ok()) return AnnotateWithPath(config.status(), files.config.path);
  if (files.generation_config.has_value()) {
    PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
        ReadGenerationConfig(*files.generation_config, config->ids),
        files.generation_config->path));
  }
  const ModelShape& shape = config->shape;
  PEDIGREE_ASSIGN_OR_RETURN(FoundTensors found, FindTensors(files));
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
      CheckSourceShape(shape, found.size()), files.config.path));
  if (shape.tied_output) PEDIGREE_RETURN_IF_ERROR(DropTiedOutput(found));
  DropFrequencies(found);
  const std::string& weights_path = files.index.has_value()
                                        ? files.index->path
                                        : files.weights.front().path;
  PEDIGREE_ASSIGN_OR_RETURN(
      std::vector<SourceTensor> tensors,
      TakeTensors(shape, HfTensorNames(), weights_path, std::move(found)));
  ReorderHalves(shape, tensors);
  PEDIGREE_ASSIGN_OR_RETURN(
      ImportedTokenizer tokenizer,
      ImportTokenizerFile(files.tokenizer, files.tokenizer_config,
                          config->ids, shape.vocab_size));
  return MakeSource(shape, std::move(tokenizer), std::move(tensors));
}

}  // namespace pedigree
