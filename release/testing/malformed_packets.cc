#include "release/testing/malformed_packets.h"

#include <cstdio>
#include <map>
#include <string_view>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "release/make_packet.h"
#include "release/testing/bom_defects.h"
#include "release/testing/sample_release.h"
#include "release/verify.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

constexpr char kFilePath[] = "org.cncf.model.filepath";
constexpr char kTitle[] = "org.opencontainers.image.title";

template <typename T>
T Must(absl::StatusOr<T> value) {
  PEDIGREE_CHECK(value.ok());
  return *std::move(value);
}

void Remove(const std::string& path) {
  PEDIGREE_CHECK(std::remove(path.c_str()) == 0);
}

// A defect that flips one bit of a layer's blob.
PacketDefect Flip(std::string name, std::string layer) {
  return {std::move(name), [layer = std::move(layer)](PacketEditor& packet) {
            packet.FlipBit(packet.PathOf(layer));
          }};
}

// A defect that changes one document and makes every digest right again.
PacketDefect Rewrite(std::string name, std::string layer,
                     std::function<void(Json&)> change) {
  return {std::move(name), [layer = std::move(layer),
                            change = std::move(change)](PacketEditor& packet) {
            packet.ChangeJson(layer, change);
          }};
}

PacketDefect Manifest(std::string name, std::function<void(Json&)> change) {
  return {std::move(name), [change = std::move(change)](PacketEditor& packet) {
            packet.ChangeManifest(change);
          }};
}

void Rename(Json& layer, const std::string& file_path) {
  layer["annotations"][kFilePath] = file_path;
  layer["annotations"][kTitle] = file_path;
}

Json& LayerNamed(Json& manifest, std::string_view file_path) {
  for (Json& layer : manifest["layers"]) {
    if (layer["annotations"][kFilePath] == file_path) return layer;
  }
  PEDIGREE_CHECK(false);
  return manifest;
}

// A manifest change that renames the model's layer.
PacketDefect RenameModel(std::string name, std::string file_path) {
  return Manifest(std::move(name), [file_path](Json& manifest) {
    Rename(LayerNamed(manifest, "model.slm"), file_path);
  });
}

std::string Nested(int depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

const std::string& Zeros() {
  static const std::string& text = *new std::string(Sha256("0").ToString());
  return text;
}

std::vector<PacketDefect> LayoutDefects() {
  return {
      {"bad-no-marker",
       [](PacketEditor& p) { Remove(p.Path("oci-layout")); }},
      {"bad-marker-version",
       [](PacketEditor& p) {
         p.WriteFile(p.Path("oci-layout"), R"({"imageLayoutVersion":"2.0.0"})");
       }},
      {"bad-marker-unknown-key",
       [](PacketEditor& p) {
         p.WriteFile(p.Path("oci-layout"),
                     R"({"imageLayoutVersion":"1.0.0","x":1})");
       }},
      {"bad-no-index", [](PacketEditor& p) { Remove(p.Path("index.json")); }},
      {"bad-index-truncated",
       [](PacketEditor& p) {
         p.WriteFile(p.Path("index.json"), R"({"schemaVersion":2,"mani)");
       }},
      {"bad-index-two-manifests",
       [](PacketEditor& p) {
         p.WriteFile(p.Path("index.json"),
                     R"({"schemaVersion":2,"manifests":[{},{}]})");
       }},
      {"bad-index-no-manifest",
       [](PacketEditor& p) {
         p.WriteFile(p.Path("index.json"),
                     R"({"schemaVersion":2,"manifests":[]})");
       }},
      {"bad-index-unknown-key",
       [](PacketEditor& p) {
         p.WriteFile(p.Path("index.json"),
                     R"({"schemaVersion":2,"manifests":[],"subject":{}})");
       }},
      {"bad-index-repeated-key",
       [](PacketEditor& p) {
         p.WriteFile(p.Path("index.json"),
                     R"({"schemaVersion":2,"schemaVersion":2})");
       }},
      {"bad-index-nested",
       [](PacketEditor& p) {
         p.WriteFile(p.Path("index.json"), Nested(100000));
       }},
      {"bad-index-too-long",
       [](PacketEditor& p) {
         p.WriteFile(p.Path("index.json"), std::string(2 << 20, ' '));
       }},
      {"bad-index-digest-escapes",
       [](PacketEditor& p) {
         p.WriteFile(
             p.Path("index.json"),
             R"({"schemaVersion":2,"manifests":[{"digest":"sha256:../../../etc/passwd","size":1}]})");
       }},
      {"bad-extra-file",
       [](PacketEditor& p) { p.WriteFile(p.Path("README"), "hello"); }},
      {"bad-extra-folder",
       [](PacketEditor& p) {
         PEDIGREE_CHECK(mkdir(p.Path("blobs/sha512").c_str(), 0755) == 0);
       }},
      {"bad-extra-blob",
       [](PacketEditor& p) {
         p.WriteFile(p.Path(absl::StrCat("blobs/sha256/", Sha256("x").Hex())),
                     "x");
       }},
      {"bad-blob-name",
       [](PacketEditor& p) { p.WriteFile(p.Path("blobs/sha256/ABC"), "x"); }},
      {"bad-no-blobs",
       [](PacketEditor& p) {
         PEDIGREE_CHECK(std::rename(p.Path("blobs/sha256").c_str(),
                                    p.Path("blobs/sha1").c_str()) == 0);
       }},
      {"bad-link-blob",
       [](PacketEditor& p) {
         const std::string path = p.PathOf("model.slm");
         Remove(path);
         PEDIGREE_CHECK(symlink("/etc/passwd", path.c_str()) == 0);
       }},
      {"bad-link-index",
       [](PacketEditor& p) {
         Remove(p.Path("index.json"));
         PEDIGREE_CHECK(
             symlink("/dev/zero", p.Path("index.json").c_str()) == 0);
       }},
      {"bad-pipe-blob",
       [](PacketEditor& p) {
         const std::string path = p.PathOf("model.slm");
         Remove(path);
         PEDIGREE_CHECK(mkfifo(path.c_str(), 0644) == 0);
       }},
      {"bad-missing-model",
       [](PacketEditor& p) { Remove(p.PathOf("model.slm")); }},
      {"bad-missing-record",
       [](PacketEditor& p) { Remove(p.PathOf("record.json")); }},
      {"bad-missing-config",
       [](PacketEditor& p) { Remove(p.PathOf("config")); }},
      {"bad-missing-manifest",
       [](PacketEditor& p) { Remove(p.PathOf("manifest")); }},
      {"bad-model-longer",
       [](PacketEditor& p) {
         p.WriteFile(p.PathOf("model.slm"),
                     absl::StrCat(p.Read("model.slm"), "x"));
       }},
      {"bad-model-empty",
       [](PacketEditor& p) { p.WriteFile(p.PathOf("model.slm"), ""); }},
      {"bad-two-blobs-flipped",
       [](PacketEditor& p) {
         p.FlipBit(p.PathOf("model.slm"));
         p.FlipBit(p.PathOf("decision.json"));
       }},
  };
}

std::vector<PacketDefect> FlippedBits() {
  return {
      Flip("bad-flip-manifest", "manifest"),
      Flip("bad-flip-config", "config"),
      Flip("bad-flip-record", "record.json"),
      Flip("bad-flip-model", "model.slm"),
      Flip("bad-flip-adapter", "adapters/0.adp"),
      Flip("bad-flip-model-manifest", "model.manifest.json"),
      Flip("bad-flip-adapter-manifest", "adapter-manifests/0.json"),
      Flip("bad-flip-receipt", "receipts/0.json"),
      Flip("bad-flip-suite", "suites/greetings.json"),
      Flip("bad-flip-sidecar", "sidecars/greetings.json"),
      Flip("bad-flip-baseline", "baselines/greetings.json"),
      Flip("bad-flip-decision", "decision.json"),
      Flip("bad-flip-policy", "policy.json"),
      Flip("bad-flip-diagnostics", "diagnostics/greetings.json"),
      Flip("bad-flip-node", "node.json"),
      Flip("bad-flip-ancestor", "ancestors/0.json"),
      Flip("bad-flip-release-node", "release-node.json"),
      Flip("bad-flip-native-runtime", "runtimes/linux-x86_64/pedigree_runtime"),
      Flip("bad-flip-wasm-runtime", "runtimes/wasm32/pedigree.wasm"),
      Flip("bad-flip-license", "licenses/CC0-1.0"),
  };
}

std::vector<PacketDefect> ManifestDefects() {
  return {
      {"bad-manifest-truncated",
       [](PacketEditor& p) {
         p.ReplaceManifest(R"({"annotations":{"org.op)");
       }},
      {"bad-manifest-nested",
       [](PacketEditor& p) { p.ReplaceManifest(Nested(200)); }},
      {"bad-manifest-white-space",
       [](PacketEditor& p) {
         p.ReplaceManifest(p.Manifest().dump(1));
       }},
      Manifest("bad-manifest-unknown-key",
               [](Json& m) { m["subject"] = Json::object(); }),
      Manifest("bad-manifest-artifact-type",
               [](Json& m) { m["artifactType"] = "application/x"; }),
      Manifest("bad-manifest-schema-version",
               [](Json& m) { m["schemaVersion"] = 1; }),
      Manifest("bad-manifest-layer-unknown-key",
               [](Json& m) { m["layers"][1]["urls"] = Json::array(); }),
      Manifest("bad-manifest-layer-size",
               [](Json& m) { m["layers"][1]["size"] = 1; }),
      Manifest("bad-manifest-layer-negative-size",
               [](Json& m) { m["layers"][1]["size"] = -1; }),
      Manifest("bad-manifest-layer-digest",
               [](Json& m) { m["layers"][1]["digest"] = Zeros(); }),
      Manifest("bad-manifest-layer-digest-upper-case",
               [](Json& m) {
                 m["layers"][1]["digest"] =
                     absl::StrCat("sha256:", std::string(64, 'A'));
               }),
      Manifest("bad-manifest-layer-media-type",
               [](Json& m) { m["layers"][1]["mediaType"] = "text/plain"; }),
      Manifest("bad-manifest-two-names",
               [](Json& m) {
                 m["layers"][1]["annotations"][kTitle] = "other.slm";
               }),
      Manifest("bad-manifest-swapped-layers",
               [](Json& m) { std::swap(m["layers"][1], m["layers"][2]); }),
      Manifest("bad-manifest-swapped-digests",
               [](Json& m) {
                 Json& a = m["layers"][1];
                 Json& b = m["layers"][2];
                 std::swap(a["digest"], b["digest"]);
                 std::swap(a["size"], b["size"]);
               }),
      Manifest("bad-manifest-dropped-adapter",
               [](Json& m) { m["layers"].erase(2); }),
      Manifest("bad-manifest-dropped-record",
               [](Json& m) { m["layers"].erase(0); }),
      Manifest("bad-manifest-repeated-layer",
               [](Json& m) { m["layers"].push_back(m["layers"][1]); }),
      Manifest("bad-manifest-other-version",
               [](Json& m) {
                 m["annotations"]["org.opencontainers.image.version"] = "2";
               }),
      RenameModel("bad-name-escapes", "../../model.slm"),
      RenameModel("bad-name-absolute", "/etc/model.slm"),
      RenameModel("bad-name-escapes-below", "licenses/../../model.slm"),
      RenameModel("bad-name-hidden", "licenses/.profile"),
      RenameModel("bad-name-control", "licenses/a\nb"),
      RenameModel("bad-name-empty-part", "licenses//a"),
      RenameModel("bad-name-too-long",
                  absl::StrCat("licenses/", std::string(300, 'a'))),
      RenameModel("bad-name-unknown", "weights.bin"),
  };
}

std::vector<PacketDefect> RecordDefects() {
  return {
      {"bad-record-truncated",
       [](PacketEditor& p) {
         p.Replace("record.json", p.Read("record.json").substr(0, 100));
       }},
      {"bad-record-white-space",
       [](PacketEditor& p) {
         p.Replace("record.json", absl::StrCat(p.Read("record.json"), "\n"));
       }},
      Rewrite("bad-record-unknown-key", "record.json",
              [](Json& r) { r["approved_by"] = "me"; }),
      Rewrite("bad-record-schema", "record.json",
              [](Json& r) { r["schema_version"] = "pedigree.record.v9"; }),
      Rewrite("bad-record-assembly", "record.json",
              [](Json& r) { r["assembly_digest"] = Zeros(); }),
      Rewrite("bad-record-model", "record.json",
              [](Json& r) { r["model_digest"] = Zeros(); }),
      Rewrite("bad-record-claim", "record.json",
              [](Json& r) { r["claim_level"] = "product-release"; }),
      Rewrite("bad-record-rollback", "record.json",
              [](Json& r) { r["rollback_target"] = Zeros(); }),
      Rewrite("bad-record-name", "record.json",
              [](Json& r) { r["name"] = "../sample"; }),
      Rewrite("bad-record-inputs", "record.json",
              [](Json& r) { r["inputs_digest"] = "unknown"; }),
      Rewrite("bad-record-expected-claims", "record.json",
              [](Json& r) { r["expected_claims"].push_back("signed"); }),
      Rewrite("bad-record-runtime-dropped", "record.json",
              [](Json& r) { r["runtimes"].erase(1); }),
      Rewrite("bad-config", "config",
              [](Json& c) { c["config"]["paramSize"] = "70000000000"; }),
      Rewrite("bad-config-diff-ids", "config",
              [](Json& c) { c["modelfs"]["diffIds"].erase(0); }),
      {"bad-model-replaced",
       [](PacketEditor& p) { p.Replace("model.slm", "another model"); }},
      {"bad-adapter-replaced",
       [](PacketEditor& p) { p.Replace("adapters/0.adp", "another"); }},
      {"bad-license-replaced",
       [](PacketEditor& p) { p.Replace("licenses/CC0-1.0", "Pay me.\n"); }},
      {"bad-runtime-replaced",
       [](PacketEditor& p) {
         p.Replace("runtimes/wasm32/pedigree.wasm", "another");
       }},
  };
}

std::vector<PacketDefect> EvidenceDefects() {
  return {
      Rewrite("bad-sidecar-other-model", "sidecars/greetings.json",
              [](Json& s) { s["model_digest"] = Zeros(); }),
      Rewrite("bad-sidecar-other-manifest", "sidecars/greetings.json",
              [](Json& s) { s["manifest_digest"] = Zeros(); }),
      Rewrite("bad-sidecar-other-suite", "sidecars/greetings.json",
              [](Json& s) { s["suite"]["digest"] = Zeros(); }),
      Rewrite("bad-sidecar-totals", "sidecars/greetings.json",
              [](Json& s) { s["totals"]["passed"] = "3"; }),
      Rewrite("bad-sidecar-missing-case", "sidecars/greetings.json",
              [](Json& s) { s["cases"].erase(0); }),
      Rewrite("bad-sidecar-source-kind", "sidecars/greetings.json",
              [](Json& s) { s["source_kind"] = "converted-trained"; }),
      Rewrite("bad-sidecar-other-answer", "sidecars/greetings.json",
              [](Json& s) { s["cases"][0]["actual"] = "bad day"; }),
      Rewrite("bad-baseline-passes", "baselines/greetings.json",
              [](Json& s) { s["passed"] = true; }),
      Rewrite("bad-suite-other-case", "suites/greetings.json",
              [](Json& s) { s["cases"][0]["expected"] = "bad day"; }),
      Rewrite("bad-scorecard-value", "scorecard.json",
              [](Json& s) { s["fitness"][1]["value"] = "0.900000"; }),
      Rewrite("bad-scorecard-of-other-evidence", "scorecard.json",
              [](Json& s) { s["sidecars"][0]["digest"] = Zeros(); }),
      Rewrite("bad-scorecard-figure-dropped", "scorecard.json",
              [](Json& s) { s["fitness"].erase(0); }),
      Rewrite("bad-policy-lower-bar", "policy.json",
              [](Json& p) { p["suites"][0]["min_pass_rate"] = "0.1"; }),
      Rewrite("bad-decision-refused", "decision.json",
              [](Json& d) {
                d["verdict"] = "FAIL-FLOOR";
                d["action"] = "reject";
              }),
      Rewrite("bad-decision-other-claim", "decision.json",
              [](Json& d) { d["claim_level"] = "product-release"; }),
      Rewrite("bad-decision-observed", "decision.json",
              [](Json& d) {
                d["observations"] = {{{"machine", "ci"},
                                      {"suite", "greetings"},
                                      {"digest", Zeros()},
                                      {"sidecar_digest", Zeros()}}};
              }),
      Rewrite("bad-decision-other-figures", "decision.json",
              [](Json& d) { d["suites"][0]["gained"] = "2"; }),
      Rewrite("bad-diagnostics-smaller", "diagnostics/greetings.json",
              [](Json& c) { c["peak_scratch_bytes"] = "1"; }),
      Rewrite("bad-manifest-of-other-model", "model.manifest.json",
              [](Json& m) { m["model_digest"] = Zeros(); }),
      Rewrite("bad-adapter-manifest-other-parent", "adapter-manifests/0.json",
              [](Json& m) { m["parent"]["model_digest"] = Zeros(); }),
      Rewrite("bad-receipt-config", "receipts/0.json",
              [](Json& r) { r["config"]["dtype"] = "q4_0"; }),
      Rewrite("bad-receipt-output", "receipts/0.json",
              [](Json& r) { r["output"]["digest"] = Zeros(); }),
      Rewrite("bad-receipt-of-stranger", "receipts/1.json",
              [](Json& r) { r["output"]["digest"] = Zeros(); }),
      Rewrite("bad-node-id", "node.json",
              [](Json& n) { n["created_by"] = "someone"; }),
      Rewrite("bad-node-parent", "node.json",
              [](Json& n) { n["parent_ids"] = Json::array(); }),
      Rewrite("bad-ancestor-artifact", "ancestors/0.json",
              [](Json& n) { n["artifact_digest"] = Zeros(); }),
      // The child asks less than its parent does now; the id is wrong, too.
      Rewrite("bad-ancestor-stricter-terms", "ancestors/0.json",
              [](Json& n) {
                n["terms"] = {
                    {{"scale", "personal_data"}, {"level", "personal"}}};
              }),
      Rewrite("bad-release-node", "release-node.json",
              [](Json& n) { n["evidence_ids"].erase(0); }),
  };
}

// Every digest in `text`, "sha256:<hex>" or "sha256/<hex>", becomes a name.
std::string NameDigests(const std::string& text,
                        const std::map<std::string, std::string>& names) {
  constexpr size_t kPrefix = 7;
  constexpr size_t kLength = kPrefix + 64;
  std::string named;
  for (size_t at = 0; at < text.size();) {
    std::string digest = text.substr(at, kLength);
    const std::string prefix = digest.substr(0, kPrefix);
    if (prefix == "sha256/") digest[kPrefix - 1] = ':';
    if (!ParseDigest(digest).ok()) {
      named.push_back(text[at++]);
      continue;
    }
    const auto name = names.find(digest);
    absl::StrAppend(&named, prefix == "sha256/" ? prefix : "", "{",
                    name == names.end() ? "other" : name->second, "}");
    at += kLength;
  }
  return named;
}

// What the digests of the good packet stand for.
std::map<std::string, std::string> DigestNames(const PacketEditor& packet,
                                               const Json& manifest) {
  std::map<std::string, std::string> names;
  names[packet.DigestOf("manifest").ToString()] = "manifest";
  names[packet.DigestOf("config").ToString()] = "config";
  for (const Json& layer : manifest["layers"]) {
    names[layer["digest"].get<std::string>()] =
        layer["annotations"][kFilePath].get<std::string>();
  }
  const Json record = Must(ParseJson(packet.Read("record.json"), "record"));
  names[record["assembly_digest"].get<std::string>()] = "assembly";
  names[record["parent_digests"][0].get<std::string>()] = "parent assembly";
  for (const char* node : {"node.json", "ancestors/0.json"}) {
    const Json json = Must(ParseJson(packet.Read(node), node));
    names[json["id"].get<std::string>()] = absl::StrCat("id of ", node);
  }
  return names;
}

}  // namespace

std::vector<PacketDefect> AllPacketDefects() {
  std::vector<PacketDefect> all;
  for (const auto& group : {LayoutDefects(), FlippedBits(), ManifestDefects(),
                            RecordDefects(), EvidenceDefects(),
                            BomDefects()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

std::map<std::string, std::string> MakeMalformedPacket(
    const PacketDefect& defect, const std::string& scratch) {
  const std::string packet = absl::StrCat(scratch, "/packet");
  const MadePacket made = Must(MakePacket(WriteSampleRelease(scratch)));
  PEDIGREE_CHECK(made.refusals.empty());
  PEDIGREE_CHECK(WritePacket(made, packet).ok());
  PacketEditor editor(packet);
  std::map<std::string, std::string> names =
      DigestNames(editor, editor.Manifest());
  defect.apply(editor);
  return names;
}

std::string FaultsOf(const PacketDefect& defect, const std::string& scratch) {
  const auto names = MakeMalformedPacket(defect, scratch);
  const VerifyReport report =
      Must(VerifyPacket(absl::StrCat(scratch, "/packet")));
  std::string lines;
  for (const std::string& fault : report.faults) {
    absl::StrAppend(&lines, NameDigests(fault, names), "\n");
  }
  return lines;
}

}  // namespace pedigree
