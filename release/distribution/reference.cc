#include "release/distribution/reference.h"

#include <cstdint>
#include <utility>
#include <vector>

#include <arpa/inet.h>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Limits of the distribution specification, and of DNS for the host.
constexpr size_t kMaxRepositoryBytes = 255;
constexpr size_t kMaxTagBytes = 128;
constexpr size_t kMaxHostBytes = 253;

absl::Status Refuse(std::string_view what, std::string_view found,
                    std::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid reference: ", what, " \"", found.substr(0, 120),
                   "\" (expected ", expected, ")"));
}

bool IsLowerAlphanumeric(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c);
}

// Alphanumeric runs joined by one of: ".", "_", "__", any number of "-".
bool IsRepositoryPart(std::string_view part) {
  if (part.empty() || !IsLowerAlphanumeric(part.front()) ||
      !IsLowerAlphanumeric(part.back())) {
    return false;
  }
  size_t i = 0;
  while (i < part.size()) {
    while (i < part.size() && IsLowerAlphanumeric(part[i])) ++i;
    const size_t start = i;
    while (i < part.size() && !IsLowerAlphanumeric(part[i])) ++i;
    const std::string_view joint = part.substr(start, i - start);
    const bool dashes =
        joint.find_first_not_of('-') == std::string_view::npos;
    if (!dashes && joint != "." && joint != "_" && joint != "__") return false;
  }
  return true;
}

bool IsHostLabel(std::string_view label) {
  if (label.empty() || label.front() == '-' || label.back() == '-') {
    return false;
  }
  for (char c : label) {
    if (!absl::ascii_isalnum(c) && c != '-') return false;
  }
  return true;
}

bool IsHost(std::string_view host) {
  if (host.size() > kMaxHostBytes) return false;
  if (absl::ConsumePrefix(&host, "[")) {
    struct in6_addr address;
    return absl::ConsumeSuffix(&host, "]") &&
           inet_pton(AF_INET6, std::string(host).c_str(), &address) == 1;
  }
  for (std::string_view label : absl::StrSplit(host, '.')) {
    if (!IsHostLabel(label)) return false;
  }
  return true;
}

// Splits "host:port"; the port is empty when there is none.
std::pair<std::string_view, std::string_view> SplitPort(
    std::string_view registry) {
  const size_t bracket = registry.rfind(']');
  const size_t colon = registry.rfind(':');
  if (colon == std::string_view::npos ||
      (bracket != std::string_view::npos && colon < bracket)) {
    return {registry, ""};
  }
  return {registry.substr(0, colon), registry.substr(colon)};
}

absl::Status CheckRegistry(std::string_view registry) {
  const auto [host, port] = SplitPort(registry);
  if (!IsHost(host)) {
    return Refuse("registry", registry, "a host name or address");
  }
  uint32_t number = 0;
  if (!port.empty() &&
      (port.size() > 6 ||
       port.find_first_not_of("0123456789", 1) != std::string_view::npos ||
       !absl::SimpleAtoi(port.substr(1), &number) || number == 0 ||
       number > 65535)) {
    return Refuse("port", registry, "1 to 65535");
  }
  if (host != "localhost" && registry.find_first_of(".:") ==
                                 std::string_view::npos) {
    return Refuse("registry", registry,
                  "localhost, or a name with a dot or a port: no registry is "
                  "implied");
  }
  return absl::OkStatus();
}

absl::Status CheckTag(std::string_view tag) {
  bool good = !tag.empty() && tag.size() <= kMaxTagBytes &&
              tag.front() != '.' && tag.front() != '-';
  for (char c : tag) {
    good = good &&
           (absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-');
  }
  if (good) return absl::OkStatus();
  return Refuse("tag", tag, "at most 128 of [A-Za-z0-9_.-], no . or - first");
}

}  // namespace

std::string Reference::Place() const {
  return absl::StrCat(registry, "/", repository);
}

absl::Status CheckRepository(std::string_view repository) {
  bool good = repository.size() <= kMaxRepositoryBytes;
  for (std::string_view part : absl::StrSplit(repository, '/')) {
    good = good && IsRepositoryPart(part);
  }
  if (good) return absl::OkStatus();
  return Refuse("repository", repository,
                "lowercase letters and digits, joined by . _ __ - and /");
}

bool IsLoopback(std::string_view registry) {
  const std::string_view host = SplitPort(registry).first;
  if (host == "localhost" || host == "[::1]") return true;
  const std::vector<std::string_view> parts = absl::StrSplit(host, '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  for (std::string_view part : parts) {
    uint32_t number = 0;
    if (!absl::SimpleAtoi(part, &number) || number > 255) return false;
  }
  return true;
}

absl::StatusOr<Reference> ParseReference(std::string_view text) {
  Reference reference;
  std::string_view rest = text;
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    const absl::StatusOr<Digest> digest = ParseDigest(rest.substr(at + 1));
    if (!digest.ok()) {
      return Refuse("digest", rest.substr(at + 1), "sha256:<64 hex digits>");
    }
    reference.digest = *digest;
    rest = rest.substr(0, at);
  }
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) {
    return Refuse("text", text, "HOST[:PORT]/NAME[:TAG][@sha256:HEX]");
  }
  reference.registry = std::string(rest.substr(0, slash));
  rest = rest.substr(slash + 1);
  if (const size_t colon = rest.find(':'); colon != std::string_view::npos) {
    reference.tag = std::string(rest.substr(colon + 1));
    PEDIGREE_RETURN_IF_ERROR(CheckTag(reference.tag));
    rest = rest.substr(0, colon);
  }
  reference.repository = std::string(rest);
  PEDIGREE_RETURN_IF_ERROR(CheckRegistry(reference.registry));
  PEDIGREE_RETURN_IF_ERROR(CheckRepository(reference.repository));
  return reference;
}

}  // namespace pedigree
