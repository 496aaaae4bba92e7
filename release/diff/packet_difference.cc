#include "release/diff/packet_difference.h"

#include <memory>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "evaluator/sidecar.h"
#include "release/layer.h"
#include "release/layout.h"
#include "release/printable.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

PacketSide Side(const OpenedPacket& packet) {
  PacketSide side;
  side.digest = packet.digest();
  side.name = packet.manifest().name;
  side.version = packet.manifest().version;
  side.layers = packet.manifest().layers.size();
  for (const Descriptor& blob : packet.blobs()) side.bytes += blob.size;
  return side;
}

// Fields of the manifest that do not just name blobs.
absl::StatusOr<Json> ManifestFields(const OpenedPacket& packet) {
  PEDIGREE_ASSIGN_OR_RETURN(
      Json json, ParseJson(packet.manifest_text(), "packet manifest"));
  json.erase("config");
  json.erase("layers");
  return json;
}

// The config repeats the digests of the layers, which are told one by one.
void DropLayerDigests(Json& config) {
  if (!config.is_object()) return;
  const auto modelfs = config.find("modelfs");
  if (modelfs != config.end() && modelfs->is_object())
    modelfs->erase("diffIds");
}

// The text of a member, as it stands in a report; empty for none.
std::string TextAt(const Json& json, const Json::json_pointer& place) {
  if (!json.contains(place)) return "";
  const Json& value = json[place];
  if (value.is_string()) return value.get<std::string>();
  return value.is_primitive() ? value.dump() : "";
}

// A figure of a record: where it stands, and which way is better.
struct Figure {
  const char* name;
  const char* place;
  const char* better;
};
constexpr Figure kSidecarFigures[] = {
    {"pass_rate", "/pass_rate", "higher"},
    {"passed", "/totals/passed", "higher"},
    {"not_run", "/totals/not_run", "lower"},
    {"bits_per_byte", "/totals/bits_per_byte", "lower"},
    {"quality_boundary", "/quality_boundary", ""},
};
constexpr Figure kDecisionFigures[] = {
    {"verdict", "/verdict", ""},
    {"action", "/action", ""},
    {"claim_level", "/claim_level", ""},
};

// One packet's model, opened when something asks for it.
class LazyModel {
 public:
  explicit LazyModel(const OpenedPacket& packet) : packet_(packet) {}

  // Fails only when the blob is corrupted; without a model, or with one that
  // cannot be read, reader() stays null and why() says so.
  absl::Status Open() {
    if (opened_) return absl::OkStatus();
    opened_ = true;
    const Descriptor* blob =
        packet_.Find(LayerFilePathPrefix(LayerKind::kModel));
    if (blob == nullptr) return absl::OkStatus();
    PEDIGREE_ASSIGN_OR_RETURN(MappedFile file, packet_.OpenBlob(*blob));
    file_.emplace(std::move(file));
    absl::StatusOr<SlmReader> reader = ReadModel(*file_);
    if (!reader.ok()) {
      why_ = Printable(reader.status().message());
      return absl::OkStatus();
    }
    reader_.emplace(*std::move(reader));
    for (const TensorSpec& spec : reader_->specs()) {
      names_[TensorNameHash(spec.name)] = spec.name;
    }
    auto tokenizer = Tokenizer::Parse(reader_->tokenizer_section(),
                                      reader_->shape().vocab_size);
    if (tokenizer.ok()) tokenizer_ = *std::move(tokenizer);
    return absl::OkStatus();
  }

  const MappedFile& file() const { return *file_; }
  const SlmReader* reader() const { return reader_ ? &*reader_ : nullptr; }
  const Tokenizer* tokenizer() const { return tokenizer_.get(); }
  const std::string& why() const { return why_; }

  const std::string* NameOf(uint64_t name_hash) const {
    const auto name = names_.find(name_hash);
    return name == names_.end() ? nullptr : &name->second;
  }

 private:
  const OpenedPacket& packet_;
  bool opened_ = false;
  std::optional<MappedFile> file_;
  std::optional<SlmReader> reader_;
  std::unique_ptr<const Tokenizer> tokenizer_;
  std::map<uint64_t, std::string> names_;
  std::string why_;
};

class PacketComparison {
 public:
  PacketComparison(const OpenedPacket& a, const OpenedPacket& b)
      : a_(a), b_(b), model_a_(a), model_b_(b) {}

  absl::StatusOr<PacketDifference> Compare() {
    result_.a = Side(a_);
    result_.b = Side(b_);
    PEDIGREE_ASSIGN_OR_RETURN(const Json manifest_a, ManifestFields(a_));
    PEDIGREE_ASSIGN_OR_RETURN(const Json manifest_b, ManifestFields(b_));
    result_.manifest = ListDifferences(manifest_a, manifest_b);
    for (const Descriptor& blob : a_.blobs()) {
      PEDIGREE_RETURN_IF_ERROR(AddBlob(&blob, b_.Find(blob.file_path)));
    }
    for (const Descriptor& blob : b_.blobs()) {
      if (a_.Find(blob.file_path) != nullptr) continue;
      PEDIGREE_RETURN_IF_ERROR(AddBlob(nullptr, &blob));
    }
    return std::move(result_);
  }

 private:
  absl::Status AddBlob(const Descriptor* a, const Descriptor* b) {
    BlobDifference blob;
    blob.name = (a != nullptr ? a : b)->file_path;
    if (a != nullptr) blob.a = *a;
    if (b != nullptr) blob.b = *b;
    blob.state = a == nullptr             ? BlobState::kOnlyInB
                 : b == nullptr           ? BlobState::kOnlyInA
                 : a->digest == b->digest ? BlobState::kEqual
                                          : BlobState::kChanged;
    if (blob.state == BlobState::kChanged) {
      PEDIGREE_RETURN_IF_ERROR(CompareBlob(blob));
    } else if (blob.state != BlobState::kEqual) {
      PEDIGREE_RETURN_IF_ERROR(ReadOnlyOne(blob));
    }
    result_.blobs.push_back(std::move(blob));
    return absl::OkStatus();
  }

  absl::Status CompareBlob(BlobDifference& blob) {
    const std::optional<LayerKind> kind = LayerKindOfFilePath(blob.name);
    if (kind == LayerKind::kModel) return CompareModelBlob(blob);
    PEDIGREE_ASSIGN_OR_RETURN(const MappedFile a, a_.OpenBlob(*blob.a));
    PEDIGREE_ASSIGN_OR_RETURN(const MappedFile b, b_.OpenBlob(*blob.b));
    if (kind == LayerKind::kAdapter) {
      PEDIGREE_RETURN_IF_ERROR(CompareAdapterBlob(a, b, blob));
    } else if (absl::EndsWith(blob.name, ".wasm")) {
      CompareWasmBlob(a, b, blob);
    } else if (absl::EndsWith(blob.name, ".json") || blob.name == kConfigName) {
      PEDIGREE_RETURN_IF_ERROR(CompareDocument(kind, a, b, blob));
    }
    const bool read = blob.fields.has_value() || blob.adapter.has_value();
    if (!read) blob.bytes = CompareBytes(a, b);
    return absl::OkStatus();
  }

  absl::Status OpenModels() {
    PEDIGREE_RETURN_IF_ERROR(model_a_.Open());
    return model_b_.Open();
  }

  absl::Status CompareModelBlob(BlobDifference& blob) {
    PEDIGREE_RETURN_IF_ERROR(OpenModels());
    if (model_a_.reader() == nullptr || model_b_.reader() == nullptr) {
      blob.unread =
          model_a_.reader() == nullptr ? model_a_.why() : model_b_.why();
      blob.bytes = CompareBytes(model_a_.file(), model_b_.file());
    } else {
      blob.model = CompareModels(model_a_.file(), *model_a_.reader(),
                                 model_b_.file(), *model_b_.reader());
    }
    return absl::OkStatus();
  }

  absl::Status CompareAdapterBlob(const MappedFile& a, const MappedFile& b,
                                  BlobDifference& blob) {
    const absl::StatusOr<AdapterReader> reader_a =
        AdapterReader::Parse(a.bytes());
    const absl::StatusOr<AdapterReader> reader_b =
        AdapterReader::Parse(b.bytes());
    for (const auto* reader : {&reader_a, &reader_b}) {
      if (reader->ok()) continue;
      blob.unread = Printable(reader->status().message());
      return absl::OkStatus();
    }
    PEDIGREE_RETURN_IF_ERROR(OpenModels());
    blob.adapter =
        CompareAdapters(*reader_a, *reader_b, [this](uint64_t name_hash) {
          const std::string* name = model_a_.NameOf(name_hash);
          if (name == nullptr) name = model_b_.NameOf(name_hash);
          return name != nullptr ? *name
                                 : absl::StrFormat("0x%016x", name_hash);
        });
    return absl::OkStatus();
  }

  static void CompareWasmBlob(const MappedFile& a, const MappedFile& b,
                              BlobDifference& blob) {
    const absl::StatusOr<WasmModule> module_a = ParseWasmModule(a.bytes());
    const absl::StatusOr<WasmModule> module_b = ParseWasmModule(b.bytes());
    for (const auto* module : {&module_a, &module_b}) {
      if (module->ok()) continue;
      blob.unread = Printable(module->status().message());
      return;
    }
    blob.wasm = CompareWasm(*module_a, *module_b);
  }

  static absl::StatusOr<Json> ParseDocument(
      const std::optional<LayerKind>& kind, const MappedFile& file,
      const std::string& name) {
    if (file.bytes().size() > kMaxDocumentBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("longer than ", kMaxDocumentBytes, " bytes"));
    }
    const std::string_view text = AsText(file.bytes());
    // What is no record of this project may hold fractions.
    if (!kind.has_value() || kind == LayerKind::kBom) {
      return ParseForeignJson(text, name);
    }
    if (kind == LayerKind::kSidecar || kind == LayerKind::kBaseline) {
      PEDIGREE_RETURN_IF_ERROR(ParseSidecar(text).status());
    }
    return ParseJson(text, name);
  }

  absl::Status CompareDocument(const std::optional<LayerKind>& kind,
                               const MappedFile& a, const MappedFile& b,
                               BlobDifference& blob) {
    absl::StatusOr<Json> json_a = ParseDocument(kind, a, blob.name);
    absl::StatusOr<Json> json_b = ParseDocument(kind, b, blob.name);
    for (const auto* json : {&json_a, &json_b}) {
      if (json->ok()) continue;
      blob.unread = Printable(json->status().message());
      return absl::OkStatus();
    }
    if (kind == LayerKind::kSidecar || kind == LayerKind::kBaseline) {
      PEDIGREE_RETURN_IF_ERROR(CompareSidecars(*json_a, *json_b, blob));
      json_a->erase("cases");
      json_b->erase("cases");
    }
    if (blob.name == kConfigName) {
      DropLayerDigests(*json_a);
      DropLayerDigests(*json_b);
    }
    blob.fields = ListDifferences(*json_a, *json_b);
    AddScores(kind, *json_a, *json_b);
    if (kind == LayerKind::kDerivationNode ||
        kind == LayerKind::kAncestorNode) {
      NoteNode(BlobState::kOnlyInA, *json_a);
      NoteNode(BlobState::kOnlyInB, *json_b);
    }
    return absl::OkStatus();
  }

  absl::Status CompareSidecars(const Json& a, const Json& b,
                               BlobDifference& blob) {
    PEDIGREE_RETURN_IF_ERROR(OpenModels());
    blob.cases = CompareCases(a, b, model_a_.tokenizer(), model_b_.tokenizer());
    std::set<std::string> ids;
    for (const CaseDifference& kept : blob.cases->kept) ids.insert(kept.id);
    PEDIGREE_RETURN_IF_ERROR(AddPrompts(a_, a, ids, blob.prompts));
    return AddPrompts(b_, b, ids, blob.prompts);
  }

  // Prompts of cases from the suite that `sidecar` names, if `packet` has it
  // and it can be read.
  static absl::Status AddPrompts(const OpenedPacket& packet, const Json& sidecar,
                                 const std::set<std::string>& ids,
                                 std::map<std::string, std::string>& prompts) {
    if (ids.empty()) return absl::OkStatus();
    const std::string digest = sidecar["suite"]["digest"].get<std::string>();
    for (const Descriptor& blob : packet.blobs()) {
      if (blob.digest.ToString() != digest) continue;
      PEDIGREE_ASSIGN_OR_RETURN(const MappedFile file, packet.OpenBlob(blob));
      const absl::StatusOr<Json> json =
          ParseDocument(LayerKind::kSuite, file, blob.file_path);
      if (!json.ok()) return absl::OkStatus();
      const absl::StatusOr<Suite> suite = ParseSuite(*json);
      if (!suite.ok()) return absl::OkStatus();
      for (const EvalCase& eval_case : suite->cases) {
        if (ids.count(eval_case.id) == 0) continue;
        prompts.emplace(eval_case.id, eval_case.prompt);
      }
    }
    return absl::OkStatus();
  }

  template <size_t n>
  void AddFigures(const std::string& of, const Figure (&figures)[n],
                  const Json& a, const Json& b) {
    for (const Figure& figure : figures) {
      const Json::json_pointer place(figure.place);
      AddScore(
          {of, figure.name, TextAt(a, place), TextAt(b, place), figure.better});
    }
  }

  void AddScore(ScoreChange score) {
    if (score.a != score.b) result_.scores.push_back(std::move(score));
  }

  void AddScores(const std::optional<LayerKind>& kind, const Json& a,
                 const Json& b) {
    if (kind == LayerKind::kDecision) {
      AddFigures("decision", kDecisionFigures, a, b);
    } else if (kind == LayerKind::kSidecar) {
      AddFigures(TextAt(a, Json::json_pointer("/suite/name")), kSidecarFigures,
                 a, b);
    } else if (kind == LayerKind::kScorecard) {
      AddFitness(a, b);
    }
  }

  // Figures of a scorecard, matched by component, suite and name.
  void AddFitness(const Json& a, const Json& b) {
    std::map<std::string, ScoreChange> scores;
    const auto read = [&](const Json& scorecard,
                          std::string ScoreChange::* value) {
      const auto fitness = scorecard.find("fitness");
      if (fitness == scorecard.end() || !fitness->is_array()) return;
      for (const Json& figure : *fitness) {
        if (!figure.is_object()) continue;
        const std::string suite = TextAt(figure, Json::json_pointer("/suite"));
        const std::string name =
            absl::StrCat(TextAt(figure, Json::json_pointer("/component")), " ",
                         suite, suite.empty() ? "" : " ",
                         TextAt(figure, Json::json_pointer("/name")));
        ScoreChange& score = scores[name];
        score.of = "scorecard";
        score.name = name;
        score.better = TextAt(figure, Json::json_pointer("/better"));
        score.*value = TextAt(figure, Json::json_pointer("/value"));
      }
    };
    read(a, &ScoreChange::a);
    read(b, &ScoreChange::b);
    for (auto& [name, score] : scores) AddScore(std::move(score));
  }

  // A node of a layer that only one packet has.
  absl::Status ReadOnlyOne(const BlobDifference& blob) {
    const std::optional<LayerKind> kind = LayerKindOfFilePath(blob.name);
    if (kind != LayerKind::kDerivationNode &&
        kind != LayerKind::kAncestorNode) {
      return absl::OkStatus();
    }
    const bool in_a = blob.state == BlobState::kOnlyInA;
    PEDIGREE_ASSIGN_OR_RETURN(
        const MappedFile file,
        in_a ? a_.OpenBlob(*blob.a) : b_.OpenBlob(*blob.b));
    const absl::StatusOr<Json> json = ParseDocument(kind, file, blob.name);
    if (json.ok()) NoteNode(blob.state, *json);
    return absl::OkStatus();
  }

  // The same node may lie under another name in the other packet.
  void NoteNode(BlobState state, const Json& node) {
    NodeChange change = {state, TextAt(node, Json::json_pointer("/id")),
                         TextAt(node, Json::json_pointer("/operator")),
                         TextAt(node, Json::json_pointer("/artifact_digest"))};
    for (auto other = result_.nodes.begin(); other != result_.nodes.end();
         ++other) {
      if (other->id == change.id && other->state != change.state) {
        result_.nodes.erase(other);
        return;
      }
    }
    result_.nodes.push_back(std::move(change));
  }

  const OpenedPacket& a_;
  const OpenedPacket& b_;
  LazyModel model_a_;
  LazyModel model_b_;
  PacketDifference result_;
};

}  // namespace

std::string_view BlobStateName(BlobState state) {
  switch (state) {
    case BlobState::kEqual:
      return "equal";
    case BlobState::kChanged:
      return "changed";
    case BlobState::kOnlyInA:
      return "only-in-a";
    case BlobState::kOnlyInB:
      return "only-in-b";
  }
  return "";
}

absl::StatusOr<PacketDifference> ComparePackets(const OpenedPacket& a,
                                                const OpenedPacket& b) {
  return PacketComparison(a, b).Compare();
}

}  // namespace pedigree
