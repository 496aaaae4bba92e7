#include "evaluator/lm_eval_import.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/eval_case.h"

namespace pedigree {
namespace {

// What the harness generates when nothing is said.
constexpr uint32_t kDefaultNewTokens = 256;

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return MakeError(ErrorCode::kInvalidEvalCases,
                   absl::StrCat("Invalid lm-eval line: ", parts...));
}

// The member of that name, or null.
const Json* Find(const Json& object, std::string_view key) {
  const auto member = object.find(key);
  return member == object.end() ? nullptr : &*member;
}

// The first of the members that is there, or null.
const Json* FindAny(const Json& object,
                    std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const Json* member = Find(object, key)) return member;
  }
  return nullptr;
}

absl::StatusOr<std::string> Text(std::string_view what, const Json* value) {
  if (value == nullptr) return Invalid("no ", what);
  if (!value->is_string()) {
    return Invalid(what, " is a ", value->type_name(), " (expected string)");
  }
  return value->get<std::string>();
}

absl::StatusOr<std::vector<std::string>> Texts(std::string_view what,
                                               const Json* value) {
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (value->is_string()) return std::vector{value->get<std::string>()};
  if (!value->is_array()) {
    return Invalid(what, " is a ", value->type_name(),
                   " (expected strings)");
  }
  for (const Json& element : *value) {
    PEDIGREE_ASSIGN_OR_RETURN(std::string text, Text(what, &element));
    texts.push_back(std::move(text));
  }
  return texts;
}

// The place at which `texts` has `text`.
std::optional<size_t> PlaceOf(const std::string& text,
                              const std::vector<std::string>& texts) {
  const auto found = std::find(texts.begin(), texts.end(), text);
  if (found == texts.end()) return std::nullopt;
  return static_cast<size_t>(found - texts.begin());
}

// The place, one of `count`, that a text names by itself: its digits or, with
// `letters`, one letter from A on.
std::optional<size_t> PlaceInWords(const std::string& text, size_t count,
                                   bool letters) {
  uint64_t place = count;
  if (letters && text.size() == 1 && text[0] >= 'A') {
    place = static_cast<uint64_t>(text[0] - 'A');
  } else if (!absl::SimpleAtoi(text, &place)) {
    return std::nullopt;
  }
  if (place >= count) return std::nullopt;
  return static_cast<size_t>(place);
}

// Which of `choices` a target names: by its place, as a number; by its label; or by
// its text or the digits of its place (a letter where there are no labels), which
// must not disagree.
absl::StatusOr<size_t> FindChoice(const Json* target,
                                  const std::vector<std::string>& choices,
                                  const std::vector<std::string>& labels) {
  if (target == nullptr) return Invalid("no target");
  if (!labels.empty() && labels.size() != choices.size()) {
    return Invalid(labels.size(), " labels of ", choices.size(), " choices");
  }
  if (target->is_number_unsigned()) {
    const auto place = target->get<uint64_t>();
    if (place < choices.size()) return static_cast<size_t>(place);
    return Invalid("target is ", place, " (", choices.size(), " choices)");
  }
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text, Text("target", target));
  const std::optional<size_t> by_label = PlaceOf(text, labels);
  if (by_label.has_value()) return *by_label;
  const std::optional<size_t> by_text = PlaceOf(text, choices);
  const std::optional<size_t> by_place =
      PlaceInWords(text, choices.size(), labels.empty());
  if (by_text.has_value() && by_place.has_value() && *by_text != *by_place) {
    return Invalid("target \"", text, "\" is the text of choice ", *by_text,
                   " and the place of choice ", *by_place);
  }
  if (by_text.has_value()) return *by_text;
  if (by_place.has_value()) return *by_place;
  return Invalid("target \"", text, "\" is none of ", choices.size(),
                 " choices");
}

// How a generation ends, by the harness's arguments or a document's members.
absl::Status ReadLimits(const Json& limits, EvalCase& eval_case) {
  PEDIGREE_ASSIGN_OR_RETURN(eval_case.stop,
                            Texts("until", Find(limits, "until")));
  eval_case.max_new_tokens = kDefaultNewTokens;
  const Json* most = FindAny(limits, {"max_gen_toks", "max_new_tokens"});
  if (most == nullptr) return absl::OkStatus();
  if (!most->is_number_unsigned() || *most < 1u || *most > kMaxNewTokens) {
    return Invalid("max_gen_toks is ", most->dump(), " (expected 1 to ",
                   kMaxNewTokens, ")");
  }
  eval_case.max_new_tokens = most->get<uint32_t>();
  return absl::OkStatus();
}

class Importer {
 public:
  explicit Importer(const LmEvalOptions& options) : options_(options) {}

  absl::Status AddLine(const Json& line) {
    if (!line.is_object()) {
      return Invalid("a ", line.type_name(), " (expected object)");
    }
    EvalCase eval_case;
    PEDIGREE_ASSIGN_OR_RETURN(eval_case.id, MakeId(line));
    const Json* arguments = Find(line, "arguments");
    PEDIGREE_RETURN_IF_ERROR(arguments == nullptr
                                 ? ReadDocument(line, eval_case)
                                 : ReadSample(line, *arguments, eval_case));
    eval_case.tags = options_.tags;
    // By the rules of a case file.
    PEDIGREE_ASSIGN_OR_RETURN(eval_case,
                              ParseEvalCase(EvalCaseToJson(eval_case)));
    const auto [first, inserted] =
        places_.emplace(eval_case.id, cases_.size());
    if (inserted) {
      cases_.push_back(std::move(eval_case));
      return absl::OkStatus();
    }
    if (EvalCaseDigest(cases_[first->second]) == EvalCaseDigest(eval_case)) {
      return absl::OkStatus();
    }
    return Invalid("another document ", eval_case.id,
                   " (files of several tasks need an id prefix each)");
  }

  std::vector<EvalCase> TakeCases() { return std::move(cases_); }

 private:
  absl::StatusOr<std::string> MakeId(const Json& line) {
    const Json* number = Find(line, "doc_id");
    if (number != nullptr && !number->is_number_unsigned()) {
      return Invalid("doc_id is ", number->dump(), " (expected a number)");
    }
    const uint64_t id =
        number == nullptr ? lines_ : number->get<uint64_t>();
    ++lines_;
    return absl::StrCat(options_.id_prefix,
                        options_.id_prefix.empty() ? "" : "/",
                        absl::StrFormat("%05d", id));
  }

  absl::Status ReadSample(const Json& line, const Json& arguments,
                          EvalCase& eval_case) {
    // {"gen_args_0": {"arg_0": prompt, "arg_1": what follows, or limits}, ..}
    for (size_t i = 0; i < arguments.size(); ++i) {
      const Json* pair = Find(arguments, absl::StrCat("gen_args_", i));
      if (pair == nullptr || !pair->is_object()) {
        return Invalid("arguments have no gen_args_", i);
      }
      PEDIGREE_ASSIGN_OR_RETURN(const std::string prompt,
                                Text("arg_0", Find(*pair, "arg_0")));
      if (i > 0 && prompt != eval_case.prompt) {
        return Invalid("the choices stand behind several prompts (a case has "
                       "one)");
      }
      eval_case.prompt = prompt;
      const Json* behind = Find(*pair, "arg_1");
      if (behind != nullptr && behind->is_object()) {
        return ReadGeneration(line, *behind, arguments.size(), eval_case);
      }
      PEDIGREE_ASSIGN_OR_RETURN(std::string choice, Text("arg_1", behind));
      eval_case.choices.push_back(std::move(choice));
    }
    return ReadChoices(Find(line, "target"), {}, eval_case);
  }

  absl::Status ReadGeneration(const Json& line, const Json& limits,
                              size_t arguments, EvalCase& eval_case) {
    if (arguments != 1) {
      return Invalid(arguments, " generations (expected 1)");
    }
    PEDIGREE_ASSIGN_OR_RETURN(const std::string target,
                              Text("target", Find(line, "target")));
    eval_case.expected = absl::StrCat(options_.delimiter, target);
    eval_case.scorer = options_.text_scorer;
    return ReadLimits(limits, eval_case);
  }

  absl::Status ReadDocument(const Json& line, EvalCase& eval_case) {
    PEDIGREE_ASSIGN_OR_RETURN(
        eval_case.prompt,
        Text("query, question, prompt or ctx",
             FindAny(line, {"query", "question", "prompt", "ctx"})));
    const Json* choices = Find(line, "choices");
    if (choices == nullptr) {
      PEDIGREE_ASSIGN_OR_RETURN(
          const std::string target,
          Text("answer, target or completion",
               FindAny(line, {"answer", "target", "completion"})));
      eval_case.expected = absl::StrCat(options_.delimiter, target);
      eval_case.scorer = options_.text_scorer;
      return ReadLimits(line, eval_case);
    }
    // ARC's have texts and labels apart.
    std::vector<std::string> labels;
    if (choices->is_object()) {
      PEDIGREE_ASSIGN_OR_RETURN(labels,
                                Texts("label", Find(*choices, "label")));
      choices = Find(*choices, "text");
    }
    PEDIGREE_ASSIGN_OR_RETURN(eval_case.choices, Texts("choices", choices));
    PEDIGREE_RETURN_IF_ERROR(ReadChoices(
        FindAny(line, {"gold", "answer", "label", "answerKey"}), labels,
        eval_case));
    for (std::string& choice : eval_case.choices) {
      choice = absl::StrCat(options_.delimiter, choice);
    }
    eval_case.expected = absl::StrCat(options_.delimiter, eval_case.expected);
    return absl::OkStatus();
  }

  absl::Status ReadChoices(const Json* target,
                           const std::vector<std::string>& labels,
                           EvalCase& eval_case) {
    PEDIGREE_ASSIGN_OR_RETURN(
        const size_t right, FindChoice(target, eval_case.choices, labels));
    eval_case.expected = eval_case.choices[right];
    eval_case.scorer = options_.choice_scorer;
    return absl::OkStatus();
  }

  const LmEvalOptions& options_;
  std::vector<EvalCase> cases_;
  std::map<std::string, size_t> places_;
  uint64_t lines_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<EvalCase>> ImportLmEval(
    const std::vector<CaseFile>& files, const LmEvalOptions& options) {
  Importer importer(options);
  for (const CaseFile& file : files) {
    size_t number = 0;
    for (const std::string_view line : absl::StrSplit(file.contents, '\n')) {
      ++number;
      if (absl::StripAsciiWhitespace(line).empty()) continue;
      const absl::StatusOr<Json> json = ParseForeignJson(line, "lm-eval line");
      const absl::Status status =
          json.ok() ? importer.AddLine(*json) : json.status();
      if (status.ok()) continue;
      return MakeError(
          ErrorCode::kInvalidEvalCases,
          absl::StrCat(file.path, ":", number, ": ", status.message()));
    }
  }
  return importer.TakeCases();
}

std::string CaseLines(const std::vector<EvalCase>& cases) {
  const Json defaults = EvalCaseToJson(EvalCase());
  std::string lines;
  for (const EvalCase& eval_case : cases) {
    Json json = EvalCaseToJson(eval_case);
    for (const auto& [member, value] : defaults.items()) {
      const bool required =
          member == "id" || member == "prompt" || member == "expected";
      if (!required && json[member] == value) json.erase(member);
    }
    absl::StrAppend(&lines, CanonicalJson(json), "\n");
  }
  return lines;
}

}  // namespace pedigree
