#include "runtime/bench/machine.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/kernels/kernels.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

constexpr size_t kWords = 16;
typedef uint64_t Words __attribute__((ext_vector_type(kWords)));

void AddWords(const uint8_t* from, Words& sum) {
  Words words;
  std::memcpy(&words, from, sizeof(words));
  sum += words;
}

// The sum of [begin, end), whole Words, read at kStreams places side by side.
template <size_t kStreams>
uint64_t Sum(const uint8_t* begin, const uint8_t* end) {
  const size_t words = static_cast<size_t>(end - begin) / sizeof(Words);
  const size_t apart = words / kStreams * sizeof(Words);
  Words sum = 0;
  for (size_t i = 0; i < apart; i += sizeof(Words)) {
    for (size_t stream = 0; stream < kStreams; ++stream) {
      AddWords(begin + stream * apart + i, sum);
    }
  }
  for (begin += kStreams * apart; begin < end; begin += sizeof(Words)) {
    AddWords(begin, sum);
  }
  return __builtin_reduce_add(sum);
}

// So that no loop is found to be of no use.
template <typename T>
void Keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// A file that has no size before it is read.
absl::StatusOr<std::string> ReadPseudoFile(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (file.good()) return text.str();
  return absl::NotFoundError(absl::StrCat(path, " cannot be read"));
}

// The field of a line "NAME  N kB", in bytes.
absl::StatusOr<uint64_t> KibField(std::string_view text,
                                  std::string_view name) {
  const size_t begin = text.find(name);
  uint64_t kib = 0;
  if (begin != std::string_view::npos) {
    text = text.substr(begin + name.size());
    text = text.substr(0, text.find(" kB"));
    if (absl::SimpleAtoi(text, &kib)) return kib * 1024;
  }
  return absl::InternalError(
      absl::StrCat("/proc/self/status has no ", name));
}

}  // namespace

absl::StatusOr<ResidentBytes> ReadResidentBytes() {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string status,
                            ReadPseudoFile("/proc/self/status"));
  ResidentBytes bytes;
  PEDIGREE_ASSIGN_OR_RETURN(bytes.now, KibField(status, "VmRSS:"));
  PEDIGREE_ASSIGN_OR_RETURN(bytes.peak, KibField(status, "VmHWM:"));
  return bytes;
}

absl::Status ResetPeakResident() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  if (file.good()) return absl::OkStatus();
  return absl::InternalError("/proc/self/clear_refs cannot be written");
}

double SteadySeconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

absl::StatusOr<BandwidthProbe> BandwidthProbe::Create() {
  PEDIGREE_ASSIGN_OR_RETURN(AlignedBuffer buffer,
                            AlignedBuffer::Allocate(kBytes, "memory to read"));
  return BandwidthProbe(std::move(buffer));
}

BandwidthProbe::BandwidthProbe(AlignedBuffer buffer)
    : buffer_(std::move(buffer)) {
  // Not zeros only: a system may map those all to one page.
  std::memset(buffer_.data(), 1, buffer_.size());
}

double BandwidthProbe::Measure(ThreadPool& pool, int threads) {
  std::vector<uint64_t> sums(static_cast<size_t>(threads));
  const auto pass = [&](auto sum) {
    pool.Run(threads, [&](int thread) {
      const Range part =
          SplitRange(buffer_.size(), sizeof(Words), thread, threads);
      sums[static_cast<size_t>(thread)] =
          sum(buffer_.data() + part.begin, buffer_.data() + part.end);
    });
    Keep(sums.data());
  };
  pass(Sum<1>);
  double best = 0;
  for (const auto sum : {Sum<1>, Sum<4>}) {
    const double start = SteadySeconds();
    pass(sum);
    best = std::max(best,
                    static_cast<double>(kBytes) / (SteadySeconds() - start));
  }
  return best;
}

double Int8Peak(const Kernels& kernels, ThreadPool& pool, int threads) {
  constexpr size_t kIterations = 2000000;
  std::vector<uint64_t> products(static_cast<size_t>(threads));
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    const double start = SteadySeconds();
    pool.Run(threads, [&](int thread) {
      products[static_cast<size_t>(thread)] =
          kernels.multiply_in_registers(kIterations);
    });
    const double seconds = SteadySeconds() - start;
    uint64_t total = 0;
    for (uint64_t count : products) total += count;
    best = std::max(best, static_cast<double>(total) / seconds);
  }
  return best;
}

}  // namespace pedigree
