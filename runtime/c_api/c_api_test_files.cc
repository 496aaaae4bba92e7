// Writes the models and adapters of c_api_test into a folder:
// c_api_test_files FOLDER.

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/file.h"
#include "runtime/format/slm_format.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

// A copy of `model` whose tokenizer section has no magic.
std::string WithoutTokenizer(std::string model) {
  const uint64_t offset = LoadLittleEndian<uint64_t>(
      reinterpret_cast<const uint8_t*>(model.data()) + 64);
  model[offset] = 'X';
  StoreLittleEndian(FileChecksum(AsBytes(model), kSlmChecksumOffset),
                    reinterpret_cast<uint8_t*>(&model[kSlmChecksumOffset]));
  return model;
}

absl::Status WriteAll(const std::string& folder) {
  TinyModelOptions options;
  options.dtype = DType::kQ8_0;
  const std::string model = TinyModel(options);
  TinyModelOptions huge;
  huge.weight_range = 1e30f;
  TinyModelOptions long_context;
  long_context.max_context = 4000000000u;
  const std::pair<std::string_view, std::string> files[] = {
      {"model.slm", model},
      {"overflow.slm", TinyModel(huge)},
      {"long_context.slm", TinyModel(long_context)},
      {"no_tokenizer.slm", WithoutTokenizer(model)},
      {"model.adp1",
       TinyAdapter(model, {{"norm.weight", RandomValues(6, 32, 2)}})},
      // Sums that leave the range of f32.
      {"overflow.asp1",
       TinySparseAdapter(model, {{"norm.weight", {0, 1}, {3e38f, 3e38f}}})},
      {"overflow_more.asp1",
       TinySparseAdapter(model, {{"norm.weight", {0, 2}, {3e38f, 3e38f}}})},
      {"other.adp1",
       TinyAdapter(TinyModel(huge), {{"norm.weight", RandomValues(6, 32, 2)}})},
  };
  for (const auto& [name, bytes] : files) {
    const absl::Status status =
        WriteFileAtomically(absl::StrCat(folder, "/", name), bytes);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: c_api_test_files FOLDER\n");
    return 2;
  }
  const absl::Status status = pedigree::WriteAll(argv[1]);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    return 2;
  }
  return 0;
}
