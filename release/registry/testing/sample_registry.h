// A registry for tests: its policy, and decisions in one call.

#ifndef PEDIGREE_RELEASE_REGISTRY_TESTING_SAMPLE_REGISTRY_H_
#define PEDIGREE_RELEASE_REGISTRY_TESTING_SAMPLE_REGISTRY_H_

#include <string>
#include <string_view>
#include <vector>

#include "release/registry/file_system.h"
#include "release/registry/operations.h"
#include "release/registry/policy.h"

namespace pedigree {

inline constexpr char kSampleTime[] = "2026-01-02T03:04:05Z";

// Two signers, "alice" and "bob". Candidate and shadow ask for nothing, canary
// for evidence on suite greetings, specialist for one approval, champion for
// two.
RegistryPolicy SamplePolicy(std::string_view version = "1");

// Signed approvals of one decision by alice and, for 2, bob, given at the
// ledger's end.
std::vector<NamedEnvelope> SampleApprovals(const std::string& directory,
                                           const registry::Approval& decision,
                                           int count);

// Makes a registry with that policy.
absl::Status MakeSampleRegistry(FileSystem& files,
                                const std::string& directory);

// The decisions, on a registry opened anew. A refusal is an error with its
// first line.
absl::Status SampleAdd(FileSystem& files, const std::string& directory,
                       const std::string& packet);
// With as many approvals as the policy asks for, given at the ledger's end.
PromoteRequest SamplePromotion(const std::string& directory,
                               const std::string& artifact,
                               const std::string& state,
                               const std::string& alias = "");
absl::Status SampleDecide(FileSystem& files, const std::string& directory,
                          const PromoteRequest& request);
absl::Status SamplePromote(FileSystem& files, const std::string& directory,
                           const std::string& artifact,
                           const std::string& state,
                           const std::string& alias = "");
absl::Status SampleRollback(FileSystem& files, const std::string& directory,
                            const std::string& alias,
                            const std::string& artifact);
absl::Status SampleRetire(FileSystem& files, const std::string& directory,
                          const std::string& target,
                          const std::string& state = "archived");
absl::Status SampleRevoke(FileSystem& files, const std::string& directory,
                          const std::string& digest);

// Promotes through every state up to `state`.
absl::Status SampleRaise(FileSystem& files, const std::string& directory,
                         const std::string& artifact, const std::string& state,
                         const std::string& alias = "");

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_TESTING_SAMPLE_REGISTRY_H_
