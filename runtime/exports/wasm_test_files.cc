// Writes the models, adapters and the suite of wasm_test into a folder:
// wasm_test_files FOLDER.

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/file.h"
#include "runtime/format/slm_format.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

constexpr std::string_view kSuite = R"({
  "schema_version": "pedigree.suite.v1",
  "name": "wasm-test",
  "version": "1",
  "cases": [
    {"id": "hello", "prompt": "hello", "expected": "x", "max_new_tokens": 24},
    {"id": "empty", "prompt": "", "expected": "", "max_new_tokens": 24},
    {"id": "accents", "prompt": "d\u00e9j\u00e0 vu \u2603", "expected": "x",
     "max_new_tokens": 24},
    {"id": "long", "prompt": "a prompt of some forty bytes in the context",
     "expected": "x", "max_new_tokens": 24},
    {"id": "too-long", "prompt":
     "a prompt that is longer than the context of the models of this test",
     "expected": "x", "max_new_tokens": 24},
    {"id": "stop", "prompt": "hello", "expected": "x", "max_new_tokens": 40,
     "stop": ["a", "e"], "scorer": "contains"},
    {"id": "choice", "prompt": "hello", "expected": " there",
     "choices": [" you", " there", "!"], "scorer": "choice"},
    {"id": "longer", "prompt": "", "expected": "a longer one",
     "choices": ["it", "a longer one"], "scorer": "choice-normalized"},
    {"id": "text", "prompt":
     "a text that is longer than the context of the models of this test",
     "expected": "9", "scorer": "bits-per-byte"}
  ]
}
)";

struct Kind {
  std::string_view name;
  DType dtype;
  uint32_t block_size;
};

constexpr Kind kKinds[] = {
    {"f32", DType::kF32, 0},
    {"q8_0", DType::kQ8_0, 0},
    {"q8_0_block", DType::kQ8_0, 32},
    {"q4_0", DType::kQ4_0, 32},
};

absl::Status WriteKind(const Kind& kind, const std::string& folder) {
  TinyModelOptions options;
  options.dtype = kind.dtype;
  options.block_size = kind.block_size;
  const std::string model = TinyModel(options);
  const std::string path = absl::StrCat(folder, "/", kind.name);
  const std::pair<std::string_view, std::string> files[] = {
      {".slm", model},
      {".adp1",
       TinyAdapter(model, {{"layers.1.w2.weight", RandomValues(5, 2048, 0.5f)},
                           {"norm.weight", RandomValues(6, 32, 1)}})},
      {".asp1",
       TinySparseAdapter(model, {{"layers.0.wv.weight",
                                  {0, 3, 77, 300, 511},
                                  RandomValues(7, 5, 2)}})},
      {".alr1",
       TinyLowRankAdapter(
           model,
           {{"tok_embeddings.weight", 3, 0.5f, RandomValues(8, 3 * 32, 1),
             RandomValues(9, 260 * 3, 1)},
            {"layers.1.w2.weight", 17, 0.25f, RandomValues(10, 17 * 64, 1),
             RandomValues(11, 32 * 17, 1)}})},
  };
  for (const auto& [extension, bytes] : files) {
    const absl::Status status =
        WriteFileAtomically(absl::StrCat(path, extension), bytes);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Models whose weights take more than what they run in, of which scratch and KV
// cache take about half each: one with matrices of whole tiles but for its output,
// one with none.
absl::Status WriteRoom(const std::string& folder) {
  TinyModelOptions options;
  options.dtype = DType::kQ8_0;
  options.hidden_size = 512;
  options.layer_count = 2;
  options.head_count = 8;
  options.kv_head_count = 8;
  options.head_dim = 64;
  options.ffn_size = 2048;
  options.max_context = 256;
  const absl::Status status =
      WriteFileAtomically(folder + "/tiles.slm", TinyModel(options));
  if (!status.ok()) return status;
  options.hidden_size = 520;
  return WriteFileAtomically(folder + "/room.slm", TinyModel(options));
}

absl::Status WriteAll(const std::string& folder) {
  for (const Kind& kind : kKinds) {
    const absl::Status status = WriteKind(kind, folder);
    if (!status.ok()) return status;
  }
  if (const absl::Status status = WriteRoom(folder); !status.ok()) {
    return status;
  }
  return WriteFileAtomically(folder + "/suite.json", kSuite);
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: wasm_test_files FOLDER\n");
    return 2;
  }
  const absl::Status status = pedigree::WriteAll(argv[1]);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    return 2;
  }
  return 0;
}
