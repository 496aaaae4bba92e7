#include "evaluator/junit.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

evaluator::CaseResult* AddCase(Evidence& evidence, const std::string& id,
                               bool passed, const std::string& actual) {
  evaluator::CaseResult* result = evidence.record.add_cases();
  result->set_id(id);
  result->set_passed(passed);
  result->set_expected("b");
  result->set_actual(actual);
  return result;
}

Evidence Smoke() {
  Evidence evidence;
  evidence.record.mutable_suite()->set_name("smoke");
  AddCase(evidence, "fine", true, "b");
  AddCase(evidence, "hard", false, "<c>\n")->set_hard(true);
  AddCase(evidence, "soft", false, "d");
  return evidence;
}

evaluator::Decision Refusal() {
  evaluator::Decision decision;
  decision.mutable_policy()->set_name("release");
  decision.set_verdict("FAIL-HARD-CASE");
  decision.set_action("reject");
  evaluator::Reason* reason = decision.add_reasons();
  reason->set_verdict("FAIL-HARD-CASE");
  reason->set_suite("smoke");
  reason->set_case_("hard");
  reason->set_check("hard_case");
  reason = decision.add_reasons();
  reason->set_verdict("FAIL-FLOOR");
  reason->set_suite("smoke");
  reason->set_check("pass_rate");
  reason->set_found("0.333333");
  reason->set_required("0.95");
  return decision;
}

TEST(JunitReportTest, ARefusalFailsByItsReasons) {
  Evidence baseline = Smoke();
  baseline.record.mutable_cases(1)->set_actual("b");
  EXPECT_EQ(
      JunitReport(Refusal(), {Smoke()}, {baseline}, "PASS"),
      R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="5" failures="3" errors="0" skipped="1">
  <testsuite name="gate release" tests="2" failures="2" errors="0" skipped="0">
    <testcase classname="gate" name="verdict">
      <failure message="FAIL-HARD-CASE (expected PASS), action reject"/>
    </testcase>
    <testcase classname="smoke" name="pass_rate">
      <failure message="FAIL-FLOOR: pass_rate is 0.333333 (required 0.95)"/>
    </testcase>
  </testsuite>
  <testsuite name="smoke" tests="3" failures="1" errors="0" skipped="1">
    <testcase classname="smoke" name="fine"/>
    <testcase classname="smoke" name="hard">
      <failure message="Failed (hard): expected &quot;b&quot;, got &quot;&lt;c&gt;&#10;&quot;, baseline &quot;b&quot;"/>
    </testcase>
    <testcase classname="smoke" name="soft">
      <skipped message="Failed, which the policy allows: expected &quot;b&quot;, got &quot;d&quot;, baseline &quot;d&quot;"/>
    </testcase>
  </testsuite>
</testsuites>
)xml");
}

TEST(JunitReportTest, AnExpectedRefusalIsNoFailure) {
  const std::string xml =
      JunitReport(Refusal(), {Smoke()}, {}, "FAIL-HARD-CASE");
  EXPECT_EQ(xml.find("<failure"), std::string::npos) << xml;
  EXPECT_NE(xml.find("tests=\"5\" failures=\"0\" errors=\"0\" skipped=\"3\""),
            std::string::npos)
      << xml;
  EXPECT_NE(xml.find("Failed, as expected (hard)"), std::string::npos) << xml;
}

TEST(JunitReportTest, AReasonAboutACaseWithoutResultIsTheGates) {
  evaluator::Decision decision = Refusal();
  decision.mutable_reasons(0)->set_case_("gone");
  const std::string xml = JunitReport(decision, {Smoke()}, {}, "PASS");
  EXPECT_NE(xml.find("classname=\"smoke\" name=\"hard_case gone\""),
            std::string::npos)
      << xml;
}

TEST(XmlAttributeTest, WritesWhatXmlCanAndReplacesTheRest) {
  const struct {
    std::string text;
    std::string attribute;
  } kRows[] = {
      {"a'b & <c> \"d\"", "a'b &amp; &lt;c&gt; &quot;d&quot;"},
      {"\t\n\r ", "&#9;&#10;&#13; "},
      {std::string("a\0b\x1f", 4), "a\xEF\xBF\xBD" "b\xEF\xBF\xBD"},
      {"\xEF\xBF\xBE\xEF\xBF\xBF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xEF\xBF\xBD\xF0\x9F\x98\x80\xC3\xA9",
       "\xEF\xBF\xBD\xF0\x9F\x98\x80\xC3\xA9"},
      {"\xFFx", "\xEF\xBF\xBDx"},
      {"", ""},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(XmlAttribute(row.text), row.attribute);
  }
}

}  // namespace
}  // namespace pedigree
