#include "release/bom/bom_check.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

// One of everything that the checker knows.
Json GoodBom() {
  const std::string hex(64, 'a');
  return *ParseJson(
      absl::StrCat(R"({"bomFormat":"CycloneDX","specVersion":"1.6","version":1,
 "metadata":{"lifecycles":[{"phase":"build"}],
  "component":{"type":"machine-learning-model","bom-ref":"model","name":"m",
   "version":"1","hashes":[{"alg":"SHA-256","content":")",
                   hex, R"("}],
   "licenses":[{"license":{"name":"MIT"}}],
   "pedigree":{"ancestors":[{"type":"machine-learning-model","bom-ref":"base",
     "name":"base"}]},
   "modelCard":{"modelParameters":{"task":"text-generation",
      "datasets":[{"ref":"cases"}],"inputs":[{"format":"string"}]},
    "quantitativeAnalysis":{"performanceMetrics":[{"type":"pass_rate",
      "value":"0.5","slice":"s",
      "confidenceInterval":{"lowerBound":"0.1","upperBound":"0.9"}}]},
    "properties":[{"name":"pedigree:claim_level","value":"structural"}]}}},
 "components":[
  {"type":"data","bom-ref":"cases","name":"cases",
   "data":[{"type":"dataset","name":"cases"}]},
  {"type":"application","bom-ref":"app","name":"app"},
  {"type":"library","bom-ref":"lib","name":"lib",
   "licenses":[{"expression":"MIT OR NCSA"}]}],
 "dependencies":[{"ref":"app","dependsOn":["lib"]},{"ref":"model"}],
 "compositions":[{"aggregate":"complete","dependencies":["app"]}]})"),
      "BOM");
}

std::string FaultsOf(const std::function<void(Json&)>& change) {
  Json bom = GoodBom();
  change(bom);
  return absl::StrJoin(CheckBom(bom.dump()), "\n");
}

TEST(BomCheckTest, AcceptsOneOfEverything) {
  EXPECT_EQ(FaultsOf([](Json&) {}), "");
  EXPECT_EQ(absl::StrJoin(CheckBom(R"({"bomFormat":"CycloneDX",)"
                                   R"("specVersion":"1.6","version":1})"),
                          "\n"),
            "");
}

// What the schema cannot say.
TEST(BomCheckTest, RefusesARepeatedRef) {
  EXPECT_EQ(FaultsOf([](Json& b) { b["components"][1]["bom-ref"] = "lib"; }),
            "Invalid BOM: document.components[2]: bom-ref \"lib\" stands on "
            "another component, too\n"
            "Invalid BOM: document.dependencies[0].ref: points at \"app\", "
            "which no component is\n"
            "Invalid BOM: document.compositions[0].dependencies[0]: points at "
            "\"app\", which no component is");
}

TEST(BomCheckTest, RefusesADependencyThatDangles) {
  EXPECT_EQ(FaultsOf([](Json& b) {
              b["dependencies"][0]["dependsOn"][0] = "none";
            }),
            "Invalid BOM: document.dependencies[0].dependsOn[0]: points at "
            "\"none\", which no component is");
}

TEST(BomCheckTest, RefusesACardOnAnotherType) {
  EXPECT_EQ(FaultsOf([](Json& b) {
              b["metadata"]["component"]["type"] = "application";
            }),
            "Invalid BOM: metadata.component.modelCard: stands on a component "
            "that is no machine-learning-model");
}

// What the schema says.
struct Refusal {
  std::string name;
  std::function<void(Json&)> change;
  std::string fault;
};

class BomCheckRefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(BomCheckRefusalTest, IsNamed) {
  EXPECT_EQ(FaultsOf(GetParam().change),
            absl::StrCat("Invalid BOM: ", GetParam().fault));
}

Json& Metric(Json& bom) {
  return bom["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]
            ["performanceMetrics"][0];
}

INSTANTIATE_TEST_SUITE_P(
    All, BomCheckRefusalTest,
    testing::ValuesIn(std::vector<Refusal>{
        {"Format", [](Json& b) { b["bomFormat"] = "SPDX"; },
         "document: bomFormat is \"SPDX\" (expected \"CycloneDX\")"},
        {"Version", [](Json& b) { b.erase("specVersion"); },
         "document: specVersion is missing (expected \"1.6\")"},
        {"UnknownKey", [](Json& b) { b["timestamp"] = "now"; },
         "document: has the unknown key \"timestamp\""},
        {"Type", [](Json& b) { b["components"][1]["type"] = "model"; },
         "document.components[1].type: is \"model\", which CycloneDX 1.6 does "
         "not have here"},
        {"NoName", [](Json& b) { b["components"][1]["name"] = ""; },
         "document.components[1]: has no name"},
        {"NumericVersion", [](Json& b) { b["components"][1]["version"] = 1; },
         "document.components[1].version: is not a text"},
        {"NumericValue", [](Json& b) { Metric(b)["value"] = 1; },
         "metadata.component.modelCard.quantitativeAnalysis."
         "performanceMetrics[0].value: is not a text"},
        {"NumericBound",
         [](Json& b) { Metric(b)["confidenceInterval"]["lowerBound"] = 0; },
         "metadata.component.modelCard.quantitativeAnalysis."
         "performanceMetrics[0].confidenceInterval.lowerBound: is not a text"},
        {"Algorithm",
         [](Json& b) {
           b["metadata"]["component"]["hashes"][0]["alg"] = "sha256";
         },
         "metadata.component.hashes[0]: alg is \"sha256\" (expected "
         "\"SHA-256\")"},
        {"Hash",
         [](Json& b) {
           b["metadata"]["component"]["hashes"][0]["content"] = "AA";
         },
         "metadata.component.hashes[0]: content is no SHA-256 in 64 lowercase "
         "hex digits"},
        {"TwoLicences",
         [](Json& b) {
           b["components"][2]["licenses"][0]["license"] = {{"name", "MIT"}};
         },
         "document.components[2].licenses[0]: has not exactly one of "
         "expression and license"},
        {"SameComponent",
         [](Json& b) {
           b["components"].push_back({{"type", "file"}, {"name", "f"}});
           b["components"].push_back({{"type", "file"}, {"name", "f"}});
         },
         "document.components[4]: comes twice"},
        {"Phase",
         [](Json& b) { b["metadata"]["lifecycles"][0]["phase"] = "now"; },
         "metadata.lifecycles[0].phase: is \"now\", which CycloneDX 1.6 does "
         "not have here"},
        {"Aggregate",
         [](Json& b) { b["compositions"][0]["aggregate"] = "most"; },
         "document.compositions[0].aggregate: is \"most\", which CycloneDX 1.6 "
         "does not have here"},
        {"NoList", [](Json& b) { b["components"][2]["licenses"] = "MIT"; },
         "document.components[2].licenses: is not a list"},
        {"NoObject", [](Json& b) { b["dependencies"][1] = "model"; },
         "document.dependencies[1]: is not an object"},
        {"DependsTwice",
         [](Json& b) { b["dependencies"][1]["ref"] = "app"; },
         "document.dependencies[1]: ref \"app\" has dependencies already"},
        {"Dataset",
         [](Json& b) {
           b["metadata"]["component"]["modelCard"]["modelParameters"]
            ["datasets"][0]["ref"] = "none";
         },
         "metadata.component.modelCard.modelParameters.datasets[0].ref: points "
         "at \"none\", which no component is"},
    }),
    [](const testing::TestParamInfo<Refusal>& test) {
      return test.param.name;
    });

TEST(BomCheckTest, RefusesWhatIsNoJson) {
  EXPECT_EQ(CheckBom("{").size(), 1u);
  EXPECT_EQ(absl::StrJoin(CheckBom("[]"), "\n"),
            "Invalid BOM: document: is not an object");
}

TEST(BomCheckTest, NamesNoMoreFaultsThanHelp) {
  Json bom = GoodBom();
  for (int i = 0; i < 1000; ++i) bom[absl::StrCat("key", i)] = 1;
  EXPECT_EQ(CheckBom(bom.dump()).size(), 50u);
}

}  // namespace
}  // namespace pedigree
