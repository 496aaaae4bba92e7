#include "release/bom/bom_check.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

// A hostile document could have any number.
constexpr size_t kMaxFaults = 50;

constexpr std::string_view kComponentTypes[] = {
    "application", "data", "file", "library", "machine-learning-model"};
constexpr std::string_view kAggregates[] = {
    "complete", "incomplete", "not_specified", "unknown"};
constexpr std::string_view kDataTypes[] = {
    "configuration", "dataset", "definition", "other", "source-code"};
constexpr std::string_view kPhases[] = {"design",     "pre-build", "build",
                                        "post-build", "operations",
                                        "discovery",  "decommission"};

bool IsLowerHex(std::string_view text, size_t length) {
  return text.size() == length &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

class Checker {
 public:
  std::vector<std::string> Check(std::string_view text) {
    const absl::StatusOr<Json> bom = ParseForeignJson(text, "BOM");
    if (!bom.ok()) return {std::string(bom.status().message())};
    CheckDocument(*bom);
    CheckReferences();
    if (faults_.size() > kMaxFaults) faults_.resize(kMaxFaults);
    return std::move(faults_);
  }

 private:
  void Fault(std::string_view place, std::string_view what) {
    faults_.push_back(absl::StrCat("Invalid BOM: ", place, ": ", what));
  }

  // The member, or null; another key than these is a fault.
  bool Object(const Json& value, const std::string& place,
              std::initializer_list<std::string_view> keys) {
    if (!value.is_object()) {
      Fault(place, "is not an object");
      return false;
    }
    for (const auto& [key, member] : value.items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        Fault(place, absl::StrCat("has the unknown key \"",
                                  key.substr(0, 40), "\""));
      }
    }
    return true;
  }

  // Calls check(element, its place) for a list that may be absent.
  template <typename CheckElement>
  void List(const Json& object, const std::string& place, const char* key,
            CheckElement check) {
    const auto found = object.find(key);
    if (found == object.end()) return;
    const std::string list = absl::StrCat(place, ".", key);
    if (!found->is_array()) return Fault(list, "is not a list");
    std::set<std::string> seen;
    for (size_t i = 0; i < found->size(); ++i) {
      const std::string element = absl::StrCat(list, "[", i, "]");
      if (!seen.insert((*found)[i].dump()).second) {
        Fault(element, "comes twice");
      }
      check((*found)[i], element);
    }
  }

  // The text of a member; empty, and a fault, for a number, say.
  std::string Text(const Json& object, const std::string& place,
                   const char* key, bool required) {
    const auto found = object.find(key);
    if (found == object.end()) {
      if (required) Fault(place, absl::StrCat("has no ", key));
      return "";
    }
    if (!found->is_string()) {
      Fault(absl::StrCat(place, ".", key), "is not a text");
      return "";
    }
    return found->get<std::string>();
  }

  template <size_t N>
  void OneOf(const Json& object, const std::string& place, const char* key,
             const std::string_view (&known)[N]) {
    const std::string text = Text(object, place, key, /*required=*/true);
    if (std::find(std::begin(known), std::end(known), text) ==
        std::end(known)) {
      Fault(absl::StrCat(place, ".", key),
            absl::StrCat("is \"", text.substr(0, 40),
                         "\", which CycloneDX 1.6 does not have here"));
    }
  }

  void Expect(const Json& object, const std::string& place, const char* key,
              const Json& expected) {
    const auto found = object.find(key);
    if (found != object.end() && *found == expected) return;
    Fault(place, absl::StrCat(key, " is ",
                              found == object.end()
                                  ? "missing"
                                  : found->dump().substr(0, 40),
                              " (expected ", expected.dump(), ")"));
  }

  void CheckDocument(const Json& bom) {
    const std::string place = "document";
    if (!Object(bom, place,
                {"bomFormat", "specVersion", "version", "metadata",
                 "components", "dependencies", "compositions"})) {
      return;
    }
    Expect(bom, place, "bomFormat", "CycloneDX");
    Expect(bom, place, "specVersion", "1.6");
    Expect(bom, place, "version", 1);
    if (const auto metadata = bom.find("metadata"); metadata != bom.end()) {
      CheckMetadata(*metadata);
    }
    CheckComponents(bom, place, "components");
    List(bom, place, "dependencies", [this](const Json& value,
                                            const std::string& at) {
      CheckDependency(value, at);
    });
    List(bom, place, "compositions", [this](const Json& value,
                                            const std::string& at) {
      CheckComposition(value, at);
    });
  }

  void CheckMetadata(const Json& metadata) {
    const std::string place = "metadata";
    if (!Object(metadata, place, {"component", "lifecycles"})) return;
    List(metadata, place, "lifecycles",
         [this](const Json& value, const std::string& at) {
           if (Object(value, at, {"phase"})) OneOf(value, at, "phase", kPhases);
         });
    if (const auto component = metadata.find("component");
        component != metadata.end()) {
      CheckComponent(*component, "metadata.component");
    }
  }

  void CheckComponents(const Json& object, const std::string& place,
                       const char* key) {
    List(object, place, key, [this](const Json& value, const std::string& at) {
      CheckComponent(value, at);
    });
  }

  void CheckComponent(const Json& component, const std::string& place) {
    if (!Object(component, place,
                {"bom-ref", "data", "hashes", "licenses", "modelCard", "name",
                 "pedigree", "properties", "type", "version"})) {
      return;
    }
    OneOf(component, place, "type", kComponentTypes);
    if (Text(component, place, "name", true).empty()) Fault(place, "has no name");
    Text(component, place, "version", false);
    AddRef(Text(component, place, "bom-ref", false), place);
    CheckHashes(component, place);
    CheckProperties(component, place);
    List(component, place, "licenses",
         [this](const Json& value, const std::string& at) {
           CheckLicense(value, at);
         });
    List(component, place, "data",
         [this](const Json& value, const std::string& at) {
           if (!Object(value, at, {"name", "type"})) return;
           OneOf(value, at, "type", kDataTypes);
           Text(value, at, "name", false);
         });
    CheckPedigree(component, place);
    CheckCard(component, place);
  }

  void CheckPedigree(const Json& component, const std::string& place) {
    const auto pedigree = component.find("pedigree");
    if (pedigree == component.end()) return;
    const std::string at = place + ".pedigree";
    if (Object(*pedigree, at, {"ancestors"})) {
      CheckComponents(*pedigree, at, "ancestors");
    }
  }

  void CheckHashes(const Json& component, const std::string& place) {
    List(component, place, "hashes",
         [this](const Json& value, const std::string& at) {
           if (!Object(value, at, {"alg", "content"})) return;
           Expect(value, at, "alg", "SHA-256");
           if (!IsLowerHex(Text(value, at, "content", true), 64)) {
             Fault(at, "content is no SHA-256 in 64 lowercase hex digits");
           }
         });
  }

  void CheckProperties(const Json& object, const std::string& place) {
    List(object, place, "properties",
         [this](const Json& value, const std::string& at) {
           if (!Object(value, at, {"name", "value"})) return;
           Text(value, at, "name", true);
           Text(value, at, "value", false);
         });
  }

  // A named licence, or an SPDX expression.
  void CheckLicense(const Json& value, const std::string& place) {
    if (!Object(value, place, {"expression", "license"})) return;
    const auto license = value.find("license");
    if ((license == value.end()) == (value.count("expression") == 0)) {
      return Fault(place, "has not exactly one of expression and license");
    }
    if (license == value.end()) {
      Text(value, place, "expression", true);
    } else if (Object(*license, place + ".license", {"name"})) {
      Text(*license, place + ".license", "name", true);
    }
  }

  void CheckCard(const Json& component, const std::string& place) {
    const auto card = component.find("modelCard");
    if (card == component.end()) return;
    const std::string at = place + ".modelCard";
    if (component.value("type", Json()) != "machine-learning-model") {
      Fault(at, "stands on a component that is no machine-learning-model");
    }
    if (!Object(*card, at,
                {"modelParameters", "properties", "quantitativeAnalysis"})) {
      return;
    }
    CheckProperties(*card, at);
    CheckParameters(*card, at);
    CheckAnalysis(*card, at);
  }

  void CheckParameters(const Json& card, const std::string& place) {
    const auto parameters = card.find("modelParameters");
    if (parameters == card.end()) return;
    const std::string at = place + ".modelParameters";
    if (!Object(*parameters, at,
                {"architectureFamily", "datasets", "inputs", "outputs",
                 "task"})) {
      return;
    }
    Text(*parameters, at, "task", false);
    Text(*parameters, at, "architectureFamily", false);
    List(*parameters, at, "datasets",
         [this](const Json& value, const std::string& place) {
           if (!Object(value, place, {"ref"})) return;
           Point(Text(value, place, "ref", true), place + ".ref");
         });
    for (const char* key : {"inputs", "outputs"}) {
      List(*parameters, at, key,
           [this](const Json& value, const std::string& place) {
             if (Object(value, place, {"format"})) {
               Text(value, place, "format", false);
             }
           });
    }
  }

  void CheckAnalysis(const Json& card, const std::string& place) {
    const auto analysis = card.find("quantitativeAnalysis");
    if (analysis == card.end()) return;
    const std::string at = place + ".quantitativeAnalysis";
    if (!Object(*analysis, at, {"performanceMetrics"})) return;
    List(*analysis, at, "performanceMetrics",
         [this](const Json& value, const std::string& place) {
           CheckMetric(value, place);
         });
  }

  void CheckMetric(const Json& metric, const std::string& place) {
    if (!Object(metric, place,
                {"confidenceInterval", "slice", "type", "value"})) {
      return;
    }
    for (const char* key : {"slice", "type", "value"}) {
      Text(metric, place, key, false);
    }
    const auto interval = metric.find("confidenceInterval");
    if (interval == metric.end()) return;
    const std::string at = place + ".confidenceInterval";
    if (!Object(*interval, at, {"lowerBound", "upperBound"})) return;
    Text(*interval, at, "lowerBound", false);
    Text(*interval, at, "upperBound", false);
  }

  void CheckDependency(const Json& value, const std::string& place) {
    if (!Object(value, place, {"dependsOn", "ref"})) return;
    const std::string ref = Text(value, place, "ref", true);
    Point(ref, place + ".ref");
    if (!dependencies_.insert(ref).second) {
      Fault(place, absl::StrCat("ref \"", ref.substr(0, 80),
                                "\" has dependencies already"));
    }
    CheckTargets(value, place, "dependsOn");
  }

  void CheckComposition(const Json& value, const std::string& place) {
    if (!Object(value, place, {"aggregate", "dependencies"})) return;
    OneOf(value, place, "aggregate", kAggregates);
    CheckTargets(value, place, "dependencies");
  }

  void CheckTargets(const Json& object, const std::string& place,
                    const char* key) {
    List(object, place, key, [this](const Json& value, const std::string& at) {
      if (!value.is_string()) return Fault(at, "is not a text");
      Point(value.get<std::string>(), at);
    });
  }

  void AddRef(const std::string& ref, const std::string& place) {
    if (ref.empty() || refs_.insert(ref).second) return;
    Fault(place, absl::StrCat("bom-ref \"", ref.substr(0, 80),
                              "\" stands on another component, too"));
  }

  void Point(std::string ref, std::string place) {
    pointers_.emplace_back(std::move(ref), std::move(place));
  }

  void CheckReferences() {
    for (const auto& [ref, place] : pointers_) {
      if (refs_.count(ref) != 0) continue;
      Fault(place, absl::StrCat("points at \"", ref.substr(0, 80),
                                "\", which no component is"));
    }
  }

  std::vector<std::string> faults_;
  std::set<std::string> refs_;
  std::set<std::string> dependencies_;
  // What points where.
  std::vector<std::pair<std::string, std::string>> pointers_;
};

}  // namespace

std::vector<std::string> CheckBom(std::string_view text) {
  return Checker().Check(text);
}

}  // namespace pedigree
