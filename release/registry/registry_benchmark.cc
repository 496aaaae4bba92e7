// How the work of a registry grows with the packets in it: synthetic packets of
// a few kilobytes, so that what is measured is the registry and not hashing.
// Prints, at 10, 100 and 1,000 packets, the time of one more add, of one
// promotion, of reading the lineage, of the page, of a revocation that reaches
// everything, of verification and of `reindex`. The times of adds and
// promotions are means of the last ten.
//
//   registry_benchmark DIR
//
// DIR decides what a sync costs: a disk, or memory. It cannot show what copying
// large blobs costs, which is one read and one write of them.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
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

// Milliseconds that `work` takes; it must succeed.
double Time(const std::function<absl::Status()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = work();
  const std::chrono::duration<double, std::milli> passed =
      std::chrono::steady_clock::now() - start;
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  PEDIGREE_CHECK(status.ok());
  return passed.count();
}

struct Row {
  int packets = 0;
  double add = 0;
  double promote = 0;
  double lineage = 0;
  double page = 0;
  double revoke = 0;
  double verify = 0;
  double reindex = 0;
};

absl::Status RebuildIndex(const std::string& registry) {
  absl::StatusOr<RegistryWriter> writer = RegistryWriter::Open(
      RealFileSystem(), registry, RegistryWriter::Derived::kRebuild);
  return writer.ok() ? Reindex(*writer) : writer.status();
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

  Row Grow(int packets) {
    while (size_ < packets) AddOne();
    Row row;
    row.packets = packets;
    row.add = last_add_ / 10;
    row.promote = last_promote_ / 10;
    absl::StatusOr<LineageGraph> graph = absl::InternalError("not read");
    row.lineage = Time([&] {
      graph = ReadRegistryLineage(registry_);
      return graph.status();
    });
    row.page = Time([&] {
      return LineageToHtml(*graph).empty() ? absl::InternalError("no page")
                                           : absl::OkStatus();
    });
    row.verify = Time([&] {
      const auto report = VerifyRegistry(registry_, {});
      if (!report.ok()) return report.status();
      return report->faults.empty() ? absl::OkStatus()
                                    : absl::DataLossError(report->faults[0]);
    });
    row.reindex = Time([&] { return RebuildIndex(registry_); });
    const std::string copy = folder_ + "/copy";
    fs::remove_all(copy);
    CopyTree(registry_, copy);
    row.revoke = Time([&] {
      return SampleRevoke(RealFileSystem(), copy,
                          family_.Model(MemberName(0)));
    });
    return row;
  }

 private:
  void AddOne() {
    if (size_ % 10 == 0) last_add_ = last_promote_ = 0;
    const std::string name = MakeMember(family_, size_++);
    last_add_ += Time([&] {
      return SampleAdd(RealFileSystem(), registry_, family_.Path(name));
    });
    last_promote_ += Time([&] {
      return SamplePromote(RealFileSystem(), registry_, family_.Packet(name),
                           "candidate");
    });
  }

  const std::string folder_;
  const std::string registry_;
  SampleFamily family_;
  int size_ = 0;
  double last_add_ = 0;
  double last_promote_ = 0;
};

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: registry_benchmark DIR\n");
    return 2;
  }
  pedigree::Benchmark benchmark(argv[1]);
  std::printf("%8s %8s %8s %8s %8s %8s %8s %8s   (ms)\n", "packets", "add",
              "promote", "lineage", "page", "revoke", "verify", "reindex");
  for (int packets : {10, 100, 1000}) {
    const pedigree::Row row = benchmark.Grow(packets);
    std::printf("%8d %8.1f %8.1f %8.1f %8.1f %8.1f %8.1f %8.1f\n", row.packets,
                row.add, row.promote, row.lineage, row.page, row.revoke,
                row.verify, row.reindex);
    std::fflush(stdout);
  }
  return 0;
}
