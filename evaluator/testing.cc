#include "evaluator/testing.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "evaluator/records.pb.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/check.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/testing/case_runs.h"

namespace pedigree {
namespace {

class TableRunner : public OneByOneRunner {
 public:
  TableRunner(std::string_view model,
              const std::map<std::string, std::string>& answers)
      : model_(Sha256(model)), answers_(answers) {}

  absl::StatusOr<CaseOutput> Answer(const EvalCase& eval_case) override {
    const std::string& id = eval_case.id;
    const auto answer = answers_.find(id);
    CaseOutput output;
    output.output = answer == answers_.end() ? "say " + id : answer->second;
    if (output.output == "!") {
      return MakeError(ErrorCode::kContextExceeded, "Prompt is too long");
    }
    output.token_ids = {1, 2, 3};
    output.prompt_tokens = 5;
    output.stop_reason = "token-limit";
    return output;
  }

  absl::StatusOr<Subject> GetSubject() override {
    Subject subject;
    subject.model_digest = model_;
    subject.adapter_digests = {Sha256("adapter")};
    subject.assembly_digest = AssemblyDigest(model_, subject.adapter_digests);
    evaluator::Counted counted;
    counted.set_schema_version("pedigree.diagnostics.v1");
    counted.set_numerics_version("v1");
    counted.set_assembly_digest(subject.assembly_digest.ToString());
    counted.set_peak_scratch_bytes(4096);
    counted.mutable_use();
    absl::StatusOr<Json> json = ParseJson(CanonicalRecord(counted), "counted");
    PEDIGREE_CHECK(json.ok());
    subject.counted = *std::move(json);
    return subject;
  }

 private:
  Digest model_;
  std::map<std::string, std::string> answers_;
};

}  // namespace

Suite MakeTestSuite(std::string_view name,
                    const std::vector<std::string>& ids) {
  std::vector<EvalCase> cases;
  for (const std::string& id : ids) {
    EvalCase eval_case;
    eval_case.id = id;
    eval_case.prompt = "ask " + id;
    eval_case.expected = "say " + id;
    eval_case.max_new_tokens = 8;
    eval_case.hard = id.rfind("hard", 0) == 0;
    cases.push_back(eval_case);
  }
  absl::StatusOr<Suite> suite = MakeSuite(name, "1", std::move(cases));
  PEDIGREE_CHECK(suite.ok());
  return *std::move(suite);
}

std::string RunTestSuite(const Suite& suite, std::string_view model,
                         const std::map<std::string, std::string>& answers,
                         const Json& members) {
  TableRunner runner(model, answers);
  Json request = {{"manifest_digest", Sha256("manifest").ToString()},
                  {"source_kind", "deterministic-smoke"},
                  {"suite", SuiteToJson(suite)}};
  request.update(members);
  absl::StatusOr<std::string> sidecar =
      RunEvalRequest(CanonicalJson(request), runner);
  PEDIGREE_CHECK(sidecar.ok());
  return *std::move(sidecar);
}

Evidence TestEvidence(const Suite& suite, std::string_view model,
                      const std::map<std::string, std::string>& answers) {
  absl::StatusOr<Evidence> evidence =
      ParseSidecar(RunTestSuite(suite, model, answers));
  PEDIGREE_CHECK(evidence.ok());
  return *std::move(evidence);
}

}  // namespace pedigree
