#include "packager/checkpoints/hf_files.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

class HfFilesTest : public testing::Test {
 protected:
  HfFilesTest()
      : folder_(fs::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    for (const char* name :
         {"config.json", "tokenizer.json", "README.md", "pytorch_model.bin"}) {
      Write(name, "{}");
    }
  }

  void Write(const std::string& name, const std::string& contents) {
    ASSERT_TRUE(WriteFileAtomically(Path(name), contents).ok());
  }
  std::string Path(const std::string& name) const {
    return (folder_ / name).string();
  }

  // Roles and names of what is found.
  std::vector<std::pair<std::string, std::string>> Find(
      const std::vector<std::string>& sources,
      const std::string& tokenizer = "") {
    const auto found = FindHfFiles(sources, tokenizer);
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::pair<std::string, std::string>> names;
    if (!found.ok()) return names;
    for (const CheckpointFile& file : *found) {
      names.emplace_back(file.role, fs::path(file.path).filename().string());
    }
    return names;
  }

  const fs::path folder_;
};

using Names = std::vector<std::pair<std::string, std::string>>;

TEST_F(HfFilesTest, PrefersTheSingleFile) {
  Write("model.safetensors", "");
  Write("consolidated.safetensors", "");
  Write("generation_config.json", "{}");
  Write("tokenizer_config.json", "{}");
  EXPECT_EQ(Find({folder_.string()}),
            (Names{{"config", "config.json"},
                   {"generation_config", "generation_config.json"},
                   {"weights", "model.safetensors"},
                   {"tokenizer", "tokenizer.json"},
                   {"tokenizer_config", "tokenizer_config.json"}}));
}

TEST_F(HfFilesTest, FollowsTheIndex) {
  Write("model.safetensors.index.json",
        R"({"weight_map": {"x": "b.safetensors", "y": "a.safetensors",
                           "z": "b.safetensors"}})");
  for (const char* name :
       {"a.safetensors", "b.safetensors", "c.safetensors"}) {
    Write(name, "");
  }
  EXPECT_EQ(Find({folder_.string()}, Path("README.md")),
            (Names{{"config", "config.json"},
                   {"index", "model.safetensors.index.json"},
                   {"weights", "a.safetensors"},
                   {"weights", "b.safetensors"},
                   {"tokenizer", "README.md"}}));
}

TEST_F(HfFilesTest, TakesFilesInsteadOfAFolder) {
  Write("x.safetensors", "");
  EXPECT_EQ(Find({Path("tokenizer.json"), Path("x.safetensors"),
                  Path("config.json")}),
            (Names{{"config", "config.json"},
                   {"weights", "x.safetensors"},
                   {"tokenizer", "tokenizer.json"}}));
}

TEST_F(HfFilesTest, NamesWhatIsMissing) {
  const std::string folder = folder_.string();
  EXPECT_EQ(FindHfFiles({folder}, "").status().message(),
            "Missing input: no *.safetensors in " + folder);
  Write("model.safetensors.index.json",
        R"({"weight_map": {"x": "b.safetensors"}})");
  EXPECT_EQ(FindHfFiles({folder}, "").status().message(),
            "Missing input: no b.safetensors in " + folder);
  Write("b.safetensors", "");
  fs::remove(Path("tokenizer.json"));
  EXPECT_EQ(FindHfFiles({folder}, "").status().message(),
            "Missing input: no tokenizer.json in " + folder);
  fs::remove(Path("config.json"));
  EXPECT_EQ(FindHfFiles({folder}, "").status().message(),
            "Missing input: no config.json in " + folder);
  EXPECT_EQ(FindHfFiles({Path("absent")}, "").status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(HfFilesTest, NamesABadIndex) {
  Write("model.safetensors.index.json", "{");
  EXPECT_EQ(FindHfFiles({folder_.string()}, "").status().message(),
            Path("model.safetensors.index.json") +
                ": Invalid index: not JSON at byte 2");
}

TEST_F(HfFilesTest, RefusesTwoFilesOfOneName) {
  EXPECT_EQ(FindHfFiles({"a/config.json", "b/config.json"}, "")
                .status()
                .message(),
            "Invalid checkpoint: b/config.json and a/config.json have the same "
            "name");
}

}  // namespace
}  // namespace pedigree
