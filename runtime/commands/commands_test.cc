#include "runtime/commands/commands.h"

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/bytes.h"
#include "runtime/base/command_line.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/commands/assembly_files.h"
#include "runtime/exports/runtime.h"
#include "runtime/format/slm_format.h"
#include "runtime/generation/session.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"
#include "runtime/model/model.h"
#include "runtime/model/transformer.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/threads/thread_pool.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

using ::testing::HasSubstr;

// What one run of the command gave.
struct Ran {
  int exit_code;
  std::string out;
  std::string err;
};

// Predicts one token at a time, the plain way.
class Teacher {
 public:
  explicit Teacher(std::string_view file)
      : model_(*Model::Load(AsBytes(file))),
        pool_(1),
        transformer_(*Transformer::Create(model_->shape(), {}, &pool_,
                                          &BestKernels())),
        session_(*Session::Create(model_->shape())) {}

  // The shares of ids 0..257 (all but PAD and UNK) behind `ids`.
  std::vector<double> Shares(const std::vector<uint32_t>& ids) {
    session_.Rewind(0);
    EXPECT_TRUE(session_.Run(transformer_, model_->weights(), ids).ok());
    std::vector<double> shares;
    double total = 0;
    for (float logit : session_.logits().subspan(0, 258)) {
      shares.push_back(std::exp(double{logit}));
      total += shares.back();
    }
    for (double& share : shares) share /= total;
    return shares;
  }

 private:
  std::unique_ptr<const Model> model_;
  ThreadPool pool_;
  Transformer transformer_;
  Session session_;
};

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() : model_(TinyModel({})) {
    Write("m.slm", std::string(model_.text()));
    Write("a.adp1", TinyAdapter(model_.text(), {{"norm.weight",
                                                 RandomValues(3, 32, 2)}}));
    Write("s.json",
          R"({"schema_version":"pedigree.suite.v1","name":"s","version":"1",)"
          R"("cases":[{"id":"one","prompt":"hello","expected":"x",)"
          R"("max_new_tokens":4}]})");
  }

  std::string Path(const std::string& name) const {
    return testing::TempDir() + "/" + name;
  }
  void Write(const std::string& name, const std::string& contents) const {
    ASSERT_TRUE(WriteFileAtomically(Path(name), contents).ok());
  }
  std::string Read(const std::string& name) const {
    return *ReadFile(Path(name));
  }

  static Ran Command(std::vector<std::string> args,
                     SiblingFinder find_siblings = nullptr) {
    args.insert(args.begin(), "pedigree");
    std::vector<char*> argv;
    for (std::string& arg : args) argv.push_back(arg.data());
    CommandLine command_line("pedigree", "A test");
    AddRuntimeCommands(command_line, {}, std::move(find_siblings));
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Ran run;
    run.exit_code =
        command_line.Run(static_cast<int>(argv.size()), argv.data());
    run.out = testing::internal::GetCapturedStdout();
    run.err = testing::internal::GetCapturedStderr();
    return run;
  }

  std::string Expected(bool adapter) const {
    Runtime runtime;
    EXPECT_TRUE(runtime.LoadModel(AsBytes(model_.text())).ok());
    const AlignedBytes bytes(Read("a.adp1"));
    if (adapter) {
      EXPECT_TRUE(runtime.ApplyAdapter(AsBytes(bytes.text())).ok());
    }
    return ReplaceInvalidUtf8(runtime.Generate("hello", 12)->output);
  }

  AlignedBytes model_;
};

TEST_F(CommandsTest, GeneratePrintsTheText) {
  const Ran run = Command({"generate", Path("m.slm"), "--prompt=hello",
                           "--max-new-tokens=12"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, Expected(false));
}

TEST_F(CommandsTest, GenerateEchoesAndAppliesAdapters) {
  const Ran run = Command({"generate", Path("m.slm"), "--prompt=hello",
                           "--max-new-tokens=12", "--echo",
                           "--adapter=" + Path("a.adp1")});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "hello" + Expected(true));
}

TEST_F(CommandsTest, NoWayOfRunningChangesTheText) {
  for (Target target : SupportedTargets()) {
    for (const char* threads : {"1", "3"}) {
      std::vector<std::string> args = {
          "generate",
          Path("m.slm"),
          "--prompt=hello",
          "--max-new-tokens=12",
          absl::StrCat("--target=", TargetName(target)),
          absl::StrCat("--threads=", threads),
          "--diagnostics=" + Path("d.json")};
      const Ran packed = Command(args);
      EXPECT_EQ(packed.exit_code, 0) << packed.err;
      EXPECT_EQ(packed.out, Expected(false)) << TargetName(target);
      const Json measured =
          (*ParseJson(Read("d.json"), "diagnostics"))["measured"];
      EXPECT_EQ(measured["target"], TargetName(target));
      EXPECT_EQ(measured["threads"], std::stoi(threads));
      args.push_back("--no-repack");
      EXPECT_EQ(Command(args).out, Expected(false)) << TargetName(target);
    }
  }
}

TEST_F(CommandsTest, RefusesATargetOrThreadsThatTheMachineLacks) {
  Ran run = Command({"generate", Path("m.slm"), "--prompt=hello",
                     "--max-new-tokens=1", "--target=avx9"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("Invalid --target: \"avx9\" (this machine has "
                                 "scalar"));
  run = Command({"generate", Path("m.slm"), "--prompt=hello",
                 "--max-new-tokens=1", "--threads=257"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("Invalid --threads: 257 (expected 1..256)"));
}

TEST_F(CommandsTest, BenchTellsRatesAndMemory) {
  const Ran run =
      Command({"bench", Path("m.slm"), "--prompt-tokens=8", "--new-tokens=4",
               "--rounds=1", "--sequences=2", "--no-machine", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json report = *ParseJson(run.out, "report");
  EXPECT_EQ(report["prompt_tokens"], 8);
  EXPECT_EQ(report["sequences"], 2);
  for (const char* rate :
       {"prefill_tokens_per_second", "decode_tokens_per_second",
        "weight_bytes_per_token"}) {
    EXPECT_GT(std::stod(report[rate].get<std::string>()), 0) << rate;
  }
}

TEST_F(CommandsTest, BenchFillsTheContextByDefault) {
  const Ran run = Command({"bench", Path("m.slm"), "--rounds=1",
                           "--no-machine", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json report = *ParseJson(run.out, "report");
  EXPECT_EQ(report["new_tokens"], 12);
  EXPECT_EQ(report["prompt_tokens"], 36);
}

TEST_F(CommandsTest, BenchRefusesWhatTheContextDoesNotHold) {
  const Ran run = Command({"bench", Path("m.slm"), "--prompt-tokens=40",
                           "--new-tokens=9", "--no-machine"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err,
              HasSubstr("Invalid --prompt-tokens and --new-tokens: together 49 "
                        "(model has max_context 48)"));
}

TEST_F(CommandsTest, CompareFindsAModelAtDistanceZeroFromItself) {
  Write("t.txt", "Once upon a time there was a text of some length.");
  const Ran run =
      Command({"compare", Path("m.slm"), Path("m.slm"),
               "--text=" + Path("t.txt"), "--context=20", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json report = *ParseJson(run.out, "report");
  EXPECT_EQ(report["positions"], 49);
  EXPECT_EQ(report["context"], 20);
  EXPECT_EQ(report["parent_digest"], Sha256(model_.text()).ToString());
  EXPECT_EQ(report["child_digest"], report["parent_digest"]);
  EXPECT_EQ(report["mean_kl"], "0");
  EXPECT_EQ(report["max_kl"], "0");
  EXPECT_EQ(report["max_logit_difference"], "0");
  EXPECT_EQ(report["top_1_agreement"], "1");
  EXPECT_EQ(report["parent_perplexity"], report["child_perplexity"]);
}

// Against a run token by token with figures added up here.
TEST_F(CommandsTest, CompareMeasuresWhatSinglePredictionsSay) {
  TinyModelOptions options;
  options.dtype = DType::kQ4_0;
  const AlignedBytes child(TinyModel(options));
  Write("q.slm", std::string(child.text()));
  Write("t.txt", "two windows of text");
  std::vector<std::string> args = {"compare", Path("m.slm"), Path("q.slm"),
                                   "--text=" + Path("t.txt"), "--context=8",
                                   "--positions=13", "--json"};
  const Ran run = Command(args);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json report = *ParseJson(run.out, "report");

  Teacher parent_teacher(model_.text());
  Teacher child_teacher(child.text());
  const std::string text = "two windows of text";
  double kl_sum = 0;
  double loss = 0;
  for (size_t i = 0; i < 13; ++i) {
    // BOS, then what stands before in the window of 8.
    std::vector<uint32_t> ids = {256};
    for (size_t j = i / 8 * 8; j < i; ++j) {
      ids.push_back(static_cast<uint8_t>(text[j]));
    }
    const std::vector<double> p = parent_teacher.Shares(ids);
    const std::vector<double> q = child_teacher.Shares(ids);
    for (size_t id = 0; id < 258; ++id) {
      kl_sum += p[id] * std::log(p[id] / q[id]);
    }
    loss -= std::log(q[static_cast<uint8_t>(text[i])]);
  }
  const auto value = [&](const char* name) {
    return std::stod(report[name].get<std::string>());
  };
  EXPECT_GT(kl_sum, 0);
  EXPECT_NEAR(value("mean_kl"), kl_sum / 13, 1e-5 * kl_sum);
  EXPECT_NEAR(value("child_perplexity"), std::exp(loss / 13), 1e-2);

  for (Target target : SupportedTargets()) {
    for (const char* way : {"--threads=1", "--threads=3", "--no-repack"}) {
      std::vector<std::string> other = args;
      other.push_back(way);
      other.push_back(absl::StrCat("--target=", TargetName(target)));
      EXPECT_EQ(Command(other).out, run.out) << TargetName(target) << way;
    }
  }
}

TEST_F(CommandsTest, CompareRefusesWhatCantBeCompared) {
  TinyModelOptions options;
  options.max_context = 16;
  Write("short.slm", TinyModel(options));
  Write("t.txt", "text");
  Write("empty.txt", "");
  const auto refused = [this](const std::string& child, const char* text,
                              const std::vector<std::string>& more) {
    std::vector<std::string> args = {"compare", Path("m.slm"), Path(child),
                                     "--text=" + Path(text)};
    args.insert(args.end(), more.begin(), more.end());
    const Ran run = Command(args);
    EXPECT_EQ(run.exit_code, 2);
    return run.err;
  };
  EXPECT_THAT(refused("short.slm", "t.txt", {"--context=17"}),
              HasSubstr("Invalid --context: 17 (the models have max_context "
                        "16)"));
  EXPECT_THAT(refused("m.slm", "t.txt", {"--positions=5"}),
              HasSubstr("Invalid --positions: 5 (" + Path("t.txt") +
                        " has 4)"));
  EXPECT_THAT(refused("m.slm", "empty.txt", {}),
              HasSubstr("empty.txt: Invalid text: 1 tokens (expected 2 or "
                        "more)"));
  EXPECT_THAT(refused("m.slm", "t.txt", {"--positions=0"}),
              HasSubstr("--positions"));
  EXPECT_THAT(refused("a.adp1", "t.txt", {}), HasSubstr("a.adp1"));
}

TEST_F(CommandsTest, AnAdapterIsRepeatedOnlyWhenAskedFor) {
  std::vector<std::string> args = {"generate",
                                   Path("m.slm"),
                                   "--prompt=hello",
                                   "--max-new-tokens=1",
                                   "--adapter=" + Path("a.adp1"),
                                   "--adapter=" + Path("a.adp1"),
                                   "--diagnostics=" + Path("d.json")};
  const Ran refused = Command(args);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("Adapter is applied already: sha256:"));
  args.push_back("--allow-repeated-adapter");
  const Ran run = Command(args);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json document = *ParseJson(Read("d.json"), "diagnostics");
  EXPECT_EQ(document["counted"]["applied_adapter_count"], 2);
}

TEST_F(CommandsTest, ReceiptsLetASiblingsAdapterIn) {
  TinyModelOptions options;
  options.dtype = DType::kQ8_0;
  Write("q.slm", TinyModel(options));
  Write("manifest.json", "m");
  const std::vector<std::string> args = {
      "eval",
      Path("q.slm"),
      "--suite=" + Path("s.json"),
      "--out=" + Path("sibling.json"),
      "--manifest=" + Path("manifest.json"),
      "--adapter=" + Path("a.adp1"),
      "--adapter-receipt=" + Path("r.json")};
  const SiblingFinder finder = [&](const Digest& model,
                                   const std::vector<std::string>& receipts)
      -> absl::StatusOr<std::vector<Sibling>> {
    EXPECT_EQ(model, Sha256(Read("q.slm")));
    EXPECT_EQ(receipts, std::vector<std::string>{Path("r.json")});
    return std::vector<Sibling>{{Sha256(model_.text()), {Sha256("receipt")}}};
  };
  const Ran run = Command(args, finder);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json sidecar = *ParseJson(Read("sibling.json"), "sidecar");
  EXPECT_EQ(sidecar["parent_receipt_digests"],
            Json::array({Sha256("receipt").ToString()}));
  const Ran none = Command(args, [](const Digest&, const auto&) {
    return absl::StatusOr<std::vector<Sibling>>(
        absl::InvalidArgumentError("r.json: bad"));
  });
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_EQ(none.err, "pedigree: r.json: bad\n");
  // The runtime alone reads no receipts.
  EXPECT_EQ(Command(args).exit_code, 2);
}

TEST_F(CommandsTest, GenerateWritesDiagnostics) {
  const Ran run =
      Command({"generate", Path("m.slm"), "--prompt=hello",
               "--max-new-tokens=3", "--diagnostics=" + Path("d.json")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json document = *ParseJson(Read("d.json"), "diagnostics");
  EXPECT_EQ(document["state"]["generated_tokens"], 3);
  EXPECT_EQ(document["measured"]["has_clock"], true);
}

TEST_F(CommandsTest, GenerateRefusesAnotherModelThanExpected) {
  const std::string right = Sha256(model_.text()).ToString();
  const std::string wrong = Sha256("other").ToString();
  EXPECT_EQ(Command({"generate", Path("m.slm"), "--prompt=a",
                     "--max-new-tokens=1", "--expect-digest=" + right})
                .exit_code,
            0);
  const Ran run = Command({"generate", Path("m.slm"), "--prompt=a",
                           "--max-new-tokens=1", "--expect-digest=" + wrong});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.err, absl::StrCat("pedigree: ", Path("m.slm"),
                                  ": Invalid model: digest is ", right,
                                  " (expected ", wrong, ")\n"));
}

TEST_F(CommandsTest, ErrorsNameTheFile) {
  Write("bad.slm", "not a model");
  const Ran run =
      Command({"generate", Path("bad.slm"), "--prompt=a",
               "--max-new-tokens=1"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("bad.slm: "));
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(Command({"generate", Path("m.slm"), "--prompt=a"}).exit_code, 2);
}

TEST_F(CommandsTest, EvalWritesTheSidecarAndItsCounts) {
  Write("manifest.json", "m");
  const Ran run = Command({"eval", Path("m.slm"), "--suite=" + Path("s.json"),
                           "--out=" + Path("sidecar.json"),
                           "--diagnostics=" + Path("counted.json"),
                           "--manifest=" + Path("manifest.json")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json sidecar = *ParseJson(Read("sidecar.json"), "sidecar");
  EXPECT_EQ(sidecar["model_digest"], Sha256(model_.text()).ToString());
  EXPECT_EQ(sidecar["manifest_digest"], Sha256("m").ToString());
  EXPECT_EQ(sidecar["source_kind"], "deterministic-smoke");
  EXPECT_EQ(sidecar["totals"]["cases"], "1");
  EXPECT_EQ(Read("counted.json"), CanonicalJson(sidecar["counted"]));
}

TEST_F(CommandsTest, EvalWritesObservationsApart) {
  Write("manifest.json", "m");
  const std::vector<std::string> args = {
      "eval", Path("m.slm"), "--suite=" + Path("s.json"),
      "--out=" + Path("observed.json"), "--manifest=" + Path("manifest.json")};
  ASSERT_EQ(Command(args).exit_code, 0);
  const std::string sidecar = Read("observed.json");
  std::vector<std::string> observed = args;
  observed.push_back("--observations=" + Path("observations.json"));
  EXPECT_THAT(Command(observed).err,
              HasSubstr("--observations and --machine go together"));
  observed.push_back("--machine=ci-1");
  ASSERT_EQ(Command(observed).exit_code, 0);
  EXPECT_EQ(Read("observed.json"), sidecar);
  const Json record = *ParseJson(Read("observations.json"), "observations");
  EXPECT_EQ(record["machine"], "ci-1");
  EXPECT_EQ(record["sidecar_digest"], Sha256(sidecar).ToString());
  EXPECT_EQ(record["measures"][0]["name"], "cases_per_second");
  observed.push_back("--shard=0/2");
  EXPECT_THAT(Command(observed).err,
              HasSubstr("--observations is of a whole run, not of a --shard"));
}

TEST_F(CommandsTest, EvalRunsAShardOrAsFarAsItIsTold) {
  Write("manifest.json", "m");
  const auto run = [&](const std::string& option) {
    return Command({"eval", Path("m.slm"), "--suite=" + Path("s.json"),
                    "--out=" + Path("part.json"),
                    "--manifest=" + Path("manifest.json"), option});
  };
  ASSERT_EQ(run("--shard=1/2").exit_code, 0);
  EXPECT_EQ((*ParseJson(Read("part.json"), "shard"))["shard_index"], 1);
  for (const char* shard : {"2/2", "1", "a/b", "-1/2", "0/0"}) {
    EXPECT_THAT(run("--shard=" + std::string(shard)).err,
                HasSubstr("Invalid --shard: \"" + std::string(shard) + "\""));
  }
  ASSERT_EQ(run("--filter=no-such-tag").exit_code, 0);
  const Json filtered = *ParseJson(Read("part.json"), "sidecar");
  EXPECT_EQ(filtered["totals"]["not_run"], "1");
  EXPECT_EQ(filtered["run"]["filter_tags"], Json::array({"no-such-tag"}));
  ASSERT_EQ(run("--omit-texts").exit_code, 0);
  EXPECT_EQ((*ParseJson(Read("part.json"), "sidecar"))["cases"][0]["expected"],
            "");
  EXPECT_EQ(run("--batch=0").exit_code, 2);
  EXPECT_EQ(run("--batch=65").exit_code, 2);
}

TEST_F(CommandsTest, EvalTakesTheManifestBesideTheModel) {
  const std::vector<std::string> args = {"eval", Path("other.slm"),
                                         "--suite=" + Path("s.json"),
                                         "--out=" + Path("beside.json")};
  Write("other.slm", std::string(model_.text()));
  const Ran without = Command(args);
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_THAT(without.err, HasSubstr("other.slm.manifest.json: No such file"));
  Write("other.slm.manifest.json", "{}");
  ASSERT_EQ(Command(args).exit_code, 0);
  const Json sidecar = *ParseJson(Read("beside.json"), "sidecar");
  EXPECT_EQ(sidecar["manifest_digest"], Sha256("{}").ToString());
}

TEST_F(CommandsTest, EvalLeavesNoSidecarForABadSuite) {
  Write("bad.json", R"({"cases":[]})");
  Write("manifest.json", "m");
  const Ran run = Command({"eval", Path("m.slm"),
                           "--suite=" + Path("bad.json"),
                           "--out=" + Path("never.json"),
                           "--manifest=" + Path("manifest.json")});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("bad.json: "));
  EXPECT_FALSE(MappedFile::Open(Path("never.json")).ok());
  // A key that no canonical document has.
  Write("bad.json", "{\"\xC3\xA9\":1}");
  const Ran other = Command({"eval", Path("m.slm"),
                             "--suite=" + Path("bad.json"),
                             "--out=" + Path("never.json"),
                             "--manifest=" + Path("manifest.json")});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("bad.json: Invalid suite: "));
}

TEST_F(CommandsTest, InspectShowsAModel) {
  const Ran json = Command({"inspect", Path("m.slm"), "--json"});
  ASSERT_EQ(json.exit_code, 0) << json.err;
  const Json shown = *ParseJson(json.out, "model");
  EXPECT_EQ(shown["kind"], "model");
  EXPECT_EQ(shown["identity"]["digest"], Sha256(model_.text()).ToString());
  EXPECT_EQ(shown["shape"]["hidden_size"], 32);
  EXPECT_EQ(shown["shape"]["rope_theta"], "10000");
  EXPECT_EQ(shown["tokenizer"]["kind"], "btok");
  EXPECT_EQ(shown["tensors"].size(), 21u);
  const Ran text = Command({"inspect", Path("m.slm")});
  EXPECT_THAT(text.out, HasSubstr("  hidden_size: 32\n"));
  EXPECT_THAT(text.out, HasSubstr("layers.1.w2.weight"));
}

TEST_F(CommandsTest, PreflightTellsTheMemoryThatInspectShows) {
  const Ran run =
      Command({"preflight", Path("m.slm"), "--threads=1", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json told = *ParseJson(run.out, "preflight");
  const Ran inspect = Command({"inspect", Path("m.slm"), "--json"});
  EXPECT_EQ((*ParseJson(inspect.out, "model"))["memory"], told);
  EXPECT_EQ(told["file_bytes"], absl::StrCat(model_.text().size()));
  EXPECT_EQ(told["context_tokens"], 48);
  EXPECT_EQ(told["repacked"], true);
  const Ran text = Command({"preflight", Path("m.slm"), "--no-repack"});
  EXPECT_THAT(text.out, HasSubstr("\npacked_bytes: 0\n"));
}

TEST_F(CommandsTest, PreflightKnowsOptionsAndAdapters) {
  TinyModelOptions shape;
  shape.dtype = DType::kQ8_0;
  Write("q.slm", TinyModel(shape));
  const auto told = [this](std::vector<std::string> options,
                           const char* threads = "--threads=1") {
    std::vector<std::string> args = {"preflight", Path("q.slm"), threads,
                                     "--json"};
    args.insert(args.end(), options.begin(), options.end());
    const Ran run = Command(args);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return *ParseJson(run.out, "preflight");
  };
  const auto bytes = [](const Json& json, const char* name) {
    return std::stoll(json.at(name).get<std::string>());
  };
  const Json plain = told({});
  EXPECT_EQ(plain["repacked"], true);
  const Json in_place = told({"--no-repack"});
  EXPECT_EQ(in_place["repacked"], false);
  EXPECT_EQ(in_place["packed_bytes"], "0");
  EXPECT_EQ(in_place["mapped_bytes"], in_place["file_bytes"]);
  const Json four = told({"--sequences=4", "--context=16"});
  EXPECT_EQ(3 * bytes(four, "kv_cache_bytes"),
            4 * bytes(plain, "kv_cache_bytes"));
  EXPECT_GT(bytes(told({}, "--threads=3"), "scratch_bytes"),
            bytes(plain, "scratch_bytes"));
  EXPECT_LT(bytes(told({"--batch-tokens=1"}), "scratch_bytes"),
            bytes(plain, "scratch_bytes"));
  EXPECT_EQ(told({"--adapter=" + Path("a.adp1")})["adapter_bytes"], "128");
  EXPECT_THAT(Command({"preflight", Path("q.slm"), "--context=49"}).err,
              HasSubstr("q.slm: Invalid option: context_tokens is 49"));
  EXPECT_EQ(Command({"preflight", Path("a.adp1")}).exit_code, 2);
}

TEST_F(CommandsTest, InspectShowsAnAdapter) {
  const Ran run = Command({"inspect", Path("a.adp1"), "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json shown = *ParseJson(run.out, "adapter");
  EXPECT_EQ(shown["kind"], "adapter");
  EXPECT_EQ(shown["parent"]["model_digest"],
            Sha256(model_.text()).ToString());
  EXPECT_EQ(shown["format"], "ADP1");
  EXPECT_EQ(shown["payloads"][0]["kind"], "dense");
  EXPECT_EQ(shown["payloads"][0]["shape"], "32");
  EXPECT_EQ(shown["payloads"][0]["value_count"], "32");
}

TEST_F(CommandsTest, InspectShowsAdaptersOfEachFamily) {
  Write("a.asp1", TinySparseAdapter(model_.text(),
                                    {{"norm.weight", {1, 7, 9}, {1, 2, 3}}}));
  const Ran sparse = Command({"inspect", Path("a.asp1"), "--json"});
  ASSERT_EQ(sparse.exit_code, 0) << sparse.err;
  Json shown = *ParseJson(sparse.out, "adapter");
  EXPECT_EQ(shown["format"], "ASP1");
  EXPECT_EQ(shown["payloads"][0]["kind"], "sparse");
  EXPECT_EQ(shown["payloads"][0]["value_count"], "3");
  Write("a.alr1",
        TinyLowRankAdapter(model_.text(),
                           {{"layers.0.wk.weight", 2, 0.5f,
                             RandomValues(1, 2 * 32, 1),
                             RandomValues(2, 16 * 2, 1)}}));
  const Ran low_rank = Command({"inspect", Path("a.alr1"), "--json"});
  ASSERT_EQ(low_rank.exit_code, 0) << low_rank.err;
  shown = *ParseJson(low_rank.out, "adapter");
  EXPECT_EQ(shown["format"], "ALR1");
  EXPECT_EQ(shown["payloads"][0]["shape"], "16x32");
  EXPECT_EQ(shown["payloads"][0]["rank"], 2);
  EXPECT_EQ(shown["payloads"][0]["scale"], "0.5");
}

TEST_F(CommandsTest, InspectRefusesWhatItDoesNotKnow) {
  const Ran run = Command({"inspect", Path("s.json")});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("unknown kind of file"));
  EXPECT_EQ(Command({"inspect", Path("missing")}).exit_code, 2);
}

TEST_F(CommandsTest, InspectAsksOtherInspectorsFirst) {
  CommandLine command_line("pedigree", "A test");
  AddRuntimeCommands(command_line, {[](const std::string& path) {
                       return absl::StatusOr<std::optional<Json>>(
                           Json{{"shown", path}});
                     }});
  std::string path = Path("m.slm");
  std::string words[] = {"pedigree", "inspect", path};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data()};
  testing::internal::CaptureStdout();
  EXPECT_EQ(command_line.Run(3, argv), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            "shown: " + path + "\n");
}

}  // namespace
}  // namespace pedigree
