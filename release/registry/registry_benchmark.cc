// How the work of a registry grows with the packets in it: synthetic packets of
// a few kilobytes, so that what is measured is the registry and not hashing.
// Prints, at 10, 100 and 1,000 packets, the time of one more add, of one
// promotion, of reading the lineage, of the page, of a revocation that reaches
// everything, of verification and of `reindex`: by the clock, and in a line
// below the processor's, which others on the machine disturb less. The last two
// lines are how many times as much the last tenfold growth cost. Every tenth
// packet is champion by two signed approvals.
//
//   registry_benchmark DIR
//
// Adds and promotions are medians of the last ten, the others the best of
// three. `files` counts what packets hold, which verification reads: a packet
// holds a node of each of its ancestors, so they grow a little faster than
// packets. `ledger` is what each decision reads.
//
// DIR decides what a sync costs: a disk, or memory. It cannot show what copying
// large blobs costs, which is one read and one write of them.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "release/lineage/lineage_page.h"
#include "release/lineage/read_lineage.h"
#include "release/registry/file_system.h"
#include "release/registry/operations.h"
#include "release/registry/testing/crash_file_system.h"
#include "release/registry/testing/sample_family.h"
#include "release/registry/testing/sample_population.h"
#include "release/registry/testing/sample_registry.h"
#include "release/registry/verify_registry.h"
#include "runtime/base/check.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

constexpr const char* kColumns[] = {"packets", "files",   "ledger", "add",
                                    "promote", "lineage", "page",   "revoke",
                                    "verify",  "reindex"};

// Milliseconds by the clock, and those of the processor.
struct Cost {
  double wall_ms = 0;
  double cpu_ms = 0;
};

// What `work` costs; it must succeed.
Cost Time(const std::function<absl::Status()>& work) {
  const std::clock_t cpu = std::clock();
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = work();
  const std::chrono::duration<double, std::milli> passed =
      std::chrono::steady_clock::now() - start;
  const std::clock_t used = std::clock() - cpu;
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  PEDIGREE_CHECK(status.ok());
  return {passed.count(),
          static_cast<double>(used) * 1000 / CLOCKS_PER_SEC};
}

Cost BestOfThree(const std::function<Cost()>& run) {
  Cost best = run();
  for (int i = 1; i < 3; ++i) {
    const Cost next = run();
    best = {std::min(best.wall_ms, next.wall_ms),
            std::min(best.cpu_ms, next.cpu_ms)};
  }
  return best;
}

// Of the last ten.
Cost Median(const std::vector<Cost>& costs) {
  std::vector<double> wall;
  std::vector<double> cpu;
  for (size_t i = costs.size() - 10; i < costs.size(); ++i) {
    wall.push_back(costs[i].wall_ms);
    cpu.push_back(costs[i].cpu_ms);
  }
  std::sort(wall.begin(), wall.end());
  std::sort(cpu.begin(), cpu.end());
  return {(wall[4] + wall[5]) / 2, (cpu[4] + cpu[5]) / 2};
}

absl::Status RebuildIndex(const std::string& registry) {
  absl::StatusOr<RegistryWriter> writer = RegistryWriter::Open(
      RealFileSystem(), registry, RegistryWriter::Derived::kRebuild);
  return writer.ok() ? Reindex(*writer) : writer.status();
}

absl::Status VerifyAll(const std::string& registry) {
  const absl::StatusOr<RegistryReport> report = VerifyRegistry(registry, {});
  if (!report.ok()) return report.status();
  return report->faults.empty() ? absl::OkStatus()
                                : absl::DataLossError(report->faults[0]);
}

double CountFiles(const std::string& folder) {
  double count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) ++count;
  }
  return count;
}

class Benchmark {
 public:
  explicit Benchmark(const std::string& folder)
      : folder_(folder),
        registry_(folder + "/registry"),
        family_(folder + "/packets") {
    fs::create_directories(folder + "/packets");
    PEDIGREE_CHECK(MakeSampleRegistry(RealFileSystem(), registry_).ok());
  }

  // Two lines, one value a column.
  std::array<std::vector<double>, 2> Grow(size_t packets) {
    while (adds_.size() < packets) AddOne();
    absl::StatusOr<LineageGraph> graph = absl::InternalError("not read");
    const Cost lineage = BestOfThree([&] {
      return Time([&] {
        graph = ReadRegistryLineage(registry_);
        return graph.status();
      });
    });
    const Cost page = BestOfThree([&] {
      return Time([&] {
        return LineageToHtml(*graph).empty() ? absl::InternalError("no page")
                                             : absl::OkStatus();
      });
    });
    const Cost revoke = BestOfThree([&] { return TimeRevocation(); });
    const Cost verify = BestOfThree(
        [&] { return Time([&] { return VerifyAll(registry_); }); });
    const Cost reindex = BestOfThree(
        [&] { return Time([&] { return RebuildIndex(registry_); }); });
    std::array<std::vector<double>, 2> lines;
    for (std::vector<double>& line : lines) {
      line = {static_cast<double>(packets),
              CountFiles(registry_ + "/packets"),
              static_cast<double>(fs::file_size(registry_ + "/ledger.jsonl")) /
                  1024};
    }
    for (const Cost& cost : {Median(adds_), Median(promotions_), lineage, page,
                             revoke, verify, reindex}) {
      lines[0].push_back(cost.wall_ms);
      lines[1].push_back(cost.cpu_ms);
    }
    return lines;
  }

 private:
  void AddOne() {
    const int index = static_cast<int>(adds_.size());
    const std::string name = MakeMember(family_, index);
    adds_.push_back(Time([&] {
      return SampleAdd(RealFileSystem(), registry_, family_.Path(name));
    }));
    PromoteOne(name, "candidate");
    if (index % 10 != 0) return;
    for (const char* state : {"shadow", "canary"}) PromoteOne(name, state);
    PromoteOne(name, "champion", absl::StrCat("alias-", index % 40));
  }

  void PromoteOne(const std::string& name, const std::string& state,
                  const std::string& alias = "") {
    const PromoteRequest request =
        SamplePromotion(registry_, family_.Packet(name), state, alias);
    promotions_.push_back(Time(
        [&] { return SampleDecide(RealFileSystem(), registry_, request); }));
  }

  // Of a copy, that of everything.
  Cost TimeRevocation() {
    const std::string copy = folder_ + "/copy";
    fs::remove_all(copy);
    CopyTree(registry_, copy);
    return Time([&] {
      return SampleRevoke(RealFileSystem(), copy,
                          family_.Model(MemberName(0)));
    });
  }

  const std::string folder_;
  const std::string registry_;
  SampleFamily family_;
  std::vector<Cost> adds_;
  std::vector<Cost> promotions_;
};

void PrintRow(const std::vector<double>& values, const char* tail) {
  for (double value : values) {
    std::printf(value < 100 ? " %8.1f" : " %8.0f", value);
  }
  std::printf("%s\n", tail);
  std::fflush(stdout);
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: registry_benchmark DIR\n");
    return 2;
  }
  pedigree::Benchmark benchmark(argv[1]);
  for (const char* column : pedigree::kColumns) std::printf(" %8s", column);
  std::printf("   (KB, ms)\n");
  constexpr const char* kWhich[] = {"   clock", "   processor"};
  std::array<std::vector<double>, 2> before;
  std::array<std::vector<double>, 2> now;
  for (size_t packets : {10, 100, 1000}) {
    before = now;
    now = benchmark.Grow(packets);
    for (int i : {0, 1}) pedigree::PrintRow(now[i], kWhich[i]);
  }
  for (int i : {0, 1}) {
    for (size_t column = 0; column < now[i].size(); ++column) {
      now[i][column] /= before[i][column];
    }
    pedigree::PrintRow(now[i], kWhich[i]);
  }
  return 0;
}
