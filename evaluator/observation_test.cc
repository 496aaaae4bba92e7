#include "evaluator/observation.h"

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "evaluator/records.pb.h"
#include "gtest/gtest.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

evaluator::Observation Record() {
  evaluator::Observation record;
  record.set_schema_version("pedigree.observation.v1");
  record.set_machine("ci");
  record.set_suite("smoke");
  record.set_assembly_digest(Sha256("x").ToString());
  record.set_suite_digest(Sha256("x").ToString());
  record.set_sidecar_digest(Sha256("x").ToString());
  for (const char* name : {"cases_per_second", "run_seconds"}) {
    evaluator::Measure& measure = *record.add_measures();
    measure.set_name(name);
    measure.set_value("12.500000");
  }
  return record;
}

TEST(ObservationTest, IsReadByMachineAndMeasure) {
  const auto observed = ParseObservation(CanonicalRecord(Record()));
  ASSERT_TRUE(observed.ok()) << observed.status();
  EXPECT_EQ(observed->digest, Sha256(CanonicalRecord(Record())).ToString());
  EXPECT_EQ(MeasureOn(observed->record, "ci", "run_seconds"), 12500000);
  EXPECT_EQ(MeasureOn(observed->record, "other", "run_seconds"), std::nullopt);
  EXPECT_EQ(MeasureOn(observed->record, "ci", "joules"), std::nullopt);
}

TEST(ObservationTest, RefusesWhatItCannotMean) {
  const auto refusal =
      [](const std::function<void(evaluator::Observation&)>& forge) {
        evaluator::Observation record = Record();
        forge(record);
        return std::string(
            ParseObservation(CanonicalRecord(record)).status().message());
      };
  EXPECT_EQ(refusal([](auto& r) { r.set_schema_version("v2"); }),
            "Invalid observation: \"schema_version\" is \"v2\" (expected "
            "\"pedigree.observation.v1\")");
  EXPECT_EQ(refusal([](auto& r) { r.mutable_measures(0)->set_value("12.5"); }),
            "Invalid observation: \"cases_per_second\" is \"12.5\" (expected a "
            "decimal with 6 digits after the point)");
  EXPECT_EQ(refusal([](auto& r) { r.mutable_measures(0)->set_name("z"); }),
            "Invalid observation: measure \"run_seconds\" follows \"z\" "
            "(expected ascending names)");
  EXPECT_NE(refusal([](auto& r) { r.set_machine(""); }), "");
  EXPECT_NE(refusal([](auto& r) { r.set_sidecar_digest("sha256:0"); }), "");
}

}  // namespace
}  // namespace pedigree
