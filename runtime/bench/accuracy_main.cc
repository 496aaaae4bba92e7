// accuracy [--stride=N] [MODEL...]
//
// Prints how far the runtime's arithmetic is from the exact one: ExpF over every
// float, Sin and Cos over every position below 2^20, the logits of random models.
// --stride: every N-th float and position only, default 1 (some minutes). With
// models, prints the errors of their logits only, over a story each tells.

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/bench/accuracy.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

void Print(const char* what, const UlpError& error) {
  std::printf("%-12s %11llu inputs, at most %.4f ulp (at %.9g)\n", what,
              static_cast<unsigned long long>(error.inputs), error.largest,
              error.at);
  std::fflush(stdout);
}

absl::Status PrintLogits(const std::string& what, ByteSpan file,
                         std::string_view prompt) {
  PEDIGREE_ASSIGN_OR_RETURN(const LogitError error,
                            LogitErrors(file, prompt));
  std::printf("%-34s %3llu positions: at most %.2e, rms %.2e, %llu same "
              "choices\n",
              what.c_str(), static_cast<unsigned long long>(error.positions),
              error.largest, error.rms,
              static_cast<unsigned long long>(error.same_choice));
  std::fflush(stdout);
  return absl::OkStatus();
}

absl::Status MeasureFile(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
  return AnnotateWithPath(
      PrintLogits(path.substr(path.rfind('/') + 1), file.bytes(),
                  "Once upon a time"),
      path);
}

absl::Status Measure(uint32_t stride) {
  Print("ExpF (f32)", ExpFError(stride));
  for (Target target : SupportedTargets()) {
    std::printf("exponential of %s: %llu bits differ\n",
                std::string(TargetName(target)).c_str(),
                static_cast<unsigned long long>(
                    ExponentialDifferences(*FindKernels(target), stride)));
    std::fflush(stdout);
  }
  Print("Exp (f64)", ExpError(10000000 / stride));
  const RopeError rope = RopeErrors(stride);
  Print("Sin (f64)", rope.sine);
  Print("Cos (f64)", rope.cosine);
  std::printf("Sin and Cos: at most %.3e absolute\n", rope.largest_absolute);
  Print("RoPE (f32)", rope.table);
  std::printf("RoPE table against exact angles: at most %.3e absolute\n",
              rope.largest_table_absolute);
  for (int i = 0; i < AccuracyModelCount(); ++i) {
    const AccuracyModel model = MakeAccuracyModel(i);
    const AlignedBytes file(model.file);
    PEDIGREE_RETURN_IF_ERROR(
        PrintLogits(absl::StrCat(model.name, ", ", model.type),
                    AsBytes(file.text()), ""));
  }
  return absl::OkStatus();
}

absl::Status Run(int argc, char** argv) {
  uint32_t stride = 1;
  std::vector<std::string> models;
  for (int i = 1; i < argc; ++i) {
    std::string_view text = argv[i];
    if (absl::ConsumePrefix(&text, "--stride=")) {
      if (!absl::SimpleAtoi(text, &stride) || stride == 0) {
        return absl::InvalidArgumentError("Invalid --stride");
      }
    } else if (absl::StartsWith(text, "--")) {
      return absl::InvalidArgumentError(
          "usage: accuracy [--stride=N] [MODEL...]");
    } else {
      models.emplace_back(text);
    }
  }
  if (models.empty()) return Measure(stride);
  for (const std::string& model : models) {
    PEDIGREE_RETURN_IF_ERROR(MeasureFile(model));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) {
  const absl::Status status = pedigree::Run(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return 2;
}
