// Every call of Runtime in every state that it can be in: what comes back, and where
// that leads. A call that fails leads nowhere, unless the table says so.

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
#include "runtime/base/json.h"
#include "runtime/exports/runtime.h"
#include "runtime/format/slm_format.h"
#include "runtime/testing/case_runs.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

enum class Generating { kNo, kGoesOn, kEnded };

// What a runtime remembers.
struct State {
  bool loaded = false;
  bool adapted = false;
  Generating generating = Generating::kNo;
  bool cancel = false;  // was requested and has met no generation yet
  uint32_t top_k = 1;

  friend bool operator==(const State& a, const State& b) {
    return a.loaded == b.loaded && a.adapted == b.adapted &&
           a.generating == b.generating && a.cancel == b.cancel &&
           a.top_k == b.top_k;
  }
};

std::string Text(const State& state) {
  if (!state.loaded) {
    return absl::StrCat("no model", state.cancel ? ", cancel" : "", ", top_k ",
                        state.top_k);
  }
  constexpr std::string_view kGenerating[] = {"idle", "generating", "ended"};
  return absl::StrCat(state.adapted ? "adapted" : "base", ", ",
                      kGenerating[static_cast<int>(state.generating)],
                      state.cancel ? ", cancel" : "", ", top_k ", state.top_k);
}

void PrintTo(const State& state, std::ostream* out) { *out << Text(state); }

std::vector<State> AllStates() {
  std::vector<State> states;
  for (const bool cancel : {false, true}) {
    State state;
    state.cancel = cancel;
    states.push_back(state);
    state.loaded = true;
    for (const bool adapted : {false, true}) {
      for (const Generating generating :
           {Generating::kNo, Generating::kGoesOn, Generating::kEnded}) {
        state.adapted = adapted;
        state.generating = generating;
        states.push_back(state);
      }
    }
  }
  return states;
}

// What a call must give, and the state it must lead to.
struct Edge {
  ErrorCode code;
  State next;
};

// The files that calls are given; a longer prompt than any context.
struct Files {
  AlignedBytes model{TinyModel({})};
  AlignedBytes other{TinyModel([] {
    TinyModelOptions options;
    options.dtype = DType::kQ8_0;
    return options;
  }())};
  AlignedBytes broken{std::string(model.text().substr(0, 500))};
  AlignedBytes hostile{TinyModel([] {
    TinyModelOptions options;
    options.max_context = 4000000000u;
    return options;
  }())};
  AlignedBytes adapter{TinyAdapter(
      model.text(), {{"norm.weight", std::vector<float>(32, 0.25f)}})};
  AlignedBytes foreign{TinyAdapter(
      other.text(), {{"norm.weight", std::vector<float>(32, 0.25f)}})};
  AlignedBytes no_adapter{"ADP1 but no adapter"};
  std::string long_prompt = std::string(100, 'a');
};

const Files& TheFiles() {
  static const Files& files = *new Files;
  return files;
}

// A call, and its row of the table.
struct Call {
  std::string name;
  std::function<absl::Status(Runtime&)> run;
  std::function<Edge(const State&)> edge;
};

Edge Stay(ErrorCode code, const State& state) { return {code, state}; }

// `edge` where a model is loaded, and the refusal where none is.
std::function<Edge(const State&)> WithModel(
    std::function<Edge(const State&)> edge) {
  return [edge = std::move(edge)](const State& state) {
    return state.loaded ? edge(state)
                        : Stay(ErrorCode::kModelNotLoaded, state);
  };
}

std::function<Edge(const State&)> AlwaysStay(ErrorCode code) {
  return [code](const State& state) { return Stay(code, state); };
}

// A generation that begins, and is then where `generating` says.
std::function<Edge(const State&)> Begins(Generating generating) {
  return WithModel([generating](State state) -> Edge {
    const bool cancelled = state.cancel;
    state.generating = cancelled ? Generating::kNo : generating;
    state.cancel = false;
    return {cancelled ? ErrorCode::kCancelled : ErrorCode::kOk, state};
  });
}

Edge NextEdge(State state) {
  if (state.generating == Generating::kGoesOn && state.cancel) {
    state.generating = Generating::kNo;
    state.cancel = false;
    return {ErrorCode::kCancelled, state};
  }
  return Stay(ErrorCode::kOk, state);
}

std::vector<Call> LoadingCalls() {
  const Files& files = TheFiles();
  const auto load = [](const AlignedBytes& bytes) {
    return [&bytes](Runtime& runtime) {
      return runtime.LoadModel(AsBytes(bytes.text()));
    };
  };
  return {
      {"load", load(files.model),
       [](const State& state) -> Edge {
         return {ErrorCode::kOk,
                 {true, false, Generating::kNo, state.cancel, state.top_k}};
       }},
      {"load broken", load(files.broken),
       AlwaysStay(ErrorCode::kInvalidHeader)},
      {"load hostile", load(files.hostile),
       AlwaysStay(ErrorCode::kResourceLimit)},
      {"free", [](Runtime& runtime) { return runtime.FreeModel(); },
       WithModel([](const State& state) -> Edge {
         return {ErrorCode::kOk,
                 {false, false, Generating::kNo, state.cancel, state.top_k}};
       })},
  };
}

std::vector<Call> AdapterCalls() {
  const Files& files = TheFiles();
  const auto validate = [](const AlignedBytes& bytes) {
    return [&bytes](Runtime& runtime) {
      return runtime.ValidateAdapter(AsBytes(bytes.text()));
    };
  };
  const auto apply = [](const AlignedBytes& bytes) {
    return [&bytes](Runtime& runtime) {
      return runtime.ApplyAdapter(AsBytes(bytes.text()));
    };
  };
  const auto stay = [](ErrorCode code) { return WithModel(AlwaysStay(code)); };
  return {
      {"validate", validate(files.adapter),
       WithModel([](const State& state) {
         return Stay(
             state.adapted ? ErrorCode::kInvalidAdapter : ErrorCode::kOk,
             state);
       })},
      {"validate no adapter", validate(files.no_adapter),
       stay(ErrorCode::kInvalidAdapter)},
      {"validate foreign", validate(files.foreign),
       stay(ErrorCode::kAdapterIdentityMismatch)},
      {"apply", apply(files.adapter), WithModel([](State state) -> Edge {
         if (state.adapted) return Stay(ErrorCode::kInvalidAdapter, state);
         state.adapted = true;
         state.generating = Generating::kNo;
         return {ErrorCode::kOk, state};
       })},
      {"apply no adapter", apply(files.no_adapter),
       stay(ErrorCode::kInvalidAdapter)},
      {"apply foreign", apply(files.foreign),
       stay(ErrorCode::kAdapterIdentityMismatch)},
      {"reset adapters",
       [](Runtime& runtime) { return runtime.ResetAdapters(); },
       WithModel([](State state) -> Edge {
         state.adapted = false;
         state.generating = Generating::kNo;
         return {ErrorCode::kOk, state};
       })},
  };
}

std::vector<Call> GenerationCalls() {
  const std::string& long_prompt = TheFiles().long_prompt;
  const auto too_long = WithModel(AlwaysStay(ErrorCode::kContextExceeded));
  return {
      {"begin",
       [](Runtime& runtime) { return runtime.BeginGeneration("hello", 12); },
       Begins(Generating::kGoesOn)},
      {"begin too long",
       [&](Runtime& runtime) {
         return runtime.BeginGeneration(long_prompt, 12);
       },
       too_long},
      {"next", [](Runtime& runtime) { return runtime.NextToken().status(); },
       WithModel(NextEdge)},
      {"generate",
       [](Runtime& runtime) { return runtime.Generate("hello", 4).status(); },
       Begins(Generating::kEnded)},
      {"generate too long",
       [&](Runtime& runtime) {
         return runtime.Generate(long_prompt, 4).status();
       },
       too_long},
      {"case",
       [](Runtime& runtime) {
         return RunOneCase(runtime, "hello", 4).status();
       },
       Begins(Generating::kNo)},
      {"case too long",
       [&](Runtime& runtime) -> absl::Status {
         // A result like any other.
         const absl::Status status =
             RunOneCase(runtime, long_prompt, 4).status();
         EXPECT_FALSE(status.ok());
         if (GetErrorCode(status) == ErrorCode::kContextExceeded) {
           return absl::OkStatus();
         }
         return status;
       },
       // No token is run, so a request to cancel stays.
       WithModel([](State state) -> Edge {
         state.generating = Generating::kNo;
         return {ErrorCode::kOk, state};
       })},
      {"reset context",
       [](Runtime& runtime) { return runtime.ResetContext(); },
       WithModel([](State state) -> Edge {
         state.generating = Generating::kNo;
         return {ErrorCode::kOk, state};
       })},
  };
}

std::vector<Call> OtherCalls() {
  return {
      {"set sampling",
       [](Runtime& runtime) { return runtime.SetSampling({0, 7, 1, 1}); },
       [](State state) -> Edge {
         state.top_k = 7;
         return {ErrorCode::kOk, state};
       }},
      {"set bad sampling",
       [](Runtime& runtime) { return runtime.SetSampling({-1, 7, 1, 1}); },
       AlwaysStay(ErrorCode::kInvalidLength)},
      {"request cancel",
       [](Runtime& runtime) {
         runtime.RequestCancel();
         return absl::OkStatus();
       },
       [](State state) -> Edge {
         state.cancel = true;
         return {ErrorCode::kOk, state};
       }},
      {"get subject",
       [](Runtime& runtime) { return runtime.GetSubject().status(); },
       WithModel(AlwaysStay(ErrorCode::kOk))},
      {"diagnostics",
       [](Runtime& runtime) {
         return ParseJson(runtime.Diagnostics(), "diagnostics").status();
       },
       AlwaysStay(ErrorCode::kOk)},
  };
}

std::vector<Call> AllCalls() {
  std::vector<Call> calls;
  for (std::vector<Call> some :
       {LoadingCalls(), AdapterCalls(), GenerationCalls(), OtherCalls()}) {
    for (Call& call : some) calls.push_back(std::move(call));
  }
  return calls;
}

// A runtime in `state`.
std::unique_ptr<Runtime> Reach(const State& state) {
  const Files& files = TheFiles();
  auto runtime = std::make_unique<Runtime>();
  if (state.loaded) {
    EXPECT_TRUE(runtime->LoadModel(AsBytes(files.model.text())).ok());
  }
  if (state.adapted) {
    EXPECT_TRUE(runtime->ApplyAdapter(AsBytes(files.adapter.text())).ok());
  }
  if (state.generating == Generating::kGoesOn) {
    EXPECT_TRUE(runtime->BeginGeneration("hello", 12).ok());
    EXPECT_TRUE(runtime->NextToken()->has_value());
  }
  if (state.generating == Generating::kEnded) {
    EXPECT_TRUE(runtime->Generate("hello", 4).ok());
  }
  if (state.cancel) runtime->RequestCancel();
  return runtime;
}

// The state that `runtime` shows, which it is not in afterwards.
State Observe(Runtime& runtime) {
  const Json document = *ParseJson(runtime.Diagnostics(), "diagnostics");
  const Json& shown = document.at("state");
  State state;
  state.loaded = runtime.model_loaded();
  EXPECT_EQ(shown.at("model_loaded"), state.loaded);
  state.top_k = shown.at("sampling").at("top_k").get<uint32_t>();
  if (shown.at("stop_reason") != "") {
    state.generating = Generating::kEnded;
  } else if (shown.at("prompt_tokens") != 0) {
    state.generating = Generating::kGoesOn;
    // It can go on, unless it is cancelled.
    const absl::Status next = runtime.NextToken().status();
    EXPECT_TRUE(next.ok() || GetErrorCode(next) == ErrorCode::kCancelled);
    if (!next.ok()) runtime.RequestCancel();
  }
  if (state.loaded) {
    state.adapted =
        document.at("counted").at("applied_adapter_count") != 0;
  } else {
    EXPECT_TRUE(runtime.LoadModel(AsBytes(TheFiles().model.text())).ok());
  }
  const absl::Status probe = runtime.Generate("hello", 1).status();
  state.cancel = GetErrorCode(probe) == ErrorCode::kCancelled;
  EXPECT_TRUE(state.cancel || probe.ok()) << probe;
  return state;
}

TEST(StateMachineTest, EveryStateIsReachedAndTold) {
  for (const State& state : AllStates()) {
    EXPECT_EQ(Observe(*Reach(state)), state);
  }
}

TEST(StateMachineTest, EveryCallInEveryStateLeadsWhereTheTableSays) {
  for (const State& state : AllStates()) {
    for (const Call& call : AllCalls()) {
      const std::unique_ptr<Runtime> runtime = Reach(state);
      const Edge edge = call.edge(state);
      const absl::Status status = call.run(*runtime);
      EXPECT_EQ(ErrorCodeName(GetErrorCode(status)), ErrorCodeName(edge.code))
          << call.name << " in: " << Text(state) << "; " << status;
      EXPECT_EQ(Observe(*runtime), edge.next)
          << call.name << " in: " << Text(state);
    }
  }
}

// What is generated after a call that failed is what would have been.
TEST(StateMachineTest, AFailedCallChangesNoByteOfTheGeneration) {
  State generating;
  generating.loaded = true;
  generating.generating = Generating::kGoesOn;
  const auto rest = [](Runtime& runtime) {
    std::string output;
    while (true) {
      const auto bytes = runtime.NextToken();
      EXPECT_TRUE(bytes.ok()) << bytes.status();
      if (!bytes.ok() || !bytes->has_value()) return output;
      output += **bytes;
    }
  };
  for (const bool adapted : {false, true}) {
    generating.adapted = adapted;
    const std::string expected = rest(*Reach(generating));
    ASSERT_FALSE(expected.empty());
    for (const Call& call : AllCalls()) {
      if (call.edge(generating).code == ErrorCode::kOk) continue;
      const std::unique_ptr<Runtime> runtime = Reach(generating);
      EXPECT_FALSE(call.run(*runtime).ok()) << call.name;
      EXPECT_EQ(rest(*runtime), expected) << call.name;
    }
  }
}

// A model whose activations leave the range of f32 stays loaded, without a
// generation.
TEST(StateMachineTest, AFailedGenerationKeepsTheModel) {
  TinyModelOptions options;
  options.weight_range = 1e30f;
  const AlignedBytes file(TinyModel(options));
  Runtime runtime;
  ASSERT_TRUE(runtime.LoadModel(AsBytes(file.text())).ok());
  for (const absl::Status& status :
       {runtime.BeginGeneration("hello", 4),
        runtime.Generate("hello", 4).status(),
        RunOneCase(runtime, "hello", 4).status()}) {
    EXPECT_EQ(GetErrorCode(status), ErrorCode::kGenerationFailed);
    EXPECT_TRUE(runtime.model_loaded());
    EXPECT_FALSE(runtime.NextToken()->has_value());
  }
}

}  // namespace
}  // namespace pedigree
