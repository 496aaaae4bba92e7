#include "packager/commands.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "packager/checkpoints/export.h"
#include "packager/records.pb.h"
#include "packager/testing.h"
#include "runtime/base/bytes.h"
#include "runtime/base/command_line.h"
#include "runtime/base/file.h"
#include "runtime/base/proto_json.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

struct Ran {
  int exit_code;
  std::string out;
  std::string err;
};

// Runs slm_pack in a folder of each test's own, which holds model.spec,
// adapter.spec and LICENSE.
class CommandsTest : public testing::Test {
 protected:
  CommandsTest() {
    const std::string test =
        testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = std::filesystem::path(testing::TempDir()) / test;
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Write("model.spec", kTestModelSpec);
    Write("adapter.spec", kTestAdapterSpec);
    Write("LICENSE", "Do as you like.\n");
  }

  std::string Path(const std::string& name) const { return folder_ / name; }

  void Write(const std::string& name, const std::string& contents) {
    ASSERT_TRUE(WriteFileAtomically(Path(name), contents).ok());
  }

  std::string Read(const std::string& name) const {
    const auto contents = ReadFile(Path(name));
    EXPECT_TRUE(contents.ok()) << contents.status();
    return contents.ok() ? *contents : "";
  }

  bool Exists(const std::string& name) const {
    return std::filesystem::exists(Path(name));
  }

  template <typename Record>
  Record ReadRecord(const std::string& name) const {
    Record record;
    EXPECT_TRUE(ParseCanonicalRecord(Read(name), name, &record).ok());
    return record;
  }

  Ran Run(std::vector<std::string> args) {
    CommandLine program("slm_pack", "Tests.");
    AddPackagerCommands(program);
    args.insert(args.begin(), "slm_pack");
    std::vector<char*> argv;
    for (std::string& arg : args) argv.push_back(arg.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Ran ran;
    ran.exit_code = program.Run(static_cast<int>(argv.size()), argv.data());
    ran.out = testing::internal::GetCapturedStdout();
    ran.err = testing::internal::GetCapturedStderr();
    return ran;
  }

  void Expect(int exit_code, const std::vector<std::string>& args) {
    const Ran ran = Run(args);
    EXPECT_EQ(ran.exit_code, exit_code) << ran.err;
  }

  // Makes parent.slm and digits.adapter with all that lies beside them.
  void MakeParentAndAdapter() {
    Expect(0,
           {"import", "--format=mock", Path("model.spec"), "--family=letters",
            "--license=MIT=" + Path("LICENSE"), "--out=" + Path("parent.slm")});
    Expect(0, {"adapter", "make", Path("adapter.spec"),
               "--parent=" + Path("parent.slm"), "--version=2",
               "--license=CC0-1.0=" + Path("LICENSE"),
               "--out=" + Path("digits.adapter")});
  }

  std::filesystem::path folder_;
};

TEST_F(CommandsTest, ImportWritesTheModelAndItsRecords) {
  MakeParentAndAdapter();
  EXPECT_EQ(Read("parent.slm"), TestModel());
  const auto manifest =
      ReadRecord<packager::ModelManifest>("parent.slm.manifest.json");
  EXPECT_EQ(manifest.name(), "parent");
  EXPECT_EQ(manifest.version(), "0.0.0");
  EXPECT_EQ(manifest.licenses(0).name(), "MIT");
  EXPECT_EQ(manifest.licenses(0).digest(), Sha256(Read("LICENSE")).ToString());
  const auto receipt = ReadRecord<packager::Receipt>("parent.slm.receipt.json");
  EXPECT_EQ(receipt.output().digest(), manifest.model_digest());
  const auto node =
      ReadRecord<packager::DerivationNode>("parent.slm.node.json");
  EXPECT_EQ(node.base_family(), "letters");
  EXPECT_EQ(node.model_digest(), manifest.model_digest());
}

// "scale=level ..." of a record.
template <typename Record>
std::string TermsText(const Record& record) {
  std::string text;
  for (const packager::Term& term : record.terms()) {
    absl::StrAppend(&text, text.empty() ? "" : " ", term.scale(), "=",
                    term.level());
  }
  return text;
}

TEST_F(CommandsTest, DescendantsInheritTheStrictestTerms) {
  Expect(0, {"import", Path("model.spec"), "--format=mock",
             "--restriction=personal_data=pseudonymised",
             "--restriction=confidentiality=internal",
             "--license=CC-BY-NC-4.0=" + Path("LICENSE"),
             "--out=" + Path("parent.slm")});
  Expect(0, {"adapter", "make", Path("adapter.spec"),
             "--parent=" + Path("parent.slm"),
             "--restriction=personal_data=personal",
             "--license=CC-BY-SA-4.0=" + Path("LICENSE"),
             "--out=" + Path("digits.adapter")});
  Expect(0, {"fuse", Path("parent.slm"), Path("digits.adapter"),
             "--restriction=confidentiality=public",
             "--out=" + Path("fused.slm")});
  const std::string inherited =
      "attribution=notice commercial_use=forbidden share_alike=same-licence "
      "confidentiality=internal personal_data=personal";
  EXPECT_EQ(TermsText(ReadRecord<packager::DerivationNode>(
                "fused.slm.node.json")),
            inherited);
  EXPECT_EQ(TermsText(ReadRecord<packager::ModelManifest>(
                "fused.slm.manifest.json")),
            inherited);
  EXPECT_EQ(TermsText(ReadRecord<packager::AdapterManifest>(
                "digits.adapter.manifest.json")),
            "attribution=notice share_alike=same-licence "
            "personal_data=personal");
}

TEST_F(CommandsTest, WhatForbidsDerivativesHasNone) {
  Expect(0, {"import", Path("model.spec"), "--format=mock",
             "--license=CC-BY-ND-4.0=" + Path("LICENSE"),
             "--out=" + Path("parent.slm")});
  const Ran by_license = Run({"quantize", Path("parent.slm"), "--dtype=q8_0",
                              "--out=" + Path("q8.slm")});
  EXPECT_EQ(by_license.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(
      by_license.err, "Derivatives are forbidden: licence CC-BY-ND-4.0"))
      << by_license.err;
  EXPECT_FALSE(Exists("q8.slm"));
  Expect(0, {"import", Path("model.spec"), "--format=mock",
             "--restriction=derivatives=forbidden",
             "--out=" + Path("parent.slm")});
  const Ran by_restriction = Run({"quantize", Path("parent.slm"),
                                  "--dtype=q8_0", "--out=" + Path("q8.slm")});
  EXPECT_EQ(by_restriction.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(by_restriction.err,
                                "Derivatives are forbidden: by a restriction"))
      << by_restriction.err;
}

TEST_F(CommandsTest, LicencesThatDontGoTogetherMakeNoDescendant) {
  Expect(0, {"import", Path("model.spec"), "--format=mock",
             "--license=GPL-2.0-only=" + Path("LICENSE"),
             "--out=" + Path("parent.slm")});
  Expect(0, {"adapter", "make", Path("adapter.spec"),
             "--parent=" + Path("parent.slm"),
             "--license=CC-BY-SA-4.0=" + Path("LICENSE"),
             "--out=" + Path("digits.adapter")});
  const Ran ran = Run({"fuse", Path("parent.slm"), Path("digits.adapter"),
                       "--out=" + Path("fused.slm")});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(ran.err, "Licences don't go together: "))
      << ran.err;
  EXPECT_FALSE(Exists("fused.slm"));
}

// The test model leaves as Hugging Face files and as GGUF, and comes back.
TEST_F(CommandsTest, ImportTakesOtherFormats) {
  const std::string model = TestModel();
  const SlmReader reader = *SlmReader::Parse(AsBytes(model));
  std::filesystem::create_directories(folder_ / "hf");
  for (const auto& [name, bytes] :
       ExportHf(reader, SourceEncoding::kF32, 2)) {
    Write("hf/" + name, bytes);
  }
  Write("model.gguf", ExportGguf(reader, SourceEncoding::kF32));
  const std::string tokenizer = "--tokenizer=" + Path("hf/tokenizer");
  Expect(0, {"import", "--format=hf", Path("hf"), tokenizer,
             "--out=" + Path("hf.slm")});
  Expect(0, {"import", "--format=gguf", Path("model.gguf"), tokenizer,
             "--dtype=source", "--out=" + Path("gguf.slm")});
  EXPECT_EQ(Read("hf.slm"), model);
  EXPECT_EQ(Read("gguf.slm"), model);
  const auto receipt = ReadRecord<packager::Receipt>("hf.slm.receipt.json");
  ASSERT_EQ(receipt.inputs_size(), 6);
  EXPECT_EQ(receipt.inputs(2).role(), "index");
  EXPECT_EQ(receipt.inputs(4).role(), "weights");
  EXPECT_EQ(receipt.output().digest(), Sha256(model).ToString());
  // Done again from the receipt, which names inputs by digest only.
  Expect(0, {"receipt", "verify", Path("hf.slm.receipt.json"),
             "--inputs=" + Path("hf")});
  std::filesystem::copy_file(Path("model.gguf"), Path("hf/model.gguf"));
  const Ran ran = Run({"receipt", "verify", Path("gguf.slm.receipt.json"),
                       "--inputs=" + Path("hf")});
  EXPECT_EQ(ran.out, absl::StrCat("receipt: GOOD (import ",
                                  Sha256(model).ToString(), ")\n"));
}

TEST_F(CommandsTest, AdapterMakeWritesAdapterManifestAndReceipt) {
  MakeParentAndAdapter();
  EXPECT_EQ(Read("digits.adapter"), TestAdapter(TestModel()));
  const auto manifest =
      ReadRecord<packager::AdapterManifest>("digits.adapter.manifest.json");
  EXPECT_EQ(manifest.name(), "digits");
  EXPECT_EQ(manifest.version(), "2");
  EXPECT_TRUE(Exists("digits.adapter.receipt.json"));
  EXPECT_FALSE(Exists("digits.adapter.node.json"));
}

TEST_F(CommandsTest, FuseQuantizeAndStackDescend) {
  MakeParentAndAdapter();
  Expect(0, {"fuse", Path("parent.slm"), Path("digits.adapter"),
             "--out=" + Path("fused.slm")});
  Expect(0, {"quantize", Path("fused.slm"), "--dtype=q8_0",
             "--out=" + Path("small.slm")});
  Expect(0, {"adapter", "stack", Path("parent.slm"), Path("digits.adapter"),
             "--out=" + Path("stacked")});
  const auto parent =
      ReadRecord<packager::DerivationNode>("parent.slm.node.json");
  const auto fused =
      ReadRecord<packager::DerivationNode>("fused.slm.node.json");
  const auto small =
      ReadRecord<packager::DerivationNode>("small.slm.node.json");
  const auto stacked =
      ReadRecord<packager::DerivationNode>("stacked.node.json");
  EXPECT_EQ(fused.parent_ids(0), parent.id());
  EXPECT_EQ(small.parent_ids(0), fused.id());
  EXPECT_EQ(stacked.parent_ids(0), parent.id());
  const std::string adapter = Sha256(Read("digits.adapter")).ToString();
  EXPECT_EQ(fused.fused_adapter_digests(0), adapter);
  EXPECT_EQ(fused.adapter_digests_size(), 0);
  EXPECT_EQ(stacked.adapter_digests(0), adapter);
  EXPECT_EQ(stacked.model_digest(), parent.model_digest());
  EXPECT_EQ(small.quantization(), "q8_0");
  EXPECT_EQ(small.base_family(), "letters");
  // An assembly has no file of its own.
  EXPECT_FALSE(Exists("stacked"));
}

TEST_F(CommandsTest, DescendantsInheritLicences) {
  MakeParentAndAdapter();
  Expect(0, {"adapter", "stack", Path("parent.slm"), Path("digits.adapter"),
             "--out=" + Path("stacked")});
  const auto manifest =
      ReadRecord<packager::ModelManifest>("stacked.manifest.json");
  ASSERT_EQ(manifest.licenses_size(), 2);
  EXPECT_EQ(manifest.licenses(0).name(), "CC0-1.0");  // the adapter's
  EXPECT_EQ(manifest.licenses(1).name(), "MIT");      // the parent's
}

TEST_F(CommandsTest, ReceiptVerifyRepeatsTheRun) {
  MakeParentAndAdapter();
  const Ran good = Run({"receipt", "verify", Path("parent.slm.receipt.json"),
                        "--inputs=" + folder_.string()});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_EQ(good.out, absl::StrCat("receipt: GOOD (import ",
                                   Sha256(TestModel()).ToString(), ")\n"));

  auto receipt = ReadRecord<packager::Receipt>("parent.slm.receipt.json");
  receipt.mutable_output()->set_digest(Sha256("other").ToString());
  Write("false.json", CanonicalRecord(receipt));
  const Ran bad = Run({"receipt", "verify", Path("false.json"),
                       "--inputs=" + folder_.string()});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_TRUE(absl::StartsWith(bad.out, "receipt: BAD (output: sha256:"))
      << bad.out;

  std::filesystem::remove(Path("model.spec"));
  Expect(2, {"receipt", "verify", Path("parent.slm.receipt.json"),
             "--inputs=" + folder_.string()});
}

TEST_F(CommandsTest, AdapterCheckTellsWhetherItFits) {
  MakeParentAndAdapter();
  const Ran fits = Run({"adapter", "check", Path("digits.adapter"),
                        "--model=" + Path("parent.slm")});
  EXPECT_EQ(fits.exit_code, 0) << fits.err;
  EXPECT_TRUE(absl::StrContains(fits.out, " fits model sha256:")) << fits.out;
  Expect(0, {"quantize", Path("parent.slm"), "--dtype=q8_0",
             "--out=" + Path("other.slm")});
  const Ran other = Run({"adapter", "check", Path("digits.adapter"),
                         "--model=" + Path("other.slm")});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(other.err, "digits.adapter")) << other.err;
  Expect(0, {"adapter", "check", Path("digits.adapter"),
             "--model=" + Path("other.slm"),
             "--adapter-receipt=" + Path("other.slm.receipt.json")});
  const Ran import = Run({"adapter", "check", Path("digits.adapter"),
                          "--model=" + Path("other.slm"),
                          "--adapter-receipt=" +
                              Path("parent.slm.receipt.json")});
  EXPECT_EQ(import.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(
      import.err, "parent.slm.receipt.json: Invalid receipt: operator is "
                  "\"import\" (expected \"quantize\")"))
      << import.err;
}

// A refusal: exit code 2, one line, nothing written.
class PackRefusalTest : public CommandsTest {
 protected:
  void ExpectRefusal(const std::vector<std::string>& args,
                     const std::string& phrase) {
    const Ran ran = Run(args);
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_TRUE(absl::StrContains(ran.err, phrase)) << ran.err;
    EXPECT_EQ(ran.err.find('\n'), ran.err.size() - 1) << ran.err;
    for (const char* name : {"new.slm", "new.slm.manifest.json",
                             "new.slm.receipt.json", "new.slm.node.json"}) {
      EXPECT_FALSE(Exists(name)) << name;
    }
  }

  std::string Out() const { return "--out=" + Path("new.slm"); }
};

TEST_F(PackRefusalTest, NamesABadSpec) {
  Write("bad.spec", "hidden_size: 64\nhiden: 3\n");
  ExpectRefusal({"import", "--format=mock", Path("bad.spec"), Out()},
                Path("bad.spec") + ": Invalid model spec: line 2 column");
}

TEST_F(PackRefusalTest, NamesAMissingTokenizer) {
  ExpectRefusal({"import", "--format=llama2c", Path("model.spec"), Out()},
                "Missing --tokenizer: format llama2c needs one");
}

TEST_F(PackRefusalTest, NamesATokenizerTooMany) {
  ExpectRefusal({"import", "--format=mock", Path("model.spec"),
                 "--tokenizer=" + Path("model.spec"), Out()},
                "Unexpected --tokenizer: format mock has its own");
}

TEST_F(PackRefusalTest, NamesAnUnknownFormat) {
  ExpectRefusal(
      {"import", "--format=onnx", Path("model.spec"), Out()},
      "Invalid --format: \"onnx\" (expected hf, gguf, llama2c or mock)");
}

TEST_F(PackRefusalTest, NamesTooManySources) {
  ExpectRefusal({"import", "--format=gguf", Path("model.spec"),
                 Path("LICENSE"), Out()},
                "Invalid source: 2 files (format gguf has one)");
}

TEST_F(PackRefusalTest, NamesWhatAFolderLacks) {
  ExpectRefusal({"import", "--format=hf", folder_.string(), Out()},
                "Missing input: no config.json in " + folder_.string());
}

TEST_F(PackRefusalTest, NamesABadCheckpoint) {
  Write("short.bin", "abc");
  ExpectRefusal({"import", "--format=llama2c", Path("short.bin"),
                 "--tokenizer=" + Path("short.bin"), Out()},
                Path("short.bin") + ": Corrupted llama2.c checkpoint: 3 bytes");
}

TEST_F(PackRefusalTest, NamesABadLicence) {
  ExpectRefusal(
      {"import", "--format=mock", Path("model.spec"), "--license=MIT", Out()},
      "Invalid --license: \"MIT\" (expected SPDX-ID=FILE)");
}

TEST_F(PackRefusalTest, NamesAModelThatIsNone) {
  ExpectRefusal({"quantize", Path("LICENSE"), "--dtype=q8_0",
                 "--parent-node=" + Path("LICENSE"), Out()},
                Path("LICENSE"));
}

TEST_F(PackRefusalTest, AsksForTheParentsNode) {
  MakeParentAndAdapter();
  std::filesystem::remove(Path("parent.slm.node.json"));
  ExpectRefusal({"quantize", Path("parent.slm"), "--dtype=q8_0", Out()},
                "parent.slm.node.json");
}

TEST_F(PackRefusalTest, RefusesTheNodeOfAnotherModel) {
  MakeParentAndAdapter();
  Expect(0, {"import", "--format=mock", Path("model.spec"), "--dtype=q8_0",
             "--out=" + Path("other.slm")});
  ExpectRefusal({"quantize", Path("parent.slm"), "--dtype=q4_0",
                 "--parent-node=" + Path("other.slm.node.json"), Out()},
                "Derivation node does not fit model: model digest sha256:");
}

TEST_F(PackRefusalTest, RefusesTheManifestOfAnotherAdapter) {
  MakeParentAndAdapter();
  auto manifest =
      ReadRecord<packager::AdapterManifest>("digits.adapter.manifest.json");
  manifest.set_adapter_digest(Sha256("other").ToString());
  Write("other.json", CanonicalRecord(manifest));
  ExpectRefusal({"fuse", Path("parent.slm"), Path("digits.adapter"),
                 "--adapter-manifest=" + Path("other.json"), Out()},
                "Adapter manifest does not fit adapter 0: digest sha256:");
}

TEST_F(PackRefusalTest, RefusesAnAdapterForAnotherModel) {
  MakeParentAndAdapter();
  Expect(0, {"quantize", Path("parent.slm"), "--dtype=q8_0",
             "--out=" + Path("other.slm")});
  ExpectRefusal({"fuse", Path("other.slm"), Path("digits.adapter"), Out()},
                "digits.adapter: ");
}

// A safetensors file of two f32 tensors.
std::string TwoTensors(const std::string& a, const std::string& a_shape,
                       const std::string& b, const std::string& b_shape,
                       size_t count) {
  const std::string header = absl::StrCat(
      "{\"", a, "\":{\"dtype\":\"F32\",\"shape\":", a_shape,
      ",\"data_offsets\":[0,", 4 * count, "]},\"", b,
      "\":{\"dtype\":\"F32\",\"shape\":", b_shape, ",\"data_offsets\":[",
      4 * count, ",", 8 * count, "]}}");
  std::string file;
  AppendLittleEndian(static_cast<uint64_t>(header.size()), file);
  file += header;
  for (size_t i = 0; i < 2 * count; ++i) {
    AppendLittleEndian(static_cast<float>(i % 7) / 64, file);
  }
  return file;
}

TEST_F(CommandsTest, AdapterImportTakesAPeftFolder) {
  MakeParentAndAdapter();
  std::filesystem::create_directories(Path("peft"));
  Write("peft/adapter_config.json",
        R"({"peft_type": "LORA", "r": 2, "lora_alpha": 4})");
  Write("peft/adapter_model.safetensors",
        TwoTensors("base_model.model.lm_head.lora_A.weight", "[2,64]",
                   "base_model.model.lm_head.lora_B.weight", "[64,2]", 128));
  const Ran refused = Run({"adapter", "import", "--format=peft", Path("peft"),
                           "--parent=" + Path("parent.slm"),
                           "--out=" + Path("peft.adapter")});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(refused.err, "give the receipt of its import"))
      << refused.err;
  Write("peft/adapter_model.safetensors",
        TwoTensors(
            "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
            "[2,64]",
            "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight",
            "[64,2]", 128));
  Expect(0, {"adapter", "import", "--format=peft", Path("peft"),
             "--parent=" + Path("parent.slm"),
             "--import-receipt=" + Path("parent.slm.receipt.json"),
             "--out=" + Path("peft.adapter")});
  EXPECT_EQ(Read("peft.adapter").substr(0, 4), "ALR1");
  const std::string from_folder = Read("peft.adapter");
  Expect(0, {"adapter", "import", "--format=peft",
             Path("peft/adapter_model.safetensors"),
             Path("peft/adapter_config.json"),
             "--parent=" + Path("parent.slm"),
             "--import-receipt=" + Path("parent.slm.receipt.json"),
             "--out=" + Path("peft.adapter")});
  EXPECT_EQ(Read("peft.adapter"), from_folder);
  const Ran missing = Run({"adapter", "import", "--format=peft",
                           Path("peft/adapter_config.json"),
                           "--parent=" + Path("parent.slm"),
                           "--out=" + Path("other.adapter")});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(
      missing.err,
      "Missing input: no adapter_model.safetensors among the sources"))
      << missing.err;
  Expect(0, {"adapter", "check", Path("peft.adapter"),
             "--model=" + Path("parent.slm")});
  std::filesystem::copy(Path("peft"), folder_);
  const Ran verified =
      Run({"receipt", "verify", Path("peft.adapter.receipt.json"),
           "--inputs=" + folder_.string()});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
}

TEST_F(CommandsTest, MergeDescendsFromAllItsModels) {
  MakeParentAndAdapter();
  Expect(0, {"fuse", Path("parent.slm"), Path("digits.adapter"),
             "--out=" + Path("fused.slm")});
  std::filesystem::create_directories(Path("recipes"));
  Write("recipes/half.textproto", R"pb(
          schema_version: "pedigree.merge_recipe.v1"
          method: "task_arithmetic"
          base: "parent"
          models { model: "../fused.slm" weight: "0.5" }
        )pb");
  Expect(0, {"merge", Path("recipes/half.textproto"),
             "--model=parent=" + Path("parent.slm"),
             "--license=CC0-1.0=" + Path("LICENSE"),
             "--out=" + Path("merged.slm")});
  const auto parent =
      ReadRecord<packager::DerivationNode>("parent.slm.node.json");
  const auto fused =
      ReadRecord<packager::DerivationNode>("fused.slm.node.json");
  const auto merged =
      ReadRecord<packager::DerivationNode>("merged.slm.node.json");
  ASSERT_EQ(merged.parent_ids_size(), 2);
  EXPECT_EQ(merged.parent_ids(0), parent.id());
  EXPECT_EQ(merged.parent_ids(1), fused.id());
  EXPECT_EQ(merged.operator_(), "merge");
  EXPECT_EQ(merged.base_family(), "letters");
  EXPECT_EQ(merged.licenses_size(), 2);
  const Ran verified =
      Run({"receipt", "verify", Path("merged.slm.receipt.json"),
           "--inputs=" + folder_.string()});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_TRUE(absl::StartsWith(verified.out, "receipt: GOOD (merge sha256:"));
}

TEST_F(CommandsTest, MergeRefusesAnotherFamily) {
  MakeParentAndAdapter();
  Expect(0, {"import", "--format=mock", Path("model.spec"), "--family=digits",
             "--out=" + Path("stranger.slm")});
  Write("soup.textproto", R"pb(
          schema_version: "pedigree.merge_recipe.v1"
          method: "soup"
          models { model: "parent.slm" }
          models { model: "stranger.slm" }
        )pb");
  const Ran ran = Run({"merge", Path("soup.textproto"),
                       "--out=" + Path("merged.slm")});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(
      ran.err,
      "Parents are of different families: \"letters\", \"digits\""))
      << ran.err;
  EXPECT_FALSE(Exists("merged.slm"));
}

TEST_F(CommandsTest, MergeRefusesAModelThatTheRecipeLacks) {
  MakeParentAndAdapter();
  Write("soup.textproto", R"pb(
          schema_version: "pedigree.merge_recipe.v1"
          method: "soup"
          models { model: "parent.slm" }
          models { model: "parent.slm" }
        )pb");
  const Ran ran = Run({"merge", Path("soup.textproto"), "--model=other=x.slm",
                       "--out=" + Path("merged.slm")});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(
      ran.err, "Invalid --model: the recipe has no \"other\""))
      << ran.err;
}

TEST_F(CommandsTest, AdapterDiffMakesAnAdapterThatLeadsToTheChild) {
  MakeParentAndAdapter();
  Expect(0, {"fuse", Path("parent.slm"), Path("digits.adapter"),
             "--out=" + Path("fused.slm")});
  for (const std::string family : {"ADP1", "ASP1"}) {
    const Ran ran = Run({"adapter", "diff", Path("parent.slm"),
                         Path("fused.slm"), "--family=" + family,
                         "--out=" + Path("diff.adapter")});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_TRUE(absl::StrContains(ran.out, "0 can't be reached exactly"))
        << ran.out;
    EXPECT_EQ(Read("diff.adapter").substr(0, 4), family);
    Expect(0, {"fuse", Path("parent.slm"), Path("diff.adapter"),
               "--out=" + Path("again.slm")});
    EXPECT_EQ(Read("again.slm"), Read("fused.slm"));
    const Ran verified =
        Run({"receipt", "verify", Path("diff.adapter.receipt.json"),
             "--inputs=" + folder_.string()});
    EXPECT_EQ(verified.exit_code, 0) << verified.err;
  }
}

constexpr char kTinyConfig[] = R"(
schema_version: "pedigree.training_config.v1"
shape { hidden_size: 16 layer_count: 1 head_count: 2 ffn_size: 16 max_context: 16 tied_output: true }
steps: 3
batch: 2
learning_rate: "0.01"
seed: 1
)";

constexpr char kTinyFactors[] = R"(
schema_version: "pedigree.training_config.v1"
factors { rank: 2 alpha: "4" targets: "wq" }
steps: 2
batch: 2
learning_rate: "0.01"
seed: 1
)";

class TrainCommandsTest : public CommandsTest {
 protected:
  TrainCommandsTest() {
    Write("tiny.textproto", kTinyConfig);
    Write("factors.textproto", kTinyFactors);
    Write("data.jsonl",
          "{\"prompt\":\"1+1=\",\"answer\":\"2\"}\n{\"text\":\"abcabc\"}\n");
  }

  // Trains tiny.textproto on data.jsonl to `out`, with more arguments.
  Ran Train(const std::string& out, const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {
        "train", Path("tiny.textproto"), "--data=" + Path("data.jsonl"),
        "--name=tiny", "--out=" + Path(out)};
    args.insert(args.end(), more.begin(), more.end());
    return Run(args);
  }

  // That `ran` was refused with `message`, and wrote no file named `out`.
  void ExpectRefused(const Ran& ran, const std::string& message,
                     const std::string& out) {
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_TRUE(absl::StrContains(ran.err, message)) << ran.err;
    EXPECT_FALSE(Exists(out));
    EXPECT_FALSE(Exists(out + ".receipt.json"));
  }
};

TEST_F(TrainCommandsTest, TrainWritesTheModelAndItsRecords) {
  ASSERT_EQ(Train("tiny.slm", {"--family=sums", "--threads=1"}).exit_code, 0);
  const auto receipt = ReadRecord<packager::Receipt>("tiny.slm.receipt.json");
  EXPECT_EQ(receipt.operator_(), "train");
  EXPECT_EQ(receipt.inputs(0).role(), "data");
  EXPECT_EQ(receipt.output().digest(), Sha256(Read("tiny.slm")).ToString());
  EXPECT_EQ(receipt.training().texts(), 2);
  const auto node =
      ReadRecord<packager::DerivationNode>("tiny.slm.node.json");
  EXPECT_EQ(node.base_family(), "sums");
  EXPECT_EQ(node.parent_ids_size(), 0);
}

TEST_F(TrainCommandsTest, TokenizerTrainWritesTheSectionThatTrainReads) {
  Expect(0, {"tokenizer", "train", "--data=" + Path("data.jsonl"),
             "--vocab-size=261", "--out=" + Path("words.tok")});
  ASSERT_EQ(Train("tiny.slm", {"--tokenizer=" + Path("words.tok")}).exit_code,
            0);
  const auto receipt = ReadRecord<packager::Receipt>("tiny.slm.receipt.json");
  EXPECT_EQ(receipt.inputs(0).digest(), Sha256(Read("words.tok")).ToString());
}

TEST_F(TrainCommandsTest, AdapterTrainWritesAnAdapterOfItsParent) {
  ASSERT_EQ(Train("tiny.slm").exit_code, 0);
  Expect(0, {"adapter", "train", Path("factors.textproto"),
             "--parent=" + Path("tiny.slm"), "--data=" + Path("data.jsonl"),
             "--out=" + Path("more.adapter")});
  const auto manifest = ReadRecord<packager::AdapterManifest>(
      "more.adapter.manifest.json");
  EXPECT_EQ(manifest.parent().model_digest(),
            Sha256(Read("tiny.slm")).ToString());
}

TEST_F(TrainCommandsTest, TakesAKeptResultAsIfItHadBeenTrained) {
  ASSERT_EQ(Train("tiny.slm").exit_code, 0);
  ASSERT_EQ(Train("again.slm", {"--kept=" + Path("tiny.slm")}).exit_code, 0);
  for (const std::string suffix :
       {"", ".manifest.json", ".receipt.json", ".node.json"}) {
    EXPECT_EQ(Read("again.slm" + suffix), Read("tiny.slm" + suffix)) << suffix;
  }
}

TEST_F(TrainCommandsTest, RefusesAKeptResultOfAnotherConfig) {
  ASSERT_EQ(Train("tiny.slm").exit_code, 0);
  Write("tiny.textproto", absl::StrCat(kTinyConfig, "warmup_steps: 1\n"));
  ExpectRefused(Train("again.slm", {"--kept=" + Path("tiny.slm")}),
                "tiny.slm: Stale kept result: config_digest: ", "again.slm");
}

TEST_F(TrainCommandsTest, RefusesAKeptResultOfOtherTexts) {
  ASSERT_EQ(Train("tiny.slm").exit_code, 0);
  Write("data.jsonl", "{\"text\":\"abcabd\"}\n");
  ExpectRefused(Train("again.slm", {"--kept=" + Path("tiny.slm")}),
                "Stale kept result: ", "again.slm");
}

TEST_F(TrainCommandsTest, RefusesAKeptFileThatItsReceiptDoesNotName) {
  ASSERT_EQ(Train("tiny.slm").exit_code, 0);
  std::string bytes = Read("tiny.slm");
  bytes.back() ^= 1;
  Write("tiny.slm", bytes);
  ExpectRefused(Train("again.slm", {"--kept=" + Path("tiny.slm")}),
                "Stale kept result: output: sha256:", "again.slm");
}

TEST_F(TrainCommandsTest, RefusesAKeptFileWithoutReceipt) {
  ASSERT_EQ(Train("tiny.slm").exit_code, 0);
  std::filesystem::remove(Path("tiny.slm.receipt.json"));
  ExpectRefused(Train("again.slm", {"--kept=" + Path("tiny.slm")}),
                "tiny.slm.receipt.json", "again.slm");
}

TEST_F(TrainCommandsTest, RefusesTextsThatCannotBeLearned) {
  Write("data.jsonl", "\n");
  ExpectRefused(Train("tiny.slm"), "data", "tiny.slm");
  Write("data.jsonl", "{\"text\":\"longer than sixteen bytes\"}\n");
  ExpectRefused(Train("tiny.slm"), "data.jsonl", "tiny.slm");
}

}  // namespace
}  // namespace pedigree
