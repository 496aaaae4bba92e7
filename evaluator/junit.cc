#include "evaluator/junit.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

using evaluator::CaseResult;
using evaluator::Decision;
using evaluator::Reason;
using evaluator::Sidecar;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// One <testcase>: `element` is "", "failure" or "skipped".
struct TestCase {
  std::string class_name;
  std::string name;
  std::string element;
  std::string message;
};

struct TestSuite {
  std::string name;
  std::vector<TestCase> cases;
};

size_t Count(const TestSuite& suite, std::string_view element) {
  return std::count_if(
      suite.cases.begin(), suite.cases.end(),
      [&](const TestCase& test) { return test.element == element; });
}

std::string Counts(size_t tests, size_t failures, size_t skipped) {
  return absl::StrCat(" tests=\"", tests, "\" failures=\"", failures,
                      "\" errors=\"0\" skipped=\"", skipped, "\"");
}

void AppendTestCase(const TestCase& test, std::string& xml) {
  absl::StrAppend(&xml, "    <testcase classname=\"",
                  XmlAttribute(test.class_name), "\" name=\"",
                  XmlAttribute(test.name), "\"");
  if (test.element.empty()) {
    absl::StrAppend(&xml, "/>\n");
    return;
  }
  absl::StrAppend(&xml, ">\n      <", test.element, " message=\"",
                  XmlAttribute(test.message), "\"/>\n    </testcase>\n");
}

std::string Render(const std::vector<TestSuite>& suites) {
  size_t tests = 0;
  size_t failures = 0;
  size_t skipped = 0;
  std::string body;
  for (const TestSuite& suite : suites) {
    tests += suite.cases.size();
    failures += Count(suite, "failure");
    skipped += Count(suite, "skipped");
    absl::StrAppend(&body, "  <testsuite name=\"", XmlAttribute(suite.name),
                    "\"",
                    Counts(suite.cases.size(), Count(suite, "failure"),
                           Count(suite, "skipped")),
                    ">\n");
    for (const TestCase& test : suite.cases) AppendTestCase(test, body);
    absl::StrAppend(&body, "  </testsuite>\n");
  }
  return absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
                      "<testsuites", Counts(tests, failures, skipped), ">\n",
                      body, "</testsuites>\n");
}

std::string Describe(const Reason& reason) {
  return absl::StrCat(reason.verdict(), ": ", reason.check(), " is ",
                      reason.found(), " (required ", reason.required(), ")");
}

const CaseResult* FindIn(const std::vector<Evidence>& list,
                         const std::string& suite, const std::string& id) {
  const Sidecar* sidecar = FindSuite(list, suite);
  return sidecar == nullptr ? nullptr : FindCase(*sidecar, id);
}

std::string Answer(const CaseResult& result) {
  return absl::StartsWith(result.stop_reason(), "error:") ||
                 absl::StartsWith(result.stop_reason(), "not-run:")
             ? result.stop_reason()
             : absl::StrCat("\"", result.actual(), "\"");
}

// Suite and case of the reasons that are about one case.
using RefusedCases = std::set<std::pair<std::string, std::string>>;

TestSuite SuiteTests(const Sidecar& sidecar,
                     const std::vector<Evidence>& baselines,
                     const RefusedCases& refused, bool is_expected) {
  TestSuite suite;
  suite.name = sidecar.suite().name();
  for (const CaseResult& result : sidecar.cases()) {
    TestCase& test = suite.cases.emplace_back();
    test.class_name = suite.name;
    test.name = result.id();
    if (result.passed()) continue;
    const bool refuses = refused.count({suite.name, result.id()}) > 0;
    test.element = refuses && !is_expected ? "failure" : "skipped";
    const CaseResult* before = FindIn(baselines, suite.name, result.id());
    absl::StrAppend(&test.message,
                    !refuses      ? "Failed, which the policy allows"
                    : is_expected ? "Failed, as expected"
                                  : "Failed",
                    result.hard() ? " (hard)" : "", ": expected \"",
                    result.expected(), "\", got ", Answer(result));
    if (before != nullptr) {
      absl::StrAppend(&test.message, ", baseline ", Answer(*before));
    }
  }
  return suite;
}

}  // namespace

std::string XmlAttribute(std::string_view text) {
  // Valid from here on, and with U+FFFD for what was not.
  const std::string valid = ReplaceInvalidUtf8(text);
  std::string out;
  for (size_t i = 0; i < valid.size(); ++i) {
    const auto byte = static_cast<unsigned char>(valid[i]);
    switch (byte) {
      case '&':
        out += "&amp;";
        continue;
      case '<':
        out += "&lt;";
        continue;
      case '>':
        out += "&gt;";
        continue;
      case '"':
        out += "&quot;";
        continue;
      case '\t':
      case '\n':
      case '\r':
        absl::StrAppend(&out, "&#", byte, ";");
        continue;
      default:
        break;
    }
    const std::string_view rest = std::string_view(valid).substr(i);
    if (byte < 0x20) {
      out += kReplacement;
    } else if (absl::StartsWith(rest, "\xEF\xBF\xBE") ||
               absl::StartsWith(rest, "\xEF\xBF\xBF")) {
      out += kReplacement;  // U+FFFE, U+FFFF
      i += 2;
    } else {
      out.push_back(valid[i]);
    }
  }
  return out;
}

std::string JunitReport(const Decision& decision,
                        const std::vector<Evidence>& sidecars,
                        const std::vector<Evidence>& baselines,
                        std::string_view expected) {
  const bool is_expected = decision.verdict() == expected;
  TestSuite gate;
  gate.name = absl::StrCat("gate ", decision.policy().name());
  TestCase verdict = {"gate", "verdict", "", ""};
  if (!is_expected) {
    verdict.element = "failure";
    verdict.message = absl::StrCat(decision.verdict(), " (expected ", expected,
                                   "), action ", decision.action());
  }
  gate.cases.push_back(std::move(verdict));
  RefusedCases refused;
  for (const Reason& reason : decision.reasons()) {
    const bool shown =
        FindIn(sidecars, reason.suite(), reason.case_()) != nullptr;
    if (shown) {
      refused.insert({reason.suite(), reason.case_()});
      continue;
    }
    std::string name = reason.check();
    if (!reason.case_().empty()) absl::StrAppend(&name, " ", reason.case_());
    gate.cases.push_back({reason.suite().empty() ? "gate" : reason.suite(),
                          std::move(name), is_expected ? "skipped" : "failure",
                          Describe(reason)});
  }
  std::vector<TestSuite> suites = {std::move(gate)};
  for (const Evidence& evidence : sidecars) {
    suites.push_back(
        SuiteTests(evidence.record, baselines, refused, is_expected));
  }
  return Render(suites);
}

}  // namespace pedigree
