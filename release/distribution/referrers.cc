#include "release/distribution/referrers.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "release/distribution/manifests.h"
#include "release/layout.h"
#include "release/oci.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr int kMaxPages = 100;
constexpr int kMaxTagUpdates = 5;

absl::Status Refuse(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid referrers index: ", what));
}

absl::StatusOr<Json> ParseIndex(std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(Json index,
                            ParseForeignJson(text, "referrers index"));
  if (!index.is_object()) return Refuse("not an object");
  const auto manifests = index.find("manifests");
  if (manifests == index.end() || !manifests->is_array()) {
    return Refuse("no array \"manifests\"");
  }
  if (manifests->size() > kMaxReferrers) {
    return absl::ResourceExhaustedError(
        absl::StrCat("Invalid referrers index: ", manifests->size(),
                     " entries (at most ", kMaxReferrers, ")"));
  }
  return index;
}

std::string Text(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return "";
  return found->get<std::string>();
}

std::optional<Referrer> ParseReferrer(const Json& entry) {
  if (!entry.is_object() || Text(entry, "mediaType") != kManifestMediaType) {
    return std::nullopt;
  }
  const absl::StatusOr<Digest> digest = ParseDigest(Text(entry, "digest"));
  const auto size = entry.find("size");
  if (!digest.ok() || size == entry.end() || !size->is_number_unsigned()) {
    return std::nullopt;
  }
  return Referrer{*digest, size->get<uint64_t>(), Text(entry, "artifactType")};
}

bool Lists(const Json& index, const Json& descriptor) {
  for (const Json& entry : index.at("manifests")) {
    if (entry.is_object() &&
        Text(entry, "digest") == descriptor.at("digest")) {
      return true;
    }
  }
  return false;
}

// One page of the referrers API; none when the registry has no such thing.
struct Page {
  std::vector<Referrer> referrers;
  std::string next;
};

absl::StatusOr<std::optional<Page>> GetPage(RegistryClient& client,
                                            const std::string& url,
                                            const Digest& subject) {
  const std::string what = absl::StrCat("referrers of ", subject.ToString());
  HttpRequest request;
  request.url = url;
  request.headers = {absl::StrCat("Accept: ", kIndexMediaType)};
  request.max_body_bytes = kMaxManifestBytes;
  PEDIGREE_ASSIGN_OR_RETURN(const HttpResponse response,
                            client.Send(request, what));
  // Registries without the API say 404, older ones that the address is unknown
  // in other ways; some proxies answer with a page of their own.
  if (response.status == 404 || response.status == 405 ||
      !absl::StartsWith(response.Header("content-type"), kIndexMediaType)) {
    if (response.status == 200 || response.status == 404 ||
        response.status == 405) {
      return std::nullopt;
    }
    return client.Error(response, what);
  }
  if (response.status != 200) return client.Error(response, what);
  Page page;
  PEDIGREE_ASSIGN_OR_RETURN(page.referrers, ParseReferrers(response.body));
  const std::string_view next = NextPage(response.Header("link"));
  if (!next.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(page.next, client.Follow(url, next));
  }
  return page;
}

absl::StatusOr<std::vector<Referrer>> ListByTag(RegistryClient& client,
                                                const Digest& subject) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::optional<StoredManifest> index,
                            GetManifest(client, ReferrersTag(subject)));
  if (!index.has_value()) return std::vector<Referrer>();
  return ParseReferrers(index->bytes);
}

}  // namespace

std::string ReferrersTag(const Digest& subject) {
  return absl::StrCat("sha256-", subject.Hex());
}

absl::StatusOr<std::vector<Referrer>> ParseReferrers(std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json index, ParseIndex(text));
  std::vector<Referrer> referrers;
  for (const Json& entry : index.at("manifests")) {
    std::optional<Referrer> referrer = ParseReferrer(entry);
    if (referrer.has_value()) referrers.push_back(*std::move(referrer));
  }
  return referrers;
}

absl::StatusOr<std::string> AddReferrer(std::string_view text,
                                        const Json& descriptor) {
  Json index = {{"manifests", Json::array()},
                {"mediaType", kIndexMediaType},
                {"schemaVersion", 2}};
  if (!text.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(index, ParseIndex(text));
  }
  if (!Lists(index, descriptor)) {
    if (index["manifests"].size() == kMaxReferrers) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "Cannot add to referrers index: ", kMaxReferrers, " entries"));
    }
    index["manifests"].push_back(descriptor);
  }
  // Foreign members may hold what canonical JSON forbids.
  return index.dump();
}

std::string_view NextPage(std::string_view link) {
  for (std::string_view value : absl::StrSplit(link, ',')) {
    value = absl::StripAsciiWhitespace(value);
    const size_t end = value.find('>');
    if (value.empty() || value[0] != '<' || end == std::string_view::npos) {
      continue;
    }
    for (std::string_view parameter :
         absl::StrSplit(value.substr(end + 1), ';')) {
      parameter = absl::StripAsciiWhitespace(parameter);
      if (parameter == "rel=\"next\"" || parameter == "rel=next") {
        return value.substr(1, end - 1);
      }
    }
  }
  return "";
}

absl::StatusOr<std::vector<Referrer>> ListReferrers(RegistryClient& client,
                                                    const Digest& subject) {
  std::string url =
      client.Url(absl::StrCat("referrers/", subject.ToString()));
  std::vector<Referrer> all;
  for (int pages = 0; pages < kMaxPages && !url.empty(); ++pages) {
    PEDIGREE_ASSIGN_OR_RETURN(std::optional<Page> page,
                              GetPage(client, url, subject));
    if (!page.has_value()) return ListByTag(client, subject);
    all.insert(all.end(), page->referrers.begin(), page->referrers.end());
    if (all.size() > kMaxReferrers) break;
    url = std::move(page->next);
  }
  if (url.empty() && all.size() <= kMaxReferrers) return all;
  return absl::ResourceExhaustedError(absl::StrCat(
      client.reference().Place(), ": more than ", kMaxReferrers,
      " referrers of ", subject.ToString()));
}

absl::Status UpdateReferrersTag(RegistryClient& client, const Digest& subject,
                                const Json& descriptor) {
  const std::string tag = ReferrersTag(subject);
  for (int update = 0; update < kMaxTagUpdates; ++update) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::optional<StoredManifest> stored,
                              GetManifest(client, tag));
    const std::string before = stored.has_value() ? stored->bytes : "";
    if (!before.empty()) {
      PEDIGREE_ASSIGN_OR_RETURN(const Json index, ParseIndex(before));
      if (Lists(index, descriptor)) return absl::OkStatus();
    }
    PEDIGREE_ASSIGN_OR_RETURN(const std::string after,
                              AddReferrer(before, descriptor));
    PEDIGREE_RETURN_IF_ERROR(
        PutManifest(client, tag, after, kIndexMediaType).status());
  }
  return absl::AbortedError(absl::StrCat(
      client.reference().Place(), ": tag ", tag,
      ": another writer replaces the index again and again"));
}

}  // namespace pedigree
