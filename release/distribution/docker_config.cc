#include "release/distribution/docker_config.h"

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "release/helper_process.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr uint64_t kMaxConfigBytes = uint64_t{1} << 20;
constexpr uint64_t kMaxAnswerBytes = uint64_t{64} << 10;
constexpr HelperLimits kHelperLimits = {absl::Seconds(60), kMaxAnswerBytes};
// The name Docker gives to what a helper stores as an identity token.
constexpr std::string_view kTokenUser = "<token>";
// The key Docker keeps the credentials of docker.io under.
constexpr std::string_view kDockerHubKey = "index.docker.io";

absl::Status Refuse(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid Docker config: ", what));
}

// "https://host/v1/" and "host" are one registry.
std::string HostOfKey(std::string_view key) {
  if (!absl::ConsumePrefix(&key, "https://")) {
    absl::ConsumePrefix(&key, "http://");
  }
  return std::string(key.substr(0, key.find('/')));
}

// A member that must be a text when it is there.
absl::StatusOr<std::string> Text(const Json& object, const char* key,
                                 std::string_view where) {
  const auto found = object.find(key);
  if (found == object.end()) return std::string();
  if (found->is_string()) return found->get<std::string>();
  return Refuse(absl::StrCat("\"", key, "\" is not a string, ", where));
}

absl::StatusOr<Credentials> ParseInline(const Json& entry,
                                        std::string_view where) {
  if (!entry.is_object()) {
    return Refuse(absl::StrCat("not an object, ", where));
  }
  Credentials credentials;
  PEDIGREE_ASSIGN_OR_RETURN(credentials.identity_token,
                            Text(entry, "identitytoken", where));
  PEDIGREE_ASSIGN_OR_RETURN(credentials.username,
                            Text(entry, "username", where));
  PEDIGREE_ASSIGN_OR_RETURN(credentials.password,
                            Text(entry, "password", where));
  PEDIGREE_ASSIGN_OR_RETURN(const std::string auth, Text(entry, "auth", where));
  if (auth.empty()) return credentials;
  std::string plain;
  const bool decoded = absl::Base64Unescape(auth, &plain);
  const size_t colon = plain.find(':');
  if (!decoded || colon == std::string::npos) {
    return Refuse(absl::StrCat("\"auth\" is not base64 of USER:PASSWORD, ",
                               where));
  }
  credentials.username = plain.substr(0, colon);
  credentials.password = plain.substr(colon + 1);
  // Older clients padded it with zeros.
  while (!credentials.password.empty() && credentials.password.back() == 0) {
    credentials.password.pop_back();
  }
  return credentials;
}

absl::StatusOr<std::string> ParseHelperName(const Json& name,
                                            std::string_view where) {
  bool good = name.is_string();
  if (good) {
    const std::string& text = name.get_ref<const std::string&>();
    good = !text.empty() && text.size() <= 100;
    for (char c : text) {
      good = good && (absl::ascii_isalnum(c) || c == '-' || c == '_' ||
                      c == '.');
    }
  }
  if (good) return name.get<std::string>();
  return Refuse(absl::StrCat("not a helper's name, ", where));
}

// Calls read(key, value) for the members of the object `name`, if there is one.
template <typename Read>
absl::Status ForMembers(const Json& config, const char* name, Read read) {
  const auto found = config.find(name);
  if (found == config.end()) return absl::OkStatus();
  if (!found->is_object()) {
    return Refuse(absl::StrCat("\"", name, "\" is not an object"));
  }
  for (const auto& [key, value] : found->items()) {
    PEDIGREE_RETURN_IF_ERROR(read(
        key, value,
        absl::StrCat(name, "[\"", absl::CHexEscape(key.substr(0, 120)),
                     "\"]")));
  }
  return absl::OkStatus();
}

absl::StatusOr<Credentials> AskHelper(const std::string& name,
                                      const std::string& registry) {
  const std::string program = absl::StrCat("docker-credential-", name);
  const absl::StatusOr<HelperResult> result =
      RunHelper({program, "get"}, registry, kHelperLimits);
  if (absl::IsNotFound(result.status())) {
    return absl::NotFoundError(
        absl::StrCat("Cannot run ", program, ": not found in PATH"));
  }
  PEDIGREE_RETURN_IF_ERROR(result.status());
  if (result->exit_code == 0) return ParseHelperAnswer(result->output);
  if (absl::StrContains(result->output, "credentials not found")) {
    return Credentials();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("Cannot get credentials for ", registry, ": ", program,
                   " failed (exit status ", result->exit_code, ")"));
}

}  // namespace

absl::StatusOr<Credentials> ParseHelperAnswer(std::string_view text) {
  const absl::StatusOr<Json> json = ParseForeignJson(text, "helper's answer");
  // A parser's message could quote the secret.
  if (!json.ok() || !json->is_object()) {
    return Refuse("helper's answer is not a JSON object");
  }
  constexpr char kWhere[] = "helper's answer";
  PEDIGREE_ASSIGN_OR_RETURN(std::string user, Text(*json, "Username", kWhere));
  PEDIGREE_ASSIGN_OR_RETURN(std::string secret, Text(*json, "Secret", kWhere));
  if (user.empty() || secret.empty()) {
    return Refuse("no \"Username\" or \"Secret\", helper's answer");
  }
  Credentials credentials;
  if (user == kTokenUser) {
    credentials.identity_token = std::move(secret);
  } else {
    credentials.username = std::move(user);
    credentials.password = std::move(secret);
  }
  return credentials;
}

absl::StatusOr<DockerConfig> DockerConfig::Parse(std::string_view text) {
  const absl::StatusOr<Json> json = ParseForeignJson(text, "Docker config");
  if (!json.ok() || !json->is_object()) {
    return Refuse("not a JSON object");
  }
  DockerConfig config;
  PEDIGREE_RETURN_IF_ERROR(ForMembers(
      *json, "auths",
      [&](const std::string& key, const Json& value,
          const std::string& where) -> absl::Status {
        PEDIGREE_ASSIGN_OR_RETURN(Credentials found, ParseInline(value, where));
        if (!found.empty()) config.inline_[HostOfKey(key)] = std::move(found);
        return absl::OkStatus();
      }));
  PEDIGREE_RETURN_IF_ERROR(ForMembers(
      *json, "credHelpers",
      [&](const std::string& key, const Json& value,
          const std::string& where) -> absl::Status {
        PEDIGREE_ASSIGN_OR_RETURN(config.helpers_[HostOfKey(key)],
                                  ParseHelperName(value, where));
        return absl::OkStatus();
      }));
  const auto common = json->find("credsStore");
  if (common != json->end() && *common != "") {
    PEDIGREE_ASSIGN_OR_RETURN(config.common_helper_,
                              ParseHelperName(*common, "credsStore"));
  }
  return config;
}

absl::StatusOr<DockerConfig> DockerConfig::Load(const std::string& path) {
  if (path.empty()) return DockerConfig();
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxConfigBytes);
  if (absl::IsNotFound(text.status())) return DockerConfig();
  if (!text.ok()) return text.status();
  absl::StatusOr<DockerConfig> config = Parse(*text);
  if (!config.ok()) return AnnotateWithPath(config.status(), path);
  return config;
}

absl::StatusOr<Credentials> DockerConfig::Find(
    std::string_view registry) const {
  const std::string key(registry == "docker.io" ? kDockerHubKey : registry);
  const auto own = helpers_.find(key);
  const std::string& helper =
      own != helpers_.end() ? own->second : common_helper_;
  if (!helper.empty()) {
    // Docker stores the one registry that it began with by its old address.
    const std::string stored =
        key == kDockerHubKey ? "https://index.docker.io/v1/" : key;
    PEDIGREE_ASSIGN_OR_RETURN(Credentials found, AskHelper(helper, stored));
    if (!found.empty()) return found;
  }
  const auto found = inline_.find(key);
  return found == inline_.end() ? Credentials() : found->second;
}

std::string DefaultDockerConfigPath() {
  const char* folder = std::getenv("DOCKER_CONFIG");
  if (folder != nullptr && *folder != 0) {
    return absl::StrCat(folder, "/config.json");
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == 0) return "";
  return absl::StrCat(home, "/.docker/config.json");
}

}  // namespace pedigree
