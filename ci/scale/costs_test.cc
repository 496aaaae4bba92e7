#include "ci/scale/costs.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

using ::absl_testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Measurements at 10, 100 and 1,000 where all is well.
std::string Sound() {
  std::string text;
  for (const int size : {10, 100, 1000}) {
    absl::StrAppend(&text, size, " targets ", 3 + 3 * size, "\n");
    absl::StrAppend(&text, size, " actions ", 3 + 4 * size, "\n");
    absl::StrAppend(&text, size, " graph_bytes ", 9000 * size, "\n");
    absl::StrAppend(&text, size, " cold_analysis_cpu_ms ", 9000 + size, "\n");
    absl::StrAppend(&text, size, " cold_analysis_ms ", 5000 + size, "\n");
    absl::StrAppend(&text, size, " warm_analysis_cpu_ms ", 500 + 9 * size, "\n");
    absl::StrAppend(&text, size, " warm_analysis_ms ", 500 + 9 * size, "\n");
    absl::StrAppend(&text, size, " heap_kib ", 60000 + 20 * size, "\n");
    absl::StrAppend(&text, size, " resident_kib ", 300000 + 20 * size, "\n");
    absl::StrAppend(&text, size, " first_build_cpu_ms ", 80 * size, "\n");
    absl::StrAppend(&text, size, " first_build_ms ", 80 * size, "\n");
    absl::StrAppend(&text, size, " no_op_cpu_ms ", 500 + size, "\n");
    absl::StrAppend(&text, size, " no_op_ms ", 500 + size, "\n");
    absl::StrAppend(&text, size, " no_op_actions 0\n");
    absl::StrAppend(&text, size, " change_cpu_ms ", 1500 + size, "\n");
    absl::StrAppend(&text, size, " change_ms ", 1500 + size, "\n");
    absl::StrAppend(&text, size, " change_actions 17\n");
  }
  return text;
}

// The faults of what Sound gives with one line replaced.
std::vector<std::string> FaultsOf(const std::string& line,
                                  const std::string& by) {
  const std::string text = absl::StrReplaceAll(Sound(), {{line, by}});
  EXPECT_NE(text, Sound());
  const auto costs = ParseCosts(text);
  EXPECT_TRUE(costs.ok()) << costs.status();
  return Faults(*costs, 15000);
}

TEST(FaultsTest, AreNoneWhereAllIsWell) {
  EXPECT_THAT(Faults(*ParseCosts(Sound()), 15000), IsEmpty());
}

TEST(FaultsTest, NameACountThatIsNotLinear) {
  EXPECT_THAT(
      FaultsOf("1000 actions 4003", "1000 actions 4403"),
      ElementsAre(HasSubstr("actions grows faster than linearly: 4403")));
}

TEST(FaultsTest, NameATimeThatGrowsByTheSquare) {
  EXPECT_THAT(
      FaultsOf("1000 warm_analysis_cpu_ms 9500", "1000 warm_analysis_cpu_ms 19500"),
      ElementsAre(HasSubstr("warm_analysis_cpu_ms grows faster")));
}

TEST(FaultsTest, SayNothingOfHowTimesByTheClockOrOfAStartGrow) {
  EXPECT_THAT(
      FaultsOf("1000 warm_analysis_ms 9500", "1000 warm_analysis_ms 900000"),
      IsEmpty());
  EXPECT_THAT(FaultsOf("1000 cold_analysis_cpu_ms 10000",
                       "1000 cold_analysis_cpu_ms 900000"),
              IsEmpty());
}

TEST(FaultsTest, NameMemoryThatGrowsByTheSquare) {
  EXPECT_THAT(FaultsOf("1000 heap_kib 80000", "1000 heap_kib 900000"),
              ElementsAre(HasSubstr("heap_kib grows faster")));
}

TEST(FaultsTest, NameASlowNoOp) {
  EXPECT_THAT(
      FaultsOf("10 no_op_ms 510\n", "10 no_op_ms 15001\n"),
      Contains("a no-op at 10 takes 15001 ms (expected at most 15000)"));
}

TEST(FaultsTest, ForgiveOneSlowRoundOfANoOp) {
  EXPECT_THAT(
      FaultsOf("1000 no_op_ms 1500\n", "1000 no_op_ms 1500\n1000 no_op_ms 16000\n"),
      IsEmpty());
}

TEST(FaultsTest, NameANoOpThatRunsAnAction) {
  EXPECT_THAT(FaultsOf("100 no_op_actions 0", "100 no_op_actions 1"),
              Contains("a no-op at 100 executes 1 actions (expected 0)"));
}

TEST(FaultsTest, NameAChangeThatRunsMoreThanItsOwnActions) {
  EXPECT_THAT(FaultsOf("1000 change_actions 17", "1000 change_actions 18"),
              Contains("a changed adapter at 1000 executes 18 actions "
                       "(expected 17, as at 10)"));
}

TEST(ParseCostsTest, KeepsRoundsInOrder) {
  const auto costs = ParseCosts(Sound() + "10 no_op_ms 400\n");
  ASSERT_TRUE(costs.ok()) << costs.status();
  EXPECT_THAT(costs->at("no_op_ms").at(10), ElementsAre(510, 400));
}

TEST(ParseCostsTest, RefusesWhatIsNoMeasurement) {
  for (const char* line :
       {"10 no_op_ms", "10 no_op_ms 4 5", "ten no_op_ms 4", "0 no_op_ms 4",
        "10 no_op_ms -4", "10 no_op_ms 4.5", "10  no_op_ms 4"}) {
    EXPECT_THAT(ParseCosts(Sound() + line),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(line)));
  }
}

TEST(ParseCostsTest, RefusesAnUnknownCost) {
  EXPECT_THAT(ParseCosts(Sound() + "10 no_op_s 4\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("unknown cost no_op_s")));
}

TEST(ParseCostsTest, RefusesASizeThatLacksACost) {
  EXPECT_THAT(ParseCosts(Sound() + "20 no_op_ms 4\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("Missing measurement: targets at 20")));
  EXPECT_THAT(ParseCosts(""), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(CostTableTest, HasAColumnASizeAndMedians) {
  const std::string table =
      CostTable(*ParseCosts(Sound() + "10 no_op_cpu_ms 400\n10 no_op_cpu_ms 9000\n"));
  EXPECT_THAT(table, HasSubstr("| descendants | 10 | 100 | 1000 |\n"));
  EXPECT_THAT(table,
              HasSubstr("| no-op build, warm server, processor s | 0.51 | 0.60 | "
                        "1.50 |"));
  EXPECT_THAT(
      table,
      HasSubstr("| heap of the server after collection, MiB | 59 | 61 | 78 |"));
  EXPECT_THAT(table, HasSubstr("| targets | 33 | 303 | 3003 |"));
}

TEST(CostsJsonTest, HoldsEveryRoundAndFault) {
  const Json json =
      CostsJson(*ParseCosts(Sound() + "10 no_op_ms 400\n"), {"a fault"});
  EXPECT_EQ(CanonicalJson(json["costs"]["no_op_ms"]),
            R"({"10":["510","400"],"100":["600"],"1000":["1500"]})");
  EXPECT_EQ(CanonicalJson(json["faults"]), R"(["a fault"])");
}

TEST(CostPlotTest, ShowsTimesAndMemory) {
  const std::string svg = CostPlot(*ParseCosts(Sound()));
  EXPECT_THAT(svg, HasSubstr(">no-op</text>"));
  EXPECT_THAT(svg, HasSubstr(">Memory of the server, MiB</text>"));
}

}  // namespace
}  // namespace pedigree
