// Credentials for registries, from where Docker keeps them: config.json, with
// what it says inline or through credential helpers.

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_DOCKER_CONFIG_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_DOCKER_CONFIG_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pedigree {

// What to show a registry. All empty: nothing is known.
struct Credentials {
  std::string username;
  std::string password;
  // Instead of both: a refresh token for the registry's token server.
  std::string identity_token;

  bool empty() const { return username.empty() && identity_token.empty(); }
};

// A parsed config.json. Messages never hold what is secret in it.
class DockerConfig {
 public:
  // Keys that say nothing about credentials are ignored.
  //
  // Errors: kInvalidArgument with the entry.
  static absl::StatusOr<DockerConfig> Parse(std::string_view text);

  // The config in the file `path`; that of nobody when there is no such file.
  static absl::StatusOr<DockerConfig> Load(const std::string& path);

  // Credentials for `registry`, "host[:port]": of its own helper, of the common
  // one, or inline. Runs the helper `docker-credential-<name>` of PATH.
  //
  // Errors: kFailedPrecondition when a helper cannot be run or fails.
  absl::StatusOr<Credentials> Find(std::string_view registry) const;

 private:
  std::map<std::string, Credentials> inline_;
  // Registry to helper.
  std::map<std::string, std::string> helpers_;
  std::string common_helper_;
};

// $DOCKER_CONFIG/config.json, else $HOME/.docker/config.json; empty when
// neither variable is set.
std::string DefaultDockerConfigPath();

// What a helper printed, exit status 0.
//
// Errors: kInvalidArgument.
absl::StatusOr<Credentials> ParseHelperAnswer(std::string_view text);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_DOCKER_CONFIG_H_
