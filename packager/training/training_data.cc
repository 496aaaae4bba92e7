#include "packager/training/training_data.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr size_t kMaxLineBytes = 1 << 20;
constexpr size_t kMaxTexts = 10'000'000;

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid training text: ", parts...));
}

absl::StatusOr<TrainingText> ReadText(std::string_view line) {
  if (line.size() > kMaxLineBytes) {
    return Invalid(line.size(), " bytes (at most ", kMaxLineBytes, ")");
  }
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseJson(line, "training text"));
  JsonObjectReader reader(json, "training text");
  TrainingText text;
  text.has_prompt = !reader.Has("text");
  if (text.has_prompt) {
    text.prompt = reader.String("prompt");
    text.text = reader.String("answer");
  } else {
    text.text = reader.String("text");
  }
  PEDIGREE_RETURN_IF_ERROR(reader.Finish());
  return text;
}

absl::Status AnnotateWithLine(const absl::Status& status, size_t line) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(status.message(), ", line ", line));
}

// What ends a text: EOS, or what the tokenizer has instead.
std::optional<uint32_t> EndOfText(const Tokenizer& tokenizer) {
  const absl::Span<const uint32_t> stops = tokenizer.stop_ids();
  if (stops.empty()) return std::nullopt;
  const bool eos =
      std::find(stops.begin(), stops.end(), tokenizer.eos()) != stops.end();
  return eos ? tokenizer.eos() : stops.front();
}

// The ids of a prompt and its answer. Where the prompt's own ids do not begin
// those of both together, the answer is a text of its own behind them: a
// generation starts from the prompt's ids.
absl::StatusOr<std::vector<uint32_t>> EncodeAnswer(
    const std::vector<uint32_t>& prompt, const TrainingText& text,
    const Tokenizer& tokenizer) {
  PEDIGREE_ASSIGN_OR_RETURN(
      std::vector<uint32_t> ids,
      tokenizer.EncodePrompt(absl::StrCat(text.prompt, text.text)));
  if (ids.size() >= prompt.size() &&
      std::equal(prompt.begin(), prompt.end(), ids.begin())) {
    return ids;
  }
  PEDIGREE_ASSIGN_OR_RETURN(std::vector<uint32_t> answer,
                            tokenizer.EncodePrompt(text.text));
  const bool bos = !answer.empty() && answer.front() == tokenizer.bos();
  ids = prompt;
  ids.insert(ids.end(), answer.begin() + (bos ? 1 : 0), answer.end());
  return ids;
}

absl::Status CheckTokens(const std::vector<uint32_t>& ids, size_t first_target,
                         const Tokenizer& tokenizer) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == tokenizer.unk()) {
      return Invalid("token ", i,
                     " is UNK (expected text that the tokenizer has tokens "
                     "for)");
    }
    if (i >= first_target && tokenizer.excluded()[ids[i]]) {
      return Invalid("token ", i, " is ", ids[i],
                     " (expected one that the tokenizer lets a model give)");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadTrainingTexts(
    std::string_view file,
    const std::function<absl::Status(const TrainingText& text)>& use) {
  size_t line_number = 0;
  size_t texts = 0;
  while (!file.empty()) {
    const size_t end = std::min(file.find('\n'), file.size());
    const std::string_view line = file.substr(0, end);
    file.remove_prefix(std::min(end + 1, file.size()));
    ++line_number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    absl::StatusOr<TrainingText> text = ReadText(line);
    const absl::Status status = text.ok() ? use(*text) : text.status();
    PEDIGREE_RETURN_IF_ERROR(AnnotateWithLine(status, line_number));
    if (++texts > kMaxTexts) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid training data: more than ", kMaxTexts, " texts"));
    }
  }
  if (texts == 0) {
    return absl::InvalidArgumentError(
        "Invalid training data: no texts (expected 1 or more)");
  }
  return absl::OkStatus();
}

absl::Status TrainingData::AddText(const TrainingText& text,
                                   const Tokenizer& tokenizer,
                                   uint32_t context) {
  const std::optional<uint32_t> end = EndOfText(tokenizer);
  if (!end.has_value()) return Invalid("the tokenizer has no stop id");
  Tokens tokens;
  PEDIGREE_ASSIGN_OR_RETURN(
      tokens.ids,
      tokenizer.EncodePrompt(text.has_prompt ? text.prompt : text.text));
  if (text.has_prompt) {
    tokens.first_target = std::max<size_t>(tokens.ids.size(), 1);
    PEDIGREE_ASSIGN_OR_RETURN(tokens.ids,
                              EncodeAnswer(tokens.ids, text, tokenizer));
  }
  if (tokens.ids.empty()) return Invalid("no tokens (expected 1 or more)");
  // The end is told from the last token, and never read itself.
  if (tokens.ids.size() > context) {
    return absl::OutOfRangeError(
        absl::StrCat("Training text of ", tokens.ids.size(),
                     " tokens exceeds max_context ", context));
  }
  tokens.ids.push_back(*end);
  PEDIGREE_RETURN_IF_ERROR(
      CheckTokens(tokens.ids, tokens.first_target, tokenizer));
  texts_.push_back(std::move(tokens));
  return absl::OkStatus();
}

absl::Status TrainingData::AddFile(std::string_view file,
                                   const Tokenizer& tokenizer,
                                   uint32_t context) {
  return ReadTrainingTexts(file, [&](const TrainingText& text) {
    return AddText(text, tokenizer, context);
  });
}

}  // namespace pedigree
