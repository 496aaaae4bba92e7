// Runs cases on an engine, several at a time, without running twice what
// prompts share. Neither changes a bit of any result.

#ifndef PEDIGREE_RUNTIME_EVALUATION_BATCH_RUNNER_H_
#define PEDIGREE_RUNTIME_EVALUATION_BATCH_RUNNER_H_

#include <memory>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/evaluation/evaluate.h"

namespace pedigree {

// A run of every wanted case of `queue` on sessions of `engine`, at least one, as
// many cases at a time as there are sessions: greedy generations, and
// log-likelihoods of given texts. Cases begin in the order of their prompts, or
// in their own where the queue asks for it; one that begins takes the keys and
// values of what it shares with another session. Batches are filled with tokens
// of new prompts beside those that are being generated. The sessions have equal
// capacities, which are the model's context; their tokens are unspecified
// afterwards. A step is one batch. Engine, sessions and queue must outlive the run.
//
// Errors of a step: those of the queue; code Cancelled on
// EngineSession::RequestCancel of any session.
std::unique_ptr<CaseRun> StartBatched(
    Engine& engine, const std::vector<EngineSession*>& sessions,
    CaseQueue& queue);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_BATCH_RUNNER_H_
