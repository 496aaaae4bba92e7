#include "release/testing/packet_pair.h"

#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "evaluator/records.pb.h"
#include "release/layout.h"
#include "release/oci.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/suite.h"
#include "runtime/format/slm_reader.h"
#include "runtime/testing/case_runs.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  PEDIGREE_CHECK(value.ok());
  return *std::move(value);
}

// What the two are told apart by.
enum class Side { kA, kB };

std::string Text(std::string_view bytes) { return Sha256(bytes).ToString(); }

// Where in the file the payload of a tensor begins, or its scales.
size_t PlaceOf(const std::string& model, std::string_view tensor, bool scales) {
  const AlignedBytes bytes(model);
  const SlmReader reader = Must(SlmReader::Parse(AsBytes(bytes.text())));
  const TensorEntry& entry =
      reader.entries()[reader.FindTensor(TensorNameHash(tensor))];
  return scales ? entry.scale_offset : entry.byte_offset;
}

void SetFloat(size_t offset, float value, std::string& bytes) {
  std::memcpy(&bytes[offset], &value, sizeof(value));
}

std::string Model(Side side) {
  TinyModelOptions options;
  options.dtype = DType::kQ8_0;
  std::string model = TinyModel(options);
  if (side == Side::kA) return model;
  const size_t weights = PlaceOf(model, "layers.0.wq.weight", false);
  model[weights + 33] ^= 1;
  model[weights + 70] ^= 4;
  SetFloat(PlaceOf(model, "layers.1.w2.weight", true), 0.25f, model);
  SetFloat(PlaceOf(model, "norm.weight", false) + 12, 1.5f, model);
  return model;
}

std::string DenseAdapter(const std::string& model, Side side) {
  std::vector<float> deltas = RandomValues(7, 32 * 32, 0.1f);
  if (side == Side::kB) deltas[40] = 0.5f;
  return TinyAdapter(model, {{"layers.0.wq.weight", deltas}});
}

std::string SparseAdapter(const std::string& model, Side side) {
  if (side == Side::kA) {
    return TinySparseAdapter(model, {{"layers.0.wk.weight", {1, 5}, {1, 2}}});
  }
  return TinySparseAdapter(model,
                           {{"layers.0.wk.weight", {1, 5, 9}, {1, 2, -0.75f}},
                            {"layers.1.wk.weight", {0}, {1}}});
}

std::string LowRankAdapter(const std::string& model, Side side) {
  std::vector<float> b = RandomValues(9, 32 * 2, 0.1f);
  if (side == Side::kB) b[3] = 2;
  return TinyLowRankAdapter(model, {{"layers.1.wq.weight", 2, 0.5f,
                                     RandomValues(8, 2 * 32, 0.1f), b}});
}

struct Answered {
  std::string id;
  std::string prompt;
  std::string expected;
  std::string answer_a;
  std::string answer_b;
};

const std::vector<Answered>& Cases() {
  static const auto& cases = *new std::vector<Answered>{
      {"colour/sky", "The sky is", " blue today.", " blue today.",
       " blue \xe2\x80\xaetoday."},
      {"hostile/markup", "Say <b>hi</b> & \"bye\"",
       "</script><script>alert(1)</script>",
       "</script><script>alert(1)</script>",
       "</script><img src=x onerror='alert(2)'>"},
      {"same", "a", "b", "b", "b"},
      {"story/lily", "Once upon a time there was a girl named",
       " Lily. She went out to play.",
       " Lily. She went out to swim with a caf\xc3\xa9 owner.",
       " Lily. She went out to play."},
  };
  return cases;
}

class PairRunner : public OneByOneRunner {
 public:
  PairRunner(Side side, std::string model)
      : side_(side), model_(std::move(model)) {}

  absl::StatusOr<CaseOutput> Answer(const EvalCase& eval_case) override {
    CaseOutput output;
    for (const Answered& known : Cases()) {
      if (known.id != eval_case.id) continue;
      output.output = side_ == Side::kA ? known.answer_a : known.answer_b;
    }
    output.token_ids = {1, 2};
    output.prompt_tokens = 3;
    output.stop_reason = "token-limit";
    return output;
  }

  absl::StatusOr<Subject> GetSubject() override {
    Subject subject;
    subject.model_digest = Sha256(model_);
    subject.assembly_digest = AssemblyDigest(subject.model_digest, {});
    evaluator::Counted counted;
    counted.set_schema_version("pedigree.diagnostics.v1");
    counted.set_numerics_version("v1");
    counted.set_assembly_digest(subject.assembly_digest.ToString());
    counted.mutable_use()->set_case_count(Cases().size());
    subject.counted = Must(ParseJson(CanonicalRecord(counted), "counted"));
    return subject;
  }

 private:
  const Side side_;
  const std::string model_;
};

Json SuiteDocument() {
  std::vector<EvalCase> cases;
  for (const Answered& known : Cases()) {
    EvalCase eval_case;
    eval_case.id = known.id;
    eval_case.prompt = known.prompt;
    eval_case.expected = known.expected;
    eval_case.max_new_tokens = 64;
    cases.push_back(std::move(eval_case));
  }
  return SuiteToJson(Must(MakeSuite("talk", "1", std::move(cases))));
}

std::string Sidecar(Side side, const std::string& model) {
  PairRunner runner(side, model);
  return Must(
      RunEvalRequest(CanonicalJson({{"manifest_digest", Text("manifest")},
                                    {"source_kind", "deterministic-smoke"},
                                    {"suite", SuiteDocument()}}),
                     runner));
}

Json Pin(std::string_view name, std::string_view version) {
  return {{"name", name},
          {"tree_digest", Text(absl::StrCat(name, version))},
          {"version", version}};
}

std::string Record(Side side) {
  Json pins = Json::array();
  pins.push_back(Pin("clang", side == Side::kA ? "19.1.4" : "19.1.7"));
  if (side == Side::kB) pins.push_back(Pin("musl", "1.2"));
  pins.push_back(Pin("zstd", "1.5.7"));
  return CanonicalJson({{"claim_level", "runtime-smoke"},
                        {"inputs_digest", Text(side == Side::kA ? "a" : "b")},
                        {"toolchain_pins", pins}});
}

std::string Node(std::string_view operator_name, std::string_view artifact) {
  return CanonicalJson({{"artifact_digest", Text(artifact)},
                        {"id", Text(absl::StrCat("node of ", artifact))},
                        {"operator", operator_name}});
}

std::string Decision(Side side) {
  return CanonicalJson({{"action", side == Side::kA ? "promote" : "reject"},
                        {"claim_level", "runtime-smoke"},
                        {"verdict", side == Side::kA ? "PASS" : "FAIL-FLOOR"}});
}

std::string Scorecard(Side side) {
  Json fitness = Json::array();
  fitness.push_back({{"better", "lower"},
                     {"component", "memory"},
                     {"name", "model_bytes"},
                     {"suite", ""},
                     {"value", side == Side::kA ? "4096" : "2048"}});
  return CanonicalJson({{"fitness", fitness}});
}

// A document of others, with fractions.
std::string Bom(Side side) {
  const char* version = side == Side::kA ? "3.0.15" : "3.0.16";
  return absl::StrCat(
      R"({"bomFormat":"CycloneDX","components":[{"bom-ref":"openssl","type":)",
      R"("library","version":")", version,
      R"("},{"bom-ref":"zstd","weight":0.5}],"specVersion":"1.6"})");
}

PacketLayers LayersOf(Side side) {
  const bool a = side == Side::kA;
  const std::string model = Model(side);
  PacketLayers layers = {
      {"adapters/0.adp", DenseAdapter(model, side)},
      {"adapters/1.adp", SparseAdapter(model, side)},
      {"adapters/2.adp", LowRankAdapter(model, side)},
      {"ancestors/0.json", Node("import", "parent")},
      {"bom.cdx.json", Bom(side)},
      {"config", CanonicalJson({{"config", {{"precision", "f32"}}}})},
      {"decision.json", Decision(side)},
      {"model.slm", model},
      {"node.json", Node("adapter", a ? "child" : "other child")},
      {"record.json", Record(side)},
      {"runtimes/linux-x86_64/pedigree_runtime",
       a ? "native code of a" : "native code of b, longer"},
      {"runtimes/wasm32/pedigree.wasm",
       a ? TinyWasm("generate", "env.log") : TinyWasm("decode", "env.print")},
      {"scorecard.json", Scorecard(side)},
      {"sidecars/talk.json", Sidecar(side, model)},
      {"suites/talk.json", CanonicalJson(SuiteDocument())},
  };
  layers[a ? "licenses/MIT" : "licenses/Apache-2.0"] = "Do what you like.\n";
  return layers;
}

void AppendName(std::string_view name, std::string& out) {
  out.push_back(static_cast<char>(name.size()));
  out.append(name);
}

// One section: its id, and a body of less than 128 bytes.
void AppendSection(char id, std::string_view body, std::string& out) {
  out.push_back(id);
  AppendName(body, out);
}

Descriptor Describe(const std::string& name, const std::string& bytes) {
  Descriptor descriptor;
  descriptor.media_type = "application/octet-stream";
  descriptor.digest = Sha256(bytes);
  descriptor.size = bytes.size();
  descriptor.file_path = name;
  return descriptor;
}

}  // namespace

PacketLayers FirstOfPair() { return LayersOf(Side::kA); }

PacketLayers SecondOfPair() { return LayersOf(Side::kB); }

void WriteLayers(const PacketLayers& layers, const std::string& version,
                 const std::string& out) {
  OciManifest manifest;
  manifest.name = "tiny";
  manifest.version = version;
  std::vector<std::string> texts;
  for (const auto& [name, bytes] : layers) {
    texts.push_back(bytes);
    Descriptor descriptor = Describe(name, bytes);
    if (name == "config") {
      descriptor.media_type = kConfigMediaType;
      manifest.config = std::move(descriptor);
    } else {
      manifest.layers.push_back(std::move(descriptor));
    }
  }
  PEDIGREE_CHECK(WriteLayout(WriteOciManifest(manifest), texts, {}, out).ok());
}

std::string TinyWasm(const std::string& export_name,
                     const std::string& import_name) {
  const size_t dot = import_name.find('.');
  std::string imports("\x01", 1);  // one
  AppendName(import_name.substr(0, dot), imports);
  AppendName(import_name.substr(dot + 1), imports);
  imports.append("\0\0", 2);  // a function of type 0
  std::string exports("\x02", 1);
  AppendName("memory", exports);
  exports.append("\x02\0", 2);
  AppendName(export_name, exports);
  exports.append("\0\0", 2);
  std::string module("\0asm\1\0\0\0", 8);
  AppendSection(1, std::string_view("\x01\x60\0\0", 4), module);
  AppendSection(2, imports, module);
  AppendSection(7, exports, module);
  return module;
}

}  // namespace pedigree
