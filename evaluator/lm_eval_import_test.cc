#include "evaluator/lm_eval_import.h"

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/suite_builder.h"
#include "gtest/gtest.h"
#include "runtime/base/error_code.h"

namespace pedigree {
namespace {

std::string Import(const std::string& line,
                   const LmEvalOptions& options = {}) {
  const auto cases = ImportLmEval({{"file.jsonl", line}}, options);
  if (!cases.ok()) {
    EXPECT_EQ(GetErrorCode(cases.status()), ErrorCode::kInvalidEvalCases);
    return std::string(cases.status().message());
  }
  return CaseLines(*cases);
}

TEST(LmEvalImportTest, ASampleOfMultipleChoice) {
  EXPECT_EQ(
      Import(R"({"doc_id": 7, "doc": {"x": 1.5}, "target": "1", "arguments": {)"
             R"("gen_args_0": {"arg_0": "The sky is", "arg_1": " red"},)"
             R"("gen_args_1": {"arg_0": "The sky is", "arg_1": " blue"}},)"
             R"("resps": [[["-3.5", "False"]]], "acc": 1.0})"),
      "{\"choices\":[\" red\",\" blue\"],\"expected\":\" blue\","
      "\"id\":\"00007\",\"prompt\":\"The sky is\",\"scorer\":\"choice\"}\n");
}

TEST(LmEvalImportTest, ASampleOfGenerateUntil) {
  LmEvalOptions options;
  options.id_prefix = "gsm";
  options.tags = {"maths"};
  options.text_scorer = "contains";
  EXPECT_EQ(
      Import(R"({"doc_id": 0, "target": "4", "arguments": {"gen_args_0": {)"
             R"("arg_0": "2 + 2 =", "arg_1": {"until": ["\n", "Q:"],)"
             R"("max_gen_toks": 32, "do_sample": false}}}})",
             options),
      "{\"expected\":\" 4\",\"id\":\"gsm/00000\",\"max_new_tokens\":32,"
      "\"prompt\":\"2 + 2 =\",\"scorer\":\"contains\",\"stop\":[\"\\n\","
      "\"Q:\"],\"tags\":[\"maths\"]}\n");
}

TEST(LmEvalImportTest, DocumentsOfMultipleChoice) {
  const std::string expected =
      "{\"choices\":[\" red\",\" blue\"],\"expected\":\" blue\","
      "\"id\":\"00000\",\"prompt\":\"The sky is\",\"scorer\":\"choice\"}\n";
  for (const char* line :
       {R"({"query": "The sky is", "choices": ["red", "blue"], "gold": 1})",
        R"({"question": "The sky is", "choices": ["red", "blue"],)"
        R"("answer": "B"})",
        R"({"ctx": "The sky is", "choices": ["red", "blue"], "label": "1"})",
        R"({"prompt": "The sky is", "choices": ["red", "blue"],)"
        R"("answer": "blue"})",
        R"({"question": "The sky is", "answerKey": "D", "choices":)"
        R"( {"text": ["red", "blue"], "label": ["C", "D"]}})"}) {
    EXPECT_EQ(Import(line), expected) << line;
  }
}

TEST(LmEvalImportTest, ADocumentToGenerate) {
  EXPECT_EQ(
      Import(R"({"question": "2 + 2?", "answer": "4", "until": "\n"})"),
      "{\"expected\":\" 4\",\"id\":\"00000\",\"max_new_tokens\":256,"
      "\"prompt\":\"2 + 2?\",\"stop\":[\"\\n\"]}\n");
}

TEST(LmEvalImportTest, WhatAFilterLogsAgainIsOneCase) {
  const std::string line =
      R"({"doc_id": 1, "query": "q", "choices": ["a", "b"], "gold": 0})";
  EXPECT_EQ(Import(line + "\n" + line), Import(line));
  EXPECT_EQ(
      Import(line + "\n" +
             R"({"doc_id": 1, "query": "other", "choices": ["a", "b"],)"
             R"("gold": 0})"),
      "file.jsonl:2: Invalid lm-eval line: another document 00001 (files of "
      "several tasks need an id prefix each)");
}

TEST(LmEvalImportTest, CasesAreReadBackAsTheyWere) {
  const std::string lines = Import(
      R"({"query": "q", "choices": ["a", "b"], "gold": 0})"
      "\n"
      R"({"question": "r", "answer": "4"})");
  const auto suite = BuildSuite("imported", "1", {{"cases.jsonl", lines}});
  ASSERT_TRUE(suite.ok()) << suite.status();
  EXPECT_EQ(CaseLines(suite->cases), lines);
}

TEST(LmEvalImportTest, NamesTheLineAndWhatIsWrong) {
  const struct {
    const char* line;
    const char* message;
  } kRows[] = {
      {"7", "a number (expected object)"},
      {R"({"choices": ["a"], "gold": 0})", "no query, question, prompt or ctx"},
      {R"({"query": 7})",
       "query, question, prompt or ctx is a number (expected string)"},
      {R"({"query": "q"})", "no answer, target or completion"},
      {R"({"query": "q", "choices": ["a", "b"]})", "no target"},
      {R"({"query": "q", "choices": ["a", "b"], "gold": 2})",
       "target is 2 (2 choices)"},
      {R"({"query": "q", "choices": ["a", "b"], "gold": "c"})",
       "target \"c\" is none of 2 choices"},
      {R"({"query": "q", "choices": ["3", "2", "1"], "gold": "1"})",
       "target \"1\" is the text of choice 2 and the place of choice 1"},
      {R"({"query": "q", "choices": ["B", "A"], "gold": "A"})",
       "target \"A\" is the text of choice 1 and the place of choice 0"},
      {R"({"query": "q", "choices": {"text": ["a", "b"], "label": ["C"]},)"
       R"("answerKey": "C"})",
       "1 labels of 2 choices"},
      {R"({"query": "q", "choices": {"label": ["C", "D"]}, "gold": "D"})",
       "2 labels of 0 choices"},
      {R"({"question": "q", "answer": "a", "max_gen_toks": 0})",
       "max_gen_toks is 0 (expected 1 to 4096)"},
      {R"({"doc_id": "x", "query": "q"})",
       "doc_id is \"x\" (expected a number)"},
      {R"({"arguments": {"gen_args_1": {}}})", "arguments have no gen_args_0"},
      {R"({"target": "0", "arguments": {"gen_args_0": {"arg_0": "a", )"
       R"("arg_1": "x"}, "gen_args_1": {"arg_0": "b", "arg_1": "y"}}})",
       "the choices stand behind several prompts (a case has one)"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(Import(row.line),
              std::string("file.jsonl:1: Invalid lm-eval line: ") + row.message)
        << row.line;
  }
  EXPECT_EQ(
      Import("{").rfind("file.jsonl:1: Invalid lm-eval line: not JSON", 0),
      0u);
  // What a case file may not hold either.
  EXPECT_EQ(Import(R"({"query": "q", "choices": ["a", "a"], "gold": 0})"),
            "file.jsonl:1: Invalid eval case: choice \" a\" is repeated");
}

}  // namespace
}  // namespace pedigree
