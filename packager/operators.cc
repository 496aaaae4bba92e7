#include "packager/operators.h"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "packager/adapter_diff.h"
#include "packager/adapter_spec.h"
#include "packager/byte_sink.h"
#include "packager/checkpoints/gguf_checkpoint.h"
#include "packager/checkpoints/hf_checkpoint.h"
#include "packager/checkpoints/llama2c_checkpoint.h"
#include "packager/checkpoints/peft_adapter.h"
#include "packager/file_digest.h"
#include "packager/fuse.h"
#include "packager/merge/merge_models.h"
#include "packager/merge/merge_recipe.h"
#include "packager/mock_model.h"
#include "packager/model_weights.h"
#include "packager/same_layout.h"
#include "packager/slm_source.h"
#include "packager/training/train.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/file.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_reader.h"
#include "runtime/model/model.h"

namespace pedigree {
namespace {

using Inputs = absl::Span<const OperatorInput>;

absl::StatusOr<DType> ReadDType(const std::string& name) {
  const std::optional<DType> dtype = DTypeFromName(name);
  if (dtype.has_value()) return *dtype;
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid dtype: \"", name, "\" (expected f32, q8_0 or q4_0)"));
}

absl::StatusOr<StorageRequest> ReadStorage(
    const packager::OperatorConfig& config) {
  StorageRequest request;
  PEDIGREE_ASSIGN_OR_RETURN(request.dtype, ReadDType(config.dtype()));
  if (config.q8_0_group() != "row" && config.q8_0_group() != "32") {
    return absl::InvalidArgumentError(absl::StrCat("Invalid q8_0 group: \"",
                                                   config.q8_0_group(),
                                                   "\" (expected row or 32)"));
  }
  request.q8_0_blocks = config.q8_0_group() == "32";
  for (const packager::TensorStorage& rule :
       config.tensor_storage().tensors()) {
    PEDIGREE_ASSIGN_OR_RETURN(const DType dtype, ReadDType(rule.dtype()));
    request.overrides.push_back({rule.pattern(), dtype});
  }
  return request;
}

// Checks roles: `required` in order, then any number of adapters if `repeated`
// (at least one).
absl::Status CheckRoles(std::string_view name, Inputs inputs,
                        std::initializer_list<std::string_view> required,
                        bool then_adapters = false) {
  const size_t least = required.size() + (then_adapters ? 1 : 0);
  if (inputs.size() < least ||
      (inputs.size() > required.size() && !then_adapters)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid inputs of ", name, ": ", inputs.size(),
                     " (expected ", least, then_adapters ? " or more)" : ")"));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string_view expected =
        i < required.size() ? required.begin()[i] : "adapter";
    if (inputs[i].role != expected) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid inputs of ", name, ": input ", i, " is \"",
                       inputs[i].role, "\" (expected \"", expected, "\")"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<SlmReader> ParseModel(const OperatorInput& input) {
  absl::StatusOr<SlmReader> model = SlmReader::Parse(input.bytes);
  if (!model.ok()) return AnnotateWithPath(model.status(), input.path);
  return model;
}

SourceFile FileOf(const OperatorInput& input) {
  return {input.path, input.bytes, input.mapped};
}

absl::StatusOr<ModelSource> OpenMock(Inputs inputs) {
  PEDIGREE_RETURN_IF_ERROR(CheckRoles("import", inputs, {"spec"}));
  absl::StatusOr<ModelWeights> weights = MakeMockModel(AsText(inputs[0].bytes));
  if (!weights.ok()) return AnnotateWithPath(weights.status(), inputs[0].path);
  return SourceOf(*std::move(weights));
}

absl::StatusOr<ModelSource> OpenLlama2c(Inputs inputs) {
  PEDIGREE_RETURN_IF_ERROR(
      CheckRoles("import", inputs, {"checkpoint", "tokenizer"}));
  return OpenLlama2cCheckpoint(FileOf(inputs[0]), FileOf(inputs[1]));
}

absl::StatusOr<ModelSource> OpenGguf(Inputs inputs) {
  if (inputs.size() < 2) {
    PEDIGREE_RETURN_IF_ERROR(CheckRoles("import", inputs, {"checkpoint"}));
    return OpenGgufCheckpoint(FileOf(inputs[0]), std::nullopt);
  }
  PEDIGREE_RETURN_IF_ERROR(
      CheckRoles("import", inputs, {"checkpoint", "tokenizer"}));
  return OpenGgufCheckpoint(FileOf(inputs[0]), FileOf(inputs[1]));
}

absl::StatusOr<ModelSource> OpenHf(Inputs inputs) {
  HfFiles files;
  size_t next = 0;
  const auto take = [&](std::string_view role) -> std::optional<SourceFile> {
    if (next == inputs.size() || inputs[next].role != role) return std::nullopt;
    return FileOf(inputs[next++]);
  };
  const std::optional<SourceFile> config = take("config");
  files.generation_config = take("generation_config");
  files.index = take("index");
  while (const std::optional<SourceFile> weights = take("weights")) {
    files.weights.push_back(*weights);
  }
  const std::optional<SourceFile> tokenizer = take("tokenizer");
  files.tokenizer_config = take("tokenizer_config");
  if (!config || files.weights.empty() || !tokenizer || next < inputs.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid inputs of import: input ", next, " is ",
        next < inputs.size() ? absl::StrCat("\"", inputs[next].role, "\"")
                             : "missing",
        " (expected config, generation_config or not, index or not, weights, "
        "tokenizer, tokenizer_config or not)"));
  }
  files.config = *config;
  files.tokenizer = *tokenizer;
  return OpenHfCheckpoint(files);
}

absl::StatusOr<ModelSource> OpenImport(const packager::OperatorConfig& config,
                                       Inputs inputs) {
  if (config.format() == "mock") return OpenMock(inputs);
  if (config.format() == "llama2c") return OpenLlama2c(inputs);
  if (config.format() == "gguf") return OpenGguf(inputs);
  if (config.format() == "hf") return OpenHf(inputs);
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid format: \"", config.format(),
                   "\" (expected hf, gguf, llama2c or mock)"));
}

// A model that is ready to be written, once or twice.
struct OpenedModel {
  // Borrows the inputs.
  std::function<absl::StatusOr<StoredSource>(ByteSink* sink, uint64_t checksum,
                                             const Progress& progress)>
      store;
  std::vector<TokenIdRange> id_map;
};

OpenedModel OpenedSource(ModelSource opened, const StorageRequest& request) {
  OpenedModel model;
  const auto source = std::make_shared<const ModelSource>(std::move(opened));
  model.id_map = source->id_map;
  model.store = [source, request](ByteSink* sink, uint64_t checksum,
                                  const Progress& progress) {
    return StoreSource(*source, request, sink, checksum, progress);
  };
  return model;
}

absl::StatusOr<OpenedModel> OpenToImport(
    const packager::OperatorConfig& config, Inputs inputs) {
  StorageRequest request;
  if (config.dtype() == "source") {
    if (config.has_tensor_storage()) {
      return absl::InvalidArgumentError(
          "Invalid storage of tensors: unexpected (dtype source keeps what the "
          "checkpoint stores)");
    }
    request.as_source = true;
  } else {
    PEDIGREE_ASSIGN_OR_RETURN(request, ReadStorage(config));
  }
  PEDIGREE_ASSIGN_OR_RETURN(ModelSource source, OpenImport(config, inputs));
  return OpenedSource(std::move(source), request);
}

absl::StatusOr<OpenedModel> OpenToQuantize(
    const packager::OperatorConfig& config, Inputs inputs) {
  PEDIGREE_ASSIGN_OR_RETURN(const StorageRequest request, ReadStorage(config));
  PEDIGREE_RETURN_IF_ERROR(CheckRoles("quantize", inputs, {"model"}));
  PEDIGREE_ASSIGN_OR_RETURN(ModelSource source, OpenSlm(FileOf(inputs[0])));
  return OpenedSource(std::move(source), request);
}

// The models of a merge, the base first where there is one.
absl::StatusOr<std::vector<SlmReader>> ParseMergeInputs(bool has_base,
                                                        Inputs inputs) {
  std::vector<SlmReader> models;
  for (const OperatorInput& input : inputs) {
    const std::string_view role =
        has_base && models.empty() ? "base" : "model";
    if (input.role != role) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid inputs of merge: input ", models.size(), " is \"",
          input.role, "\" (expected \"", role, "\")"));
    }
    PEDIGREE_ASSIGN_OR_RETURN(SlmReader model, ParseModel(input));
    models.push_back(std::move(model));
    PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
        CheckSameLayout(models.front(), models.back()), input.path));
  }
  return models;
}

absl::StatusOr<OpenedModel> OpenToMerge(const packager::OperatorConfig& config,
                                        Inputs inputs) {
  PEDIGREE_ASSIGN_OR_RETURN(const StorageRequest request, ReadStorage(config));
  const std::optional<MergeMethod> method =
      FindMergeMethod(config.merge().method());
  const size_t base_count = method.has_value() && HasBase(*method) ? 1 : 0;
  PEDIGREE_ASSIGN_OR_RETURN(
      const MergeSettings settings,
      ReadMergeConfig(config.merge(),
                      inputs.size() - std::min(inputs.size(), base_count)));
  PEDIGREE_ASSIGN_OR_RETURN(std::vector<SlmReader> models,
                            ParseMergeInputs(base_count > 0, inputs));
  OpenedModel merge;
  merge.store = [settings, request, models = std::move(models)](
                    ByteSink* sink, uint64_t checksum,
                    const Progress& progress) {
    return StoreComputed(MergeModels(settings, models), request, sink,
                         checksum, progress);
  };
  return merge;
}

absl::StatusOr<OpenedModel> OpenToStore(std::string_view name,
                                        const packager::OperatorConfig& config,
                                        Inputs inputs) {
  if (name == "import") return OpenToImport(config, inputs);
  if (name == "quantize") return OpenToQuantize(config, inputs);
  return OpenToMerge(config, inputs);
}

OperatorOutput StoredOutput(OpenedModel opened, StoredSource stored,
                            const Digest& digest) {
  OperatorOutput output;
  output.role = "model";
  output.digest = digest;
  output.file_bytes = stored.facts.file_bytes;
  output.facts = std::move(stored.facts);
  output.facts->digest = digest;
  output.exceptions = std::move(stored.exceptions);
  output.errors = std::move(stored.errors);
  output.id_map = std::move(opened.id_map);
  return output;
}

absl::StatusOr<OperatorOutput> RunInMemory(
    std::string_view name, const packager::OperatorConfig& config,
    Inputs inputs) {
  PEDIGREE_ASSIGN_OR_RETURN(OpenedModel opened,
                            OpenToStore(name, config, inputs));
  std::string bytes;
  StringSink sink(&bytes);
  PEDIGREE_ASSIGN_OR_RETURN(StoredSource stored,
                            opened.store(&sink, 0, nullptr));
  OperatorOutput output =
      StoredOutput(std::move(opened), std::move(stored), Sha256(bytes));
  output.bytes = std::move(bytes);
  return output;
}

absl::StatusOr<std::unique_ptr<const Model>> LoadModel(
    const OperatorInput& input) {
  auto model = Model::Load(input.bytes);
  if (!model.ok()) return AnnotateWithPath(model.status(), input.path);
  return model;
}

absl::Status ApplyAdapters(Inputs adapters, AdapterStack& stack) {
  for (const OperatorInput& adapter : adapters) {
    PEDIGREE_RETURN_IF_ERROR(
        AnnotateWithPath(stack.Apply(adapter.bytes), adapter.path));
  }
  return absl::OkStatus();
}

absl::StatusOr<OperatorOutput> Fuse(Inputs inputs) {
  PEDIGREE_RETURN_IF_ERROR(CheckRoles("fuse", inputs, {"model"}, true));
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<const Model> model,
                            LoadModel(inputs[0]));
  AdapterStack stack(*model);
  PEDIGREE_RETURN_IF_ERROR(ApplyAdapters(inputs.subspan(1), stack));
  OperatorOutput output;
  output.role = "model";
  PEDIGREE_ASSIGN_OR_RETURN(output.bytes, WriteFused(*model, stack));
  return output;
}

absl::StatusOr<OperatorOutput> StackAdapters(Inputs inputs) {
  PEDIGREE_RETURN_IF_ERROR(CheckRoles("adapter", inputs, {"model"}, true));
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<const Model> model,
                            LoadModel(inputs[0]));
  AdapterStack stack(*model);
  PEDIGREE_RETURN_IF_ERROR(ApplyAdapters(inputs.subspan(1), stack));
  OperatorOutput output;
  output.role = "assembly";
  output.bytes = AssemblyDocument(model->digest(), stack.digests());
  return output;
}

absl::StatusOr<OperatorOutput> AdapterFromSpec(Inputs inputs) {
  PEDIGREE_RETURN_IF_ERROR(
      CheckRoles("adapter-spec", inputs, {"spec", "model"}));
  PEDIGREE_ASSIGN_OR_RETURN(const SlmReader parent, ParseModel(inputs[1]));
  absl::StatusOr<std::string> adapter =
      MakeAdapter(AsText(inputs[0].bytes), parent, inputs[1].digest.Get());
  if (!adapter.ok()) return AnnotateWithPath(adapter.status(), inputs[0].path);
  OperatorOutput output;
  output.role = "adapter";
  output.bytes = *std::move(adapter);
  return output;
}

absl::StatusOr<OperatorOutput> AdapterFromDiff(
    const packager::OperatorConfig& config, Inputs inputs) {
  PEDIGREE_RETURN_IF_ERROR(
      CheckRoles("adapter-diff", inputs, {"model", "child"}));
  const std::optional<AdapterKind> kind = FindAdapterFamily(config.format());
  if (!kind.has_value() || *kind == AdapterKind::kLowRank) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid family: \"", config.format(),
                     "\" (expected ADP1 or ASP1)"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const SlmReader parent, ParseModel(inputs[0]));
  PEDIGREE_ASSIGN_OR_RETURN(const SlmReader child, ParseModel(inputs[1]));
  absl::StatusOr<AdapterDiff> diff =
      DiffModels(parent, inputs[0].digest.Get(), child, *kind);
  if (!diff.ok()) return AnnotateWithPath(diff.status(), inputs[1].path);
  OperatorOutput output;
  output.role = "adapter";
  output.bytes = std::move(diff->adapter);
  output.difference = diff->figures;
  return output;
}

// How the import of `model` numbered tokens, as its receipt says.
absl::StatusOr<std::vector<TokenIdRange>> ReadIdMap(
    const OperatorInput& receipt_file, const OperatorInput& model) {
  packager::Receipt receipt;
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
      ParseCanonicalRecord(AsText(receipt_file.bytes), "receipt", &receipt),
      receipt_file.path));
  if (receipt.operator_() != "import" ||
      receipt.output().digest() != model.digest.Get().ToString()) {
    return AnnotateWithPath(
        absl::FailedPreconditionError(absl::StrCat(
            "Receipt is not of the parent's import: ", receipt.operator_(),
            " of ", receipt.output().digest(), " (parent is ",
            model.digest.Get().ToString(), ")")),
        receipt_file.path);
  }
  std::vector<TokenIdRange> id_map;
  for (const packager::IdRange& range : receipt.id_map()) {
    id_map.push_back({range.first_id(), range.count(), range.source_first_id(),
                      range.absent()});
  }
  return id_map;
}

absl::StatusOr<OperatorOutput> AdapterFromPeft(
    const packager::OperatorConfig& config, Inputs inputs) {
  if (config.format() != "peft") {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid format: \"", config.format(), "\" (expected peft)"));
  }
  const bool with_receipt = inputs.size() == 4;
  PEDIGREE_RETURN_IF_ERROR(
      with_receipt
          ? CheckRoles("adapter-import", inputs,
                       {"config", "weights", "model", "receipt"})
          : CheckRoles("adapter-import", inputs,
                       {"config", "weights", "model"}));
  std::optional<std::vector<TokenIdRange>> id_map;
  if (with_receipt) {
    PEDIGREE_ASSIGN_OR_RETURN(id_map, ReadIdMap(inputs[3], inputs[2]));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const SlmReader parent, ParseModel(inputs[2]));
  OperatorOutput output;
  output.role = "adapter";
  PEDIGREE_ASSIGN_OR_RETURN(
      output.bytes, ImportPeft({FileOf(inputs[0]), FileOf(inputs[1])}, parent,
                               inputs[2].digest.Get(), id_map));
  return output;
}

// Takes the data files, and then the validation files, from `next` on.
absl::StatusOr<TrainingFiles> TakeTrainingFiles(std::string_view name,
                                                Inputs inputs, size_t next) {
  TrainingFiles files;
  for (; next < inputs.size() && inputs[next].role == "data"; ++next) {
    files.data.push_back(FileOf(inputs[next]));
  }
  for (; next < inputs.size() && inputs[next].role == "validation"; ++next) {
    files.validation.push_back(FileOf(inputs[next]));
  }
  if (next < inputs.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid inputs of ", name, ": input ", next, " is \"",
        inputs[next].role, "\" (expected data, then validation)"));
  }
  return files;
}

OperatorOutput TrainedOutput(std::string role, TrainedFile trained) {
  OperatorOutput output;
  output.role = std::move(role);
  output.bytes = std::move(trained.bytes);
  output.training = std::move(trained.note);
  return output;
}

absl::StatusOr<OperatorOutput> RunTrain(const packager::OperatorConfig& config,
                                        Inputs inputs,
                                        const TrainingRun& run) {
  std::optional<SourceFile> tokenizer;
  if (!inputs.empty() && inputs[0].role == "tokenizer") {
    tokenizer = FileOf(inputs[0]);
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const TrainingFiles files,
      TakeTrainingFiles("train", inputs, tokenizer.has_value() ? 1 : 0));
  PEDIGREE_ASSIGN_OR_RETURN(
      TrainedFile trained,
      TrainModel(config.training(), tokenizer, files, run));
  return TrainedOutput("model", std::move(trained));
}

absl::StatusOr<OperatorOutput> RunAdapterTrain(
    const packager::OperatorConfig& config, Inputs inputs,
    const TrainingRun& run) {
  PEDIGREE_RETURN_IF_ERROR(CheckRoles(
      "adapter-train", inputs.subspan(0, std::min<size_t>(inputs.size(), 1)),
      {"model"}));
  PEDIGREE_ASSIGN_OR_RETURN(const TrainingFiles files,
                            TakeTrainingFiles("adapter-train", inputs, 1));
  PEDIGREE_ASSIGN_OR_RETURN(const SlmReader parent, ParseModel(inputs[0]));
  PEDIGREE_ASSIGN_OR_RETURN(
      TrainedFile trained,
      TrainAdapter(config.training(), parent, inputs[0].digest.Get(), files,
                   run));
  return TrainedOutput("adapter", std::move(trained));
}

absl::StatusOr<OperatorOutput> RunTokenizerTrain(
    const packager::OperatorConfig& config, Inputs inputs) {
  PEDIGREE_ASSIGN_OR_RETURN(const TrainingFiles files,
                            TakeTrainingFiles("tokenizer-train", inputs, 0));
  if (!files.validation.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid inputs of tokenizer-train: ", files.validation.size(),
        " of validation (expected data only)"));
  }
  OperatorOutput output;
  output.role = "tokenizer";
  PEDIGREE_ASSIGN_OR_RETURN(
      output.bytes, TrainTokenizer(config.tokenizer_training(), files.data));
  return output;
}

absl::StatusOr<OperatorOutput> Run(std::string_view name,
                                   const packager::OperatorConfig& config,
                                   Inputs inputs, const TrainingRun& run) {
  if (MakesModelInPieces(name)) return RunInMemory(name, config, inputs);
  if (name == "train") return RunTrain(config, inputs, run);
  if (name == "fuse") return Fuse(inputs);
  if (name == "adapter") return StackAdapters(inputs);
  if (name == "adapter-spec") return AdapterFromSpec(inputs);
  if (name == "adapter-diff") return AdapterFromDiff(config, inputs);
  if (name == "adapter-import") return AdapterFromPeft(config, inputs);
  if (name == "adapter-train") return RunAdapterTrain(config, inputs, run);
  if (name == "tokenizer-train") return RunTokenizerTrain(config, inputs);
  return absl::UnimplementedError(
      absl::StrCat("Unsupported operator: \"", name, "\""));
}

}  // namespace

OperatorInput MakeOperatorInput(std::string role, std::string path,
                                ByteSpan bytes) {
  return {std::move(role), std::move(path), bytes, Sha256(bytes), nullptr};
}

absl::StatusOr<OperatorOutput> RunOperator(
    std::string_view name, const packager::OperatorConfig& config,
    Inputs inputs, const TrainingRun& run) {
  PEDIGREE_ASSIGN_OR_RETURN(OperatorOutput output,
                            Run(name, config, inputs, run));
  if (!output.facts.has_value()) {
    output.digest = Sha256(output.bytes);
    output.file_bytes = output.bytes.size();
  }
  return output;
}

bool MakesModelInPieces(std::string_view name) {
  return name == "import" || name == "quantize" || name == "merge";
}

absl::StatusOr<OperatorOutput> RunToFile(std::string_view name,
                                         const packager::OperatorConfig& config,
                                         Inputs inputs, StagedFile* file,
                                         const Progress& progress) {
  PEDIGREE_ASSIGN_OR_RETURN(OpenedModel opened,
                            OpenToStore(name, config, inputs));
  FileSink sink(file);
  PEDIGREE_ASSIGN_OR_RETURN(StoredSource stored,
                            opened.store(&sink, 0, progress));
  // The file holds a checksum of itself near its start, so its digest can only
  // be taken now.
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile written,
                            MappedFile::Open(file->temporary_path()));
  return StoredOutput(std::move(opened), std::move(stored), DigestOf(written));
}

absl::StatusOr<OperatorOutput> RunForDigest(
    std::string_view name, const packager::OperatorConfig& config,
    Inputs inputs) {
  if (!MakesModelInPieces(name)) return RunOperator(name, config, inputs);
  PEDIGREE_ASSIGN_OR_RETURN(OpenedModel opened,
                            OpenToStore(name, config, inputs));
  NullSink nowhere;
  PEDIGREE_ASSIGN_OR_RETURN(const StoredSource first,
                            opened.store(&nowhere, 0, nullptr));
  DigestSink sink;
  PEDIGREE_ASSIGN_OR_RETURN(StoredSource stored,
                            opened.store(&sink, first.checksum, nullptr));
  return StoredOutput(std::move(opened), std::move(stored), sink.Finish());
}

Digest ConfigDigest(const packager::OperatorConfig& config) {
  return Sha256(CanonicalRecord(config));
}

}  // namespace pedigree
