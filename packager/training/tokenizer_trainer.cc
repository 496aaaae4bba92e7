#include "packager/training/tokenizer_trainer.h"

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/status_macros.h"
#include "runtime/tokenizer/bpe_section.h"

namespace pedigree {
namespace {

constexpr uint32_t kMaxVocabSize = 65536;

constexpr std::pair<std::string_view, PreSplit> kPreSplits[] = {
    {"none", PreSplit::kNone},
    {"gpt2", PreSplit::kGpt2},
    {"llama3", PreSplit::kLlama3},
    {"qwen2", PreSplit::kQwen2},
    {"digits", PreSplit::kDigits}};

struct Word {
  std::vector<uint32_t> ids;
  uint64_t count = 0;
};

// Left id in the high half, so that lower keys are lower pairs.
using PairKey = uint64_t;

PairKey KeyOf(uint32_t left, uint32_t right) {
  return uint64_t{left} << 32 | right;
}

// The most frequent pair of neighbours, the lowest on ties, and its count.
std::pair<PairKey, uint64_t> MostFrequentPair(const std::vector<Word>& words) {
  std::unordered_map<PairKey, uint64_t> counts;
  for (const Word& word : words) {
    for (size_t i = 1; i < word.ids.size(); ++i) {
      counts[KeyOf(word.ids[i - 1], word.ids[i])] += word.count;
    }
  }
  std::pair<PairKey, uint64_t> best = {0, 0};
  for (const auto& [key, count] : counts) {
    if (count > best.second || (count == best.second && key < best.first)) {
      best = {key, count};
    }
  }
  return best;
}

// Replaces the pair by `output`, leftmost first.
void Join(uint32_t left, uint32_t right, uint32_t output, Word& word) {
  size_t to = 0;
  for (size_t from = 0; from < word.ids.size(); ++from, ++to) {
    const bool pair = from + 1 < word.ids.size() && word.ids[from] == left &&
                      word.ids[from + 1] == right;
    word.ids[to] = pair ? output : word.ids[from];
    if (pair) ++from;
  }
  word.ids.resize(to);
}

absl::StatusOr<std::string> WriteSection(PreSplit pre_split,
                                         std::vector<BpeToken> tokens,
                                         std::vector<BpeMerge> merges) {
  if (pre_split == PreSplit::kNone) return WriteBpe1(tokens, merges);
  Bpe1V2Content content;
  content.vocab_size = kFirstPieceId + static_cast<uint32_t>(tokens.size());
  content.add_eos = true;
  content.byte_symbols = true;
  content.pre_split = pre_split;
  content.normalizer = Normalizer::kNone;
  content.stop_ids = {kEosId};
  content.tokens = std::move(tokens);
  content.merges = std::move(merges);
  return WriteBpe1V2(content);
}

}  // namespace

absl::StatusOr<PreSplit> PreSplitByName(std::string_view name) {
  for (const auto& [known, kind] : kPreSplits) {
    if (known == name) return kind;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid pre_split: \"", name,
                   "\" (expected none, gpt2, llama3, qwen2 or digits)"));
}

void TokenizerTrainer::AddWords(std::string_view text) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = pre_split_ == PreSplit::kNone
                           ? text.size()
                           : FindWordEnd(pre_split_, text, begin);
    const std::string_view word = text.substr(begin, end - begin);
    const auto found = word_counts_.find(word);
    if (found == word_counts_.end()) {
      word_counts_.emplace(word, 1);
    } else {
      ++found->second;
    }
    begin = end;
  }
}

void TokenizerTrainer::Add(const TrainingText& text) {
  AddWords(text.prompt);
  AddWords(text.text);
}

absl::StatusOr<std::string> TokenizerTrainer::Finish(
    uint32_t vocab_size) const {
  if (vocab_size < kFirstPieceId || vocab_size > kMaxVocabSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid vocab_size: ", vocab_size, " (expected ",
                     kFirstPieceId, " to ", kMaxVocabSize, ")"));
  }
  std::vector<Word> words;
  for (const auto& [bytes, count] : word_counts_) {
    Word& word = words.emplace_back();
    word.count = count;
    for (const char byte : bytes) {
      word.ids.push_back(static_cast<unsigned char>(byte));
    }
  }
  std::vector<std::string> bytes_of(kFirstPieceId);
  for (uint32_t i = 0; i < kByteCount; ++i) {
    bytes_of[i] = std::string(1, static_cast<char>(i));
  }
  std::vector<BpeToken> tokens;
  std::vector<BpeMerge> merges;
  for (uint32_t id = kFirstPieceId; id < vocab_size; ++id) {
    const auto [key, count] = MostFrequentPair(words);
    if (count < 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid vocab_size: ", vocab_size,
                       " (the texts give ", id, ": no pair is there twice)"));
    }
    const auto left = static_cast<uint32_t>(key >> 32);
    const auto right = static_cast<uint32_t>(key);
    bytes_of.push_back(bytes_of[left] + bytes_of[right]);
    tokens.push_back({id, bytes_of.back()});
    merges.push_back({left, right, id, id - kFirstPieceId});
    for (Word& word : words) Join(left, right, id, word);
  }
  return WriteSection(pre_split_, std::move(tokens), std::move(merges));
}

}  // namespace pedigree
