#include "evaluator/sidecar.h"

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "evaluator/records.pb.h"
#include "evaluator/testing.h"
#include "gtest/gtest.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

std::string TestSidecar() {
  return RunTestSuite(MakeTestSuite("smoke", {"a", "b", "hard-1"}), "model",
                      {{"a", "\xFF"}, {"b", "!"}});
}

TEST(SidecarTest, TheRuntimeWritesTheJsonFormOfTheMessage) {
  const std::string text = TestSidecar();
  const auto evidence = ParseSidecar(text);
  ASSERT_TRUE(evidence.ok()) << evidence.status();
  EXPECT_EQ(CanonicalRecord(evidence->record), text);
  EXPECT_EQ(evidence->digest, Sha256(text).ToString());
}

TEST(SidecarTest, KeepsWhatTheRunFound) {
  const auto evidence = ParseSidecar(TestSidecar());
  ASSERT_TRUE(evidence.ok()) << evidence.status();
  const evaluator::Sidecar& sidecar = evidence->record;
  ASSERT_EQ(sidecar.cases_size(), 3);
  EXPECT_EQ(sidecar.cases(0).actual(), "\xEF\xBF\xBD");
  EXPECT_EQ(sidecar.cases(1).stop_reason(), "error:ContextExceeded");
  EXPECT_TRUE(sidecar.cases(2).passed());
  EXPECT_EQ(sidecar.totals().passed(), 1u);
}

TEST(SidecarTest, FindsCountedValuesByPath) {
  const auto evidence = ParseSidecar(TestSidecar());
  ASSERT_TRUE(evidence.ok()) << evidence.status();
  EXPECT_EQ(CountedValue(*evidence, "peak_scratch_bytes"), 4096u);
  EXPECT_EQ(CountedValue(*evidence, "use.case_count"), 2u);
  EXPECT_EQ(CountedValue(*evidence, "use.prompt_tokens"), 10u);
  EXPECT_EQ(CountedValue(*evidence, "use"), std::nullopt);
  EXPECT_EQ(CountedValue(*evidence, "use.prompt_tokens.x"), std::nullopt);
  EXPECT_EQ(CountedValue(*evidence, "assembly_digest"), std::nullopt);
  EXPECT_EQ(CountedValue(*evidence, ""), std::nullopt);
}

struct Forgery {
  std::string name;
  std::function<void(evaluator::Sidecar&)> forge;
  std::string message;
};

class SidecarForgeryTest : public testing::TestWithParam<Forgery> {};

TEST_P(SidecarForgeryTest, IsRefusedWithBothValues) {
  evaluator::Sidecar sidecar;
  ASSERT_TRUE(ParseCanonicalRecord(TestSidecar(), "sidecar", &sidecar).ok());
  GetParam().forge(sidecar);
  const auto evidence = ParseSidecar(CanonicalRecord(sidecar));
  EXPECT_EQ(evidence.status(), absl::InvalidArgumentError(
                                   "Invalid sidecar: " + GetParam().message));
}

using evaluator::Sidecar;

INSTANTIATE_TEST_SUITE_P(
    Members, SidecarForgeryTest,
    testing::Values(
        Forgery{"Schema",
                [](Sidecar& s) { s.set_schema_version("v2"); },
                "\"schema_version\" is \"v2\" (expected "
                "\"pedigree.sidecar.v1\")"},
        Forgery{"Boundary",
                [](Sidecar& s) { s.set_quality_boundary("product-release"); },
                "\"quality_boundary\" is \"product-release\" (expected "
                "\"runtime-smoke\")"},
        Forgery{"Verdict",
                [](Sidecar& s) { s.mutable_cases(0)->set_passed(true); },
                "\"passed\" of case \"a\" is \"true\" (expected \"false\")"},
        Forgery{"ErrorThatPasses",
                [](Sidecar& s) {
                  s.mutable_cases(1)->set_actual_digest(
                      Sha256("say b").ToString());
                  s.mutable_cases(1)->set_passed(true);
                },
                "\"passed\" of case \"b\" is \"true\" (expected \"false\")"},
        Forgery{"Text",
                [](Sidecar& s) { s.mutable_cases(2)->set_actual("other"); },
                "\"actual\" of case \"hard-1\" is \"other\" (expected \"say "
                "hard-1\")"},
        Forgery{"ExpectedDigest",
                [](Sidecar& s) { s.mutable_cases(2)->set_expected("other"); },
                "\"expected_digest\" of case \"hard-1\" is \"" +
                    Sha256("say hard-1").ToString() + "\" (expected \"" +
                    Sha256("other").ToString() + "\")"},
        Forgery{"NotRun",
                [](Sidecar& s) {
                  s.mutable_cases(0)->set_stop_reason("not-run:limit");
                  s.mutable_cases(0)->set_actual("");
                  s.mutable_cases(0)->set_actual_digest(Sha256("").ToString());
                },
                "Case \"a\" has stop reason \"not-run:limit\" (expected a "
                "result: nothing before it ends the run)"},
        Forgery{"RunBehindTheEnd",
                [](Sidecar& s) { s.mutable_run()->set_fail_fast(true); },
                "\"cases[1].stop_reason\" is \"error:ContextExceeded\" "
                "(expected \"not-run:fail-fast\")"},
        Forgery{"Work",
                [](Sidecar& s) {
                  s.mutable_counted()->mutable_use()->set_forward_passes(1);
                },
                "\"counted.use.forward_passes\" is \"1\" (expected \"14\")"},
        Forgery{"Likelihoods",
                [](Sidecar& s) {
                  s.mutable_cases(0)->add_likelihoods()->set_bytes(1);
                },
                "\"likelihoods\" of case \"a\" is \"1 of them\" (expected 0 "
                "to 0)"},
        Forgery{"Digest",
                [](Sidecar& s) { s.mutable_cases(1)->set_actual("other"); },
                "\"actual\" of case \"b\" is \"other\" (expected \"\")"},
        Forgery{"Scorer",
                [](Sidecar& s) { s.mutable_cases(2)->set_scorer("vibes"); },
                "\"scorer\" of case \"hard-1\" is \"vibes\" (expected "
                "\"exact-match\", \"prefix\", \"contains\", \"choice\", "
                "\"choice-normalized\" or \"bits-per-byte\")"},
        Forgery{"LaxScorer",
                [](Sidecar& s) {
                  s.mutable_cases(2)->set_expected("say");
                  s.mutable_cases(2)->set_expected_digest(
                      Sha256("say").ToString());
                  s.mutable_cases(2)->set_scorer("contains");
                  s.mutable_cases(2)->set_passed(false);
                },
                "\"passed\" of case \"hard-1\" is \"false\" (expected "
                "\"true\")"},
        Forgery{"Order",
                [](Sidecar& s) { s.mutable_cases()->SwapElements(0, 1); },
                "case \"a\" follows \"b\" (expected ascending ids)"},
        Forgery{"DroppedCase",
                [](Sidecar& s) { s.mutable_cases()->DeleteSubrange(0, 1); },
                "\"counted.use.case_count\" is 2 (expected 1)"},
        Forgery{"NoCases", [](Sidecar& s) { s.clear_cases(); }, "no cases"},
        Forgery{"Passed",
                [](Sidecar& s) { s.mutable_totals()->set_passed(2); },
                "\"totals.passed\" is \"2\" (expected \"1\")"},
        Forgery{"Failed",
                [](Sidecar& s) { s.mutable_totals()->set_failed(0); },
                "\"totals.failed\" is \"0\" (expected \"2\")"},
        Forgery{"PromptTokens",
                [](Sidecar& s) { s.mutable_totals()->set_prompt_tokens(0); },
                "\"totals.prompt_tokens\" is \"0\" (expected \"10\")"},
        Forgery{"GeneratedTokens",
                [](Sidecar& s) { s.mutable_totals()->set_generated_tokens(0); },
                "\"totals.generated_tokens\" is \"0\" (expected \"6\")"},
        Forgery{"Rate",
                [](Sidecar& s) { s.set_pass_rate("0.9"); },
                "\"pass_rate\" is \"0.9\" (expected \"0.333333\")"},
        Forgery{"Lower",
                [](Sidecar& s) { s.mutable_interval()->set_lower("0.9"); },
                "\"interval.lower\" is \"0.9\" (expected \"0.061492\")"},
        Forgery{"Upper",
                [](Sidecar& s) { s.mutable_interval()->set_upper("1"); },
                "\"interval.upper\" is \"1\" (expected \"0.792340\")"},
        Forgery{"Pass", [](Sidecar& s) { s.set_passed(true); },
                "\"passed\" is true (expected false)"},
        Forgery{"ReceiptOrder",
                [](Sidecar& s) {
                  for (const char* digit : {"b", "a"}) {
                    s.add_parent_receipt_digests(
                        "sha256:" + std::string(64, *digit));
                  }
                },
                "parent_receipt_digests[1] is \"sha256:" +
                    std::string(64, 'a') + "\", behind \"sha256:" +
                    std::string(64, 'b') + "\" (must ascend)"},
        Forgery{"ReceiptWithoutAdapter",
                [](Sidecar& s) {
                  s.clear_adapter_digests();
                  s.add_parent_receipt_digests(Sha256("r").ToString());
                },
                "1 parent_receipt_digests without an adapter"},
        Forgery{"Numerics",
                [](Sidecar& s) { s.set_numerics_version("v9"); },
                "\"counted.numerics_version\" is \"v1\" (expected \"v9\")"}),
    [](const auto& info) { return info.param.name; });

TEST(SidecarTest, RefusesAnAssemblyThatIsNotItsParts) {
  evaluator::Sidecar sidecar;
  ASSERT_TRUE(ParseCanonicalRecord(TestSidecar(), "sidecar", &sidecar).ok());
  sidecar.clear_adapter_digests();
  const auto evidence = ParseSidecar(CanonicalRecord(sidecar));
  EXPECT_EQ(evidence.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(evidence.status().message().rfind(
                "Invalid sidecar: \"assembly_digest\" is \"sha256:", 0),
            0u);
}

TEST(SidecarTest, RefusesAnUnknownMember) {
  std::string text = TestSidecar();
  text.insert(1, "\"aaa\":1,");
  EXPECT_FALSE(ParseSidecar(text).ok());
}

TEST(SidecarTest, RefusesWhiteSpace) {
  const auto evidence = ParseSidecar(TestSidecar() + "\n");
  EXPECT_FALSE(evidence.ok());
}

}  // namespace
}  // namespace pedigree
