#include "release/testing/bom_defects.h"

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "release/testing/packet_editor.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

constexpr char kBom[] = "bom.cdx.json";
constexpr char kNotice[] = "licenses/third-party/compiler/crt.txt";

PacketDefect Rewrite(std::string name, std::string layer,
                     std::function<void(Json&)> change) {
  return {std::move(name), [layer = std::move(layer),
                            change = std::move(change)](PacketEditor& packet) {
            packet.ChangeJson(layer, change);
          }};
}

// A change to the first linked library of the record.
PacketDefect Library(std::string name, std::function<void(Json&)> change) {
  return Rewrite(std::move(name), "record.json",
                 [change = std::move(change)](Json& record) {
                   change(record["linked_libraries"][0]);
                 });
}

void RemoveLayer(PacketEditor& packet, std::string_view file_path) {
  packet.ChangeManifest([&](Json& manifest) {
    Json& layers = manifest["layers"];
    for (size_t i = 0; i < layers.size(); ++i) {
      if (layers[i]["annotations"]["org.cncf.model.filepath"] == file_path) {
        layers.erase(i);
        return;
      }
    }
  });
}

Json& Model(Json& bom) { return bom["metadata"]["component"]; }

std::vector<PacketDefect> DocumentDefects() {
  return {
      {"bad-flip-bom",
       [](PacketEditor& p) { p.FlipBit(p.PathOf(kBom)); }},
      {"bad-bom-dropped", [](PacketEditor& p) { RemoveLayer(p, kBom); }},
      {"bad-bom-truncated",
       [](PacketEditor& p) { p.Replace(kBom, p.Read(kBom).substr(0, 99)); }},
      {"bad-bom-white-space",
       [](PacketEditor& p) { p.Replace(kBom, p.Read(kBom) + "\n"); }},
      Rewrite("bad-bom-unknown-key", kBom,
              [](Json& b) { b["serialNumber"] = "urn:uuid:0"; }),
      Rewrite("bad-bom-spec-version", kBom,
              [](Json& b) { b["specVersion"] = "1.7"; }),
      Rewrite("bad-bom-model-hash", kBom,
              [](Json& b) {
                Model(b)["hashes"][0]["content"] = std::string(64, '0');
              }),
      Rewrite("bad-bom-ancestor-dropped", kBom,
              [](Json& b) { Model(b).erase("pedigree"); }),
      Rewrite("bad-bom-metric", kBom,
              [](Json& b) {
                Model(b)["modelCard"]["quantitativeAnalysis"]
                        ["performanceMetrics"][0]["confidenceInterval"]
                        ["lowerBound"] = "0.990000";
              }),
      Rewrite("bad-bom-metric-number", kBom,
              [](Json& b) {
                Model(b)["modelCard"]["quantitativeAnalysis"]
                        ["performanceMetrics"][0]["value"] = 1;
              }),
      Rewrite("bad-bom-library-dropped", kBom,
              [](Json& b) {
                b["components"].erase(b["components"].size() - 2);
              }),
      Rewrite("bad-bom-library-version", kBom,
              [](Json& b) {
                b["components"][b["components"].size() - 2]["version"] = "20";
              }),
      Rewrite("bad-bom-repeated-ref", kBom,
              [](Json& b) { b["components"][0]["bom-ref"] = "model"; }),
      Rewrite("bad-bom-dangling-dependency", kBom,
              [](Json& b) { b["dependencies"][0]["dependsOn"][0] = "none"; }),
      Rewrite("bad-bom-card-elsewhere", kBom,
              [](Json& b) {
                b["components"][1]["modelCard"] = Json::object();
              }),
      Rewrite("bad-record-bom-digest", "record.json",
              [](Json& r) { r["bom_digest"] = Sha256("0").ToString(); }),
  };
}

std::vector<PacketDefect> LibraryDefects() {
  return {
      Library("bad-library-without-notice",
              [](Json& l) { l["notices"] = Json::array(); }),
      Library("bad-library-other-notice",
              [](Json& l) {
                l["notices"][0]["digest"] = Sha256("0").ToString();
              }),
      Library("bad-library-other-licence",
              [](Json& l) { l["license"] = "CC0-1.0"; }),
      Library("bad-library-other-version",
              [](Json& l) { l["version"] = "20"; }),
      Library("bad-library-unknown-pin", [](Json& l) { l["pin"] = "gcc"; }),
      Library("bad-library-unknown-runtime",
              [](Json& l) { l["targets"][0] = "macos"; }),
      Library("bad-library-notice-escapes",
              [](Json& l) { l["notices"][0]["name"] = "../../crt.txt"; }),
      Rewrite("bad-library-dropped", "record.json",
              [](Json& r) { r["linked_libraries"].erase(0); }),
      Rewrite("bad-library-swapped", "record.json",
              [](Json& r) {
                std::swap(r["linked_libraries"][0], r["linked_libraries"][1]);
              }),
      Rewrite("bad-library-repeated", "record.json",
              [](Json& r) {
                r["linked_libraries"].push_back(r["linked_libraries"][1]);
              }),
      {"bad-flip-notice",
       [](PacketEditor& p) { p.FlipBit(p.PathOf(kNotice)); }},
      {"bad-notice-replaced",
       [](PacketEditor& p) { p.Replace(kNotice, "Pay me.\n"); }},
      {"bad-notice-dropped",
       [](PacketEditor& p) { RemoveLayer(p, kNotice); }},
  };
}

}  // namespace

std::vector<PacketDefect> BomDefects() {
  std::vector<PacketDefect> all = DocumentDefects();
  for (PacketDefect& defect : LibraryDefects()) {
    all.push_back(std::move(defect));
  }
  return all;
}

}  // namespace pedigree
