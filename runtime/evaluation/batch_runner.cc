#include "runtime/evaluation/batch_runner.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sort.h"
#include "runtime/base/status_macros.h"
#include "runtime/engine/engine.h"
#include "runtime/evaluation/case_plan.h"
#include "runtime/evaluation/case_result.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/log_likelihood.h"
#include "runtime/generation/generation_output.h"
#include "runtime/generation/sampler.h"

namespace pedigree {
namespace {

// A sequence waits for one that is still being prefilled when so many tokens more
// can be taken over from it then.
constexpr size_t kWorthWaiting = 8;

size_t SharedStart(absl::Span<const uint32_t> a, absl::Span<const uint32_t> b) {
  const size_t most = std::min(a.size(), b.size());
  return std::mismatch(a.begin(), a.begin() + most, b.begin()).first -
         a.begin();
}

// A part of a case on its way through the model.
struct Sequence {
  size_t case_index = 0;
  size_t part_index = 0;
  CasePart part;
  // Of the targets so far.
  double nats = 0;
  // Where the part is a prompt to generate from.
  std::optional<GenerationOutput> output;
  // The last token was put out, but not run.
  bool decoding = false;
  bool finished = false;
  absl::Status failure;

  // The first of the inputs whose logits are needed.
  size_t first_logits() const {
    return part.inputs.size() - std::max<size_t>(1, part.targets.size());
  }
};

// A session and what it is at.
struct Slot {
  EngineSession* session = nullptr;
  std::optional<Sequence> sequence;
  // Steps before it was last in use.
  uint64_t last_step = 0;

  // Whether inputs are left to run.
  bool prefilling() const {
    return sequence.has_value() &&
           session->length() < sequence->part.inputs.size();
  }
};

// A case of which parts are not done.
struct OpenCase {
  CasePlan plan;
  CaseOutput output;
  std::vector<double> nats;  // of each part
  size_t parts_begun = 0;
  size_t parts_done = 0;
};

class BatchRun : public CaseRun {
 public:
  BatchRun(Engine& engine, const std::vector<EngineSession*>& sessions,
           CaseQueue& queue)
      : engine_(engine),
        tokenizer_(engine.model().tokenizer()),
        queue_(queue),
        context_tokens_(sessions.front()->capacity()),
        sampler_({}, tokenizer_.excluded(), engine.kernels()),
        order_(queue.cases().size()) {
    for (EngineSession* session : sessions) slots_.push_back({session, {}, 0});
    std::iota(order_.begin(), order_.end(), size_t{0});
    if (queue.in_order()) return;
    // Prompts that begin alike stand together.
    const absl::Span<const EvalCase> cases = queue.cases();
    Sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
      const int order = cases[a].prompt.compare(cases[b].prompt);
      return order != 0 ? order < 0 : a < b;
    });
  }

  absl::StatusOr<bool> Step() override {
    PEDIGREE_RETURN_IF_ERROR(Admit());
    const bool busy =
        std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
          return slot.sequence.has_value();
        });
    if (!busy) return false;
    PEDIGREE_RETURN_IF_ERROR(RunBatch());
    ++step_;
    return true;
  }

 private:
  // Gives free sessions what is to be run next.
  absl::Status Admit() {
    DropUnwanted();
    while (true) {
      Slot* free = FreeSlot();
      if (free == nullptr) return absl::OkStatus();
      PEDIGREE_RETURN_IF_ERROR(FindNext());
      if (!next_.has_value()) return absl::OkStatus();
      PEDIGREE_ASSIGN_OR_RETURN(const bool begun, Begin(*free));
      if (!begun) return absl::OkStatus();
    }
  }

  void DropUnwanted() {
    const auto is_unwanted = [&](const std::optional<Sequence>& sequence) {
      return sequence.has_value() && !queue_.IsWanted(sequence->case_index);
    };
    for (Slot& slot : slots_) {
      if (is_unwanted(slot.sequence)) slot.sequence.reset();
    }
    if (is_unwanted(next_)) next_.reset();
    for (auto entry = open_.begin(); entry != open_.end();) {
      entry = queue_.IsWanted(entry->first) ? std::next(entry)
                                            : open_.erase(entry);
    }
  }

  // The one that has not been in use for longest.
  Slot* FreeSlot() {
    Slot* free = nullptr;
    for (Slot& slot : slots_) {
      if (slot.sequence.has_value()) continue;
      if (free == nullptr || slot.last_step < free->last_step) free = &slot;
    }
    return free;
  }

  // Sets next_ unless nothing is left.
  absl::Status FindNext() {
    while (!next_.has_value()) {
      const auto open = open_.find(last_opened_);
      if (open != open_.end() &&
          open->second.parts_begun < open->second.plan.parts.size()) {
        BeginPart(open->first, open->second);
        return absl::OkStatus();
      }
      if (position_ == order_.size()) return absl::OkStatus();
      const size_t index = order_[position_++];
      if (!queue_.IsWanted(index)) continue;
      absl::StatusOr<CasePlan> plan =
          PlanCase(queue_.cases()[index], tokenizer_, context_tokens_);
      if (!plan.ok()) {
        PEDIGREE_RETURN_IF_ERROR(queue_.Done(index, plan.status()));
        continue;
      }
      OpenCase opened;
      opened.nats.resize(plan->parts.size());
      opened.output.prompt_tokens = plan->prompt_tokens;
      opened.plan = *std::move(plan);
      open_.emplace(index, std::move(opened));
      last_opened_ = index;
    }
    return absl::OkStatus();
  }

  void BeginPart(size_t case_index, OpenCase& open) {
    const EvalCase& eval_case = queue_.cases()[case_index];
    Sequence& next = next_.emplace();
    next.case_index = case_index;
    next.part_index = open.parts_begun;
    next.part = std::move(open.plan.parts[open.parts_begun++]);
    if (next.part.targets.empty()) {
      next.output.emplace(&tokenizer_,
                          GenerationLimits{eval_case.max_new_tokens,
                                           context_tokens_, eval_case.stop},
                          next.part.inputs);
    }
  }

  // Puts next_ on a session, with what another one has of its tokens; false when
  // it pays to wait for that.
  absl::StatusOr<bool> Begin(Slot& free) {
    const absl::Span<const uint32_t> inputs(next_->part.inputs);
    const absl::Span<const uint32_t> reusable =
        inputs.subspan(0, next_->first_logits());
    Slot* source = &free;
    size_t most = 0;
    for (Slot& slot : slots_) {
      const size_t shared = SharedStart(slot.session->tokens(), reusable);
      if (shared <= most) continue;
      most = shared;
      source = &slot;
    }
    if (last_begun_ != nullptr && last_begun_->prefilling() &&
        SharedStart(last_begun_->sequence->part.inputs, reusable) >=
            most + kWorthWaiting) {
      return false;
    }
    Slot& slot = source->sequence.has_value() ? free : *source;
    PEDIGREE_RETURN_IF_ERROR(slot.session->CopyStart(
        *source->session, static_cast<uint32_t>(most)));
    slot.sequence = std::move(next_);
    slot.last_step = step_;
    next_.reset();
    last_begun_ = &slot;
    return true;
  }

  // Runs one batch, and takes what comes of it.
  absl::Status RunBatch() {
    std::vector<Slot*> slots;
    std::vector<Engine::Chunk> chunks;
    FillBatch(slots, chunks);
    absl::Status status = RunChunks(slots, chunks);
    if (GetErrorCode(status) == ErrorCode::kGenerationFailed) {
      // Of some sequence; which, each shows by itself.
      for (size_t i = 0; i < chunks.size(); ++i) {
        status = RunChunks({slots[i]}, {chunks[i]});
        if (GetErrorCode(status) == ErrorCode::kGenerationFailed) {
          slots[i]->sequence->failure = status;
        } else {
          PEDIGREE_RETURN_IF_ERROR(status);
        }
      }
    } else {
      PEDIGREE_RETURN_IF_ERROR(status);
    }
    for (Slot* slot : slots) PEDIGREE_RETURN_IF_ERROR(Settle(*slot));
    return absl::OkStatus();
  }

  void FillBatch(std::vector<Slot*>& slots,
                 std::vector<Engine::Chunk>& chunks) {
    size_t tokens = engine_.config().batch_tokens;
    size_t rows = engine_.config().sequences;
    for (Slot& slot : slots_) {
      if (!slot.sequence.has_value() || !slot.sequence->decoding) continue;
      tokens_.resize(slots_.size());
      uint32_t& token = tokens_[&slot - slots_.data()];
      token = slot.sequence->output->last_token();
      slots.push_back(&slot);
      chunks.push_back({slot.session, {&token, 1}, 1});
      --tokens;
      --rows;
    }
    for (Slot& slot : slots_) {
      if (!slot.prefilling()) continue;
      const size_t begin = slot.session->length();
      const size_t first_logits = slot.sequence->first_logits();
      const size_t end = std::min(
          {slot.sequence->part.inputs.size(), begin + tokens,
           std::max(begin, first_logits) + rows});
      if (end <= begin) continue;
      const size_t wanted =
          end <= first_logits ? 0 : end - std::max(begin, first_logits);
      slots.push_back(&slot);
      chunks.push_back({slot.session,
                        absl::MakeConstSpan(slot.sequence->part.inputs)
                            .subspan(begin, end - begin),
                        static_cast<uint32_t>(wanted)});
      tokens -= end - begin;
      rows -= wanted;
    }
  }

  absl::Status RunChunks(const std::vector<Slot*>& slots,
                         const std::vector<Engine::Chunk>& chunks) {
    for (Slot* slot : slots) slot->last_step = step_;
    return engine_.RunTogether(
        chunks, [&](size_t i, size_t index, absl::Span<const float> logits) {
          Sequence& sequence = *slots[i]->sequence;
          if (sequence.output.has_value()) {
            TakeToken(logits, sequence);
          } else {
            // The session is at the chunk's end already.
            const size_t input =
                slots[i]->session->length() - chunks[i].tokens.size() + index;
            const uint32_t target =
                sequence.part.targets[input - sequence.first_logits()];
            sequence.nats +=
                LogProbability(logits, tokenizer_.excluded(), target);
          }
        });
  }

  // One more token of a generation, by the logits behind the last.
  void TakeToken(absl::Span<const float> logits, Sequence& sequence) {
    sequence.decoding = false;
    GenerationOutput& output = *sequence.output;
    if (output.WantsToken()) {
      const absl::StatusOr<uint32_t> token = sampler_.Sample(logits);
      if (!token.ok()) {
        sequence.failure = token.status();
        return;
      }
      output.Take(*token);
      sequence.decoding = output.WantsToken();
    }
    sequence.finished = !sequence.decoding;
  }

  // Frees a slot whose sequence is done or has failed.
  absl::Status Settle(Slot& slot) {
    // Dropped with a case of which another part failed.
    if (!slot.sequence.has_value()) return absl::OkStatus();
    Sequence& sequence = *slot.sequence;
    const size_t index = sequence.case_index;
    if (!sequence.failure.ok()) {
      const absl::Status failure = sequence.failure;
      slot.sequence.reset();
      open_.erase(index);
      const absl::Status status = queue_.Done(index, failure);
      DropUnwanted();
      return status;
    }
    if (!sequence.output.has_value()) {
      sequence.finished = !slot.prefilling();
    }
    if (!sequence.finished) return absl::OkStatus();
    const auto open = open_.find(index);
    OpenCase& open_case = open->second;
    open_case.nats[sequence.part_index] = sequence.nats;
    open_case.parts_done += 1;
    if (sequence.output.has_value()) {
      Generation generation = sequence.output->Result();
      open_case.output.output = std::move(generation.output);
      open_case.output.token_ids = std::move(generation.token_ids);
      open_case.output.stop_reason = std::move(generation.stop_reason);
    }
    slot.sequence.reset();
    if (open_case.parts_done < open_case.nats.size()) return absl::OkStatus();
    OpenCase done = std::move(open_case);
    open_.erase(open);
    return queue_.Done(index, Finish(std::move(done)));
  }

  static absl::StatusOr<CaseOutput> Finish(OpenCase done) {
    std::vector<Likelihood>& likelihoods = done.plan.likelihoods;
    if (likelihoods.empty()) return std::move(done.output);
    // The windows of a text are one text; each choice is its own.
    std::vector<double> nats = std::move(done.nats);
    if (likelihoods.size() == 1) {
      nats = {std::accumulate(nats.begin(), nats.end(), 0.0)};
    }
    for (size_t i = 0; i < likelihoods.size(); ++i) {
      const std::optional<int64_t> rounded = RoundLogLikelihood(nats[i]);
      if (!rounded.has_value()) {
        return MakeError(ErrorCode::kGenerationFailed,
                         "Log-likelihood is below the least");
      }
      likelihoods[i].log_likelihood = *rounded;
    }
    done.output.likelihoods = std::move(likelihoods);
    done.output.stop_reason = kScored;
    return std::move(done.output);
  }

  Engine& engine_;
  const Tokenizer& tokenizer_;
  CaseQueue& queue_;
  const uint32_t context_tokens_;
  Sampler sampler_;
  std::vector<Slot> slots_;
  // Places of cases, in the order in which they begin; those before position_
  // have.
  std::vector<size_t> order_;
  size_t position_ = 0;
  std::map<size_t, OpenCase> open_;
  size_t last_opened_ = 0;
  std::optional<Sequence> next_;
  const Slot* last_begun_ = nullptr;
  // Tokens being decoded, by slot.
  std::vector<uint32_t> tokens_;
  uint64_t step_ = 0;
};

}  // namespace

std::unique_ptr<CaseRun> StartBatched(
    Engine& engine, const std::vector<EngineSession*>& sessions,
    CaseQueue& queue) {
  return std::make_unique<BatchRun>(engine, sessions, queue);
}

}  // namespace pedigree
