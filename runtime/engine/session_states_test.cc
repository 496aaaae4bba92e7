// Every call of EngineSession, and those of Engine that change one, in every state of
// a session: what comes back, and where that leads.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/engine/engine.h"
#include "runtime/generation/generator.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

enum class Where {
  kEmpty,       // no tokens
  kRun,         // tokens, and the logits behind the last
  kRewound,     // tokens, and no logits
  kGenerating,  // a generation goes on
  kEnded,       // and has ended
};

struct State {
  Where where = Where::kEmpty;
  bool cancel = false;  // was requested and has met no call yet

  friend bool operator==(const State& a, const State& b) {
    return a.where == b.where && a.cancel == b.cancel;
  }
};

std::string Text(const State& state) {
  constexpr std::string_view kWhere[] = {"empty", "run", "rewound",
                                         "generating", "ended"};
  return absl::StrCat(kWhere[static_cast<int>(state.where)],
                      state.cancel ? ", cancel" : "");
}

void PrintTo(const State& state, std::ostream* out) { *out << Text(state); }

struct Edge {
  ErrorCode code;
  State next;
};

// An engine with one session on it.
struct Fixture {
  Fixture()
      : engine(*Engine::Load(AsBytes(File().text()), {})),
        session(*engine->NewSession()) {}

  static const AlignedBytes& File() {
    static const AlignedBytes& file = *new AlignedBytes(TinyModel({}));
    return file;
  }
  static const AlignedBytes& Adapter() {
    static const AlignedBytes& file = *new AlignedBytes(TinyAdapter(
        File().text(), {{"norm.weight", std::vector<float>(32, 0.25f)}}));
    return file;
  }

  std::unique_ptr<Engine> engine;
  std::unique_ptr<EngineSession> session;
};

struct Call {
  std::string name;
  std::function<absl::Status(Fixture&)> run;
  std::function<Edge(const State&)> edge;
};

using EdgeOf = std::function<Edge(const State&)>;

EdgeOf Stays(ErrorCode code) {
  return [code](const State& state) -> Edge { return {code, state}; };
}

EdgeOf LeadsTo(Where where) {
  return [where](const State& state) -> Edge {
    return {ErrorCode::kOk, {where, state.cancel}};
  };
}

// To `where`, or, when cancelled, to `otherwise`.
EdgeOf Cancellable(Where where, std::function<Where(Where)> otherwise) {
  return [=](const State& state) -> Edge {
    if (!state.cancel) return {ErrorCode::kOk, {where, false}};
    return {ErrorCode::kCancelled, {otherwise(state.where), false}};
  };
}

Where Emptied(Where) { return Where::kEmpty; }
// Where a batch that did not run leaves a session.
Where WithoutLogits(Where where) {
  return where == Where::kEmpty ? Where::kEmpty : Where::kRewound;
}

bool HasLogits(const State& state) {
  return state.where != Where::kEmpty && state.where != Where::kRewound;
}

std::vector<Call> TokenCalls() {
  const auto run = [](std::vector<uint32_t> tokens) {
    return [tokens](Fixture& f) { return f.session->Run(tokens); };
  };
  const auto rewind = [](uint32_t length) {
    return [length](Fixture& f) { return f.session->Rewind(length); };
  };
  const auto decode = [](uint32_t token) {
    return [token](Fixture& f) {
      EngineSession* const sessions[] = {f.session.get()};
      return f.engine->Decode(sessions, {token});
    };
  };
  return {
      {"run", run({5}), Cancellable(Where::kRun, WithoutLogits)},
      {"run nothing", run({}),
       [](State state) -> Edge {
         if (HasLogits(state)) state.where = Where::kRun;
         return {ErrorCode::kOk, state};
       }},
      {"run past the vocabulary", run({5, 260}),
       Stays(ErrorCode::kInvalidLength)},
      {"run past the context", run(std::vector<uint32_t>(49, 5)),
       Stays(ErrorCode::kContextExceeded)},
      {"rewind to 1", rewind(1),
       [](const State& state) -> Edge {
         if (state.where == Where::kEmpty) {
           return {ErrorCode::kInvalidLength, state};
         }
         return {ErrorCode::kOk, {Where::kRewound, state.cancel}};
       }},
      {"rewind to 0", rewind(0), LeadsTo(Where::kEmpty)},
      {"rewind past the end", rewind(40), Stays(ErrorCode::kInvalidLength)},
      {"rewind to shared",
       [](Fixture& f) {
         f.session->RewindToShared({256, 250, 249});
         return absl::OkStatus();
       },
       [](const State& state) -> Edge {
         return {ErrorCode::kOk, {WithoutLogits(state.where), state.cancel}};
       }},
      {"sample", [](Fixture& f) { return f.session->Sample().status(); },
       [](const State& state) -> Edge {
         return {HasLogits(state) ? ErrorCode::kOk
                                  : ErrorCode::kInvalidLength,
                 state};
       }},
      {"set sampling",
       [](Fixture& f) { return f.session->SetSampling({1, 5, 1, 1}); },
       Stays(ErrorCode::kOk)},
      {"set bad sampling",
       [](Fixture& f) { return f.session->SetSampling({1, 0, 1, 1}); },
       Stays(ErrorCode::kInvalidLength)},
      // One batch, which a request stops before anything is done.
      {"decode", decode(5),
       Cancellable(Where::kRun, [](Where where) { return where; })},
      {"decode past the vocabulary", decode(260),
       Stays(ErrorCode::kInvalidLength)},
  };
}

std::vector<Call> TextCalls() {
  const auto begin = [](std::string prompt, uint32_t top_k) {
    return [prompt, top_k](Fixture& f) {
      GenerationOptions options;
      options.max_new_tokens = 12;
      options.sampling.top_k = top_k;
      return f.session->Begin(prompt, options);
    };
  };
  const auto generate = [](std::string prompt) {
    return [prompt](Fixture& f) {
      GenerationOptions options;
      options.max_new_tokens = 3;
      return f.session->Generate(prompt, options).status();
    };
  };
  return {
      {"begin", begin("hello", 1), Cancellable(Where::kGenerating, Emptied)},
      {"begin too long", begin(std::string(100, 'a'), 1),
       Stays(ErrorCode::kContextExceeded)},
      {"begin with bad sampling", begin("hello", 0),
       Stays(ErrorCode::kInvalidLength)},
      {"next", [](Fixture& f) { return f.session->Next().status(); },
       [](const State& state) -> Edge {
         if (state.where == Where::kGenerating && state.cancel) {
           return {ErrorCode::kCancelled, {Where::kRun, false}};
         }
         return {ErrorCode::kOk, state};
       }},
      {"generate", generate("hello"), Cancellable(Where::kEnded, Emptied)},
      {"generate too long", generate(std::string(100, 'a')),
       Stays(ErrorCode::kContextExceeded)},
      {"end generation",
       [](Fixture& f) {
         f.session->EndGeneration();
         return absl::OkStatus();
       },
       [](State state) -> Edge {
         if (state.where == Where::kGenerating) state.where = Where::kEnded;
         return {ErrorCode::kOk, state};
       }},
      {"request cancel",
       [](Fixture& f) {
         f.session->RequestCancel();
         return absl::OkStatus();
       },
       [](const State& state) -> Edge {
         return {ErrorCode::kOk, {state.where, true}};
       }},
  };
}

std::vector<Call> AdapterCalls() {
  return {
      {"validate adapter",
       [](Fixture& f) {
         return f.engine->ValidateAdapter(AsBytes(Fixture::Adapter().text()));
       },
       Stays(ErrorCode::kOk)},
      {"apply adapter",
       [](Fixture& f) {
         return f.engine->ApplyAdapter(AsBytes(Fixture::Adapter().text()));
       },
       LeadsTo(Where::kEmpty)},
      {"apply no adapter",
       [](Fixture& f) {
         const AlignedBytes bytes("ADP1 but no adapter");
         return f.engine->ApplyAdapter(AsBytes(bytes.text()));
       },
       Stays(ErrorCode::kInvalidAdapter)},
      {"reset adapters",
       [](Fixture& f) {
         f.engine->ResetAdapters();
         return absl::OkStatus();
       },
       LeadsTo(Where::kEmpty)},
      {"another session",
       [](Fixture& f) { return f.engine->NewSession().status(); },
       Stays(ErrorCode::kResourceLimit)},
  };
}

std::vector<Call> AllCalls() {
  std::vector<Call> calls;
  for (std::vector<Call> some : {TokenCalls(), TextCalls(), AdapterCalls()}) {
    for (Call& call : some) calls.push_back(std::move(call));
  }
  return calls;
}

std::vector<State> AllStates() {
  std::vector<State> states;
  for (const Where where : {Where::kEmpty, Where::kRun, Where::kRewound,
                            Where::kGenerating, Where::kEnded}) {
    states.push_back({where, false});
    states.push_back({where, true});
  }
  return states;
}

void Reach(const State& state, Fixture& f) {
  GenerationOptions options;
  options.max_new_tokens = 12;
  switch (state.where) {
    case Where::kEmpty:
      break;
    case Where::kRun:
      EXPECT_TRUE(f.session->Run({256, 3, 4}).ok());
      break;
    case Where::kRewound:
      EXPECT_TRUE(f.session->Run({256, 3, 4}).ok());
      EXPECT_TRUE(f.session->Rewind(2).ok());
      break;
    case Where::kGenerating:
      EXPECT_TRUE(f.session->Begin("hello", options).ok());
      EXPECT_TRUE(f.session->Next()->has_value());
      break;
    case Where::kEnded:
      EXPECT_TRUE(f.session->Generate("hello", options).ok());
      break;
  }
  if (state.cancel) f.session->RequestCancel();
}

// The state that the session shows, which it is not in afterwards.
State Observe(Fixture& f) {
  State state;
  const EngineSession& session = *f.session;
  if (session.generation() != nullptr) {
    state.where = session.generation()->stop_reason() == StopReason::kNone
                      ? Where::kGenerating
                      : Where::kEnded;
  } else if (session.length() > 0) {
    state.where = session.logits().empty() ? Where::kRewound : Where::kRun;
  } else {
    EXPECT_TRUE(session.logits().empty());
  }
  EXPECT_TRUE(f.session->Rewind(0).ok());
  const absl::Status probe = f.session->Run({256});
  state.cancel = GetErrorCode(probe) == ErrorCode::kCancelled;
  EXPECT_TRUE(state.cancel || probe.ok()) << probe;
  return state;
}

TEST(SessionStatesTest, EveryStateIsReachedAndTold) {
  for (const State& state : AllStates()) {
    Fixture f;
    Reach(state, f);
    EXPECT_EQ(Observe(f), state);
  }
}

TEST(SessionStatesTest, EveryCallInEveryStateLeadsWhereTheTableSays) {
  for (const State& state : AllStates()) {
    for (const Call& call : AllCalls()) {
      Fixture f;
      Reach(state, f);
      const std::vector<uint32_t> tokens(f.session->tokens().begin(),
                                         f.session->tokens().end());
      const Edge edge = call.edge(state);
      const absl::Status status = call.run(f);
      EXPECT_EQ(ErrorCodeName(GetErrorCode(status)), ErrorCodeName(edge.code))
          << call.name << " in: " << Text(state) << "; " << status;
      if (edge.next == state && edge.code != ErrorCode::kOk) {
        EXPECT_EQ(f.session->tokens(), tokens)
            << call.name << " in: " << Text(state);
      }
      EXPECT_EQ(Observe(f), edge.next) << call.name << " in: " << Text(state);
    }
  }
}

}  // namespace
}  // namespace pedigree
