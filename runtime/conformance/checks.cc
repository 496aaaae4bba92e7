#include "runtime/conformance/checks.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/base/status_macros.h"
#include "runtime/conformance/generations.h"
#include "runtime/conformance/kernel_cases.h"
#include "runtime/kernels/target.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

CheckResult Result(std::string_view what, const KernelReport& report) {
  return {absl::StrCat(what, ": ", report.cases, " cases, ",
                       report.reference.ToString()),
          report.difference};
}

CheckResult Result(std::string_view what, const GenerationReport& report) {
  return {absl::StrCat(what, ": ", report.positions, " x ", report.vocab_size,
                       " logits, ", report.reference.ToString()),
          report.difference};
}

ByteSpan Bytes(const AlignedBytes& file) {
  return {reinterpret_cast<const uint8_t*>(file.text().data()),
          file.text().size()};
}

}  // namespace

size_t CheckCount() {
  return 2 * KernelNames().size() + RandomModelNames().size();
}

absl::StatusOr<CheckResult> RunCheck(size_t index, size_t cases,
                                     absl::Span<const Target> targets,
                                     ThreadPool& pool) {
  const size_t kernels = KernelNames().size();
  if (index < kernels) {
    return Result(absl::StrCat("drawn, ", KernelNames()[index]),
                  RunKernelCases(index, cases, targets, pool));
  }
  index -= kernels;
  if (index < kernels) {
    return Result(absl::StrCat("product, ", KernelNames()[index]),
                  RunKernelProduct(index, ProductShapes(cases), targets, pool));
  }
  index -= kernels;
  const AlignedBytes file(RandomModel(index));
  PEDIGREE_ASSIGN_OR_RETURN(const GenerationReport report,
                            RunGenerations(Bytes(file), "", targets, pool));
  return Result(absl::StrCat("random model, ", RandomModelNames()[index]),
                report);
}

absl::StatusOr<CheckResult> CheckModel(ByteSpan model_file,
                                       absl::Span<const Target> targets,
                                       ThreadPool& pool) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const GenerationReport report,
      RunGenerations(model_file, "Once upon a time", targets, pool));
  return Result("model", report);
}

}  // namespace pedigree
