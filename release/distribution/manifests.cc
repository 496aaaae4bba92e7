#include "release/distribution/manifests.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "release/layout.h"
#include "release/oci.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

std::string What(std::string_view name) {
  return absl::StrCat("manifest ", name);
}

HttpRequest ReadRequest(const RegistryClient& client, const std::string& name) {
  HttpRequest request;
  request.url = client.Url(absl::StrCat("manifests/", name));
  request.headers = {
      absl::StrCat("Accept: ", kManifestMediaType, ", ", kIndexMediaType)};
  request.max_body_bytes = kMaxManifestBytes;
  return request;
}

// `expected` as the registry calls it; nothing when it does not say.
absl::Status CheckDigestHeader(const RegistryClient& client,
                               const std::string& name,
                               const HttpResponse& response,
                               const Digest& expected) {
  const std::string_view header = response.Header("docker-content-digest");
  if (!absl::StartsWith(header, "sha256:") || header == expected.ToString()) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(
      client.reference().Place(), ": ", What(name), ": the registry has ",
      header.substr(0, 80), " (expected ", expected.ToString(), ")"));
}

}  // namespace

absl::StatusOr<std::optional<StoredManifest>> GetManifest(
    RegistryClient& client, const std::string& name) {
  PEDIGREE_ASSIGN_OR_RETURN(
      HttpResponse response,
      client.Send(ReadRequest(client, name), What(name)));
  if (response.status == 404) return std::nullopt;
  if (response.status != 200) return client.Error(response, What(name));
  StoredManifest manifest;
  manifest.digest = Sha256(response.body);
  PEDIGREE_RETURN_IF_ERROR(
      CheckDigestHeader(client, name, response, manifest.digest));
  manifest.bytes = std::move(response.body);
  const absl::StatusOr<Digest> asked = ParseDigest(name);
  if (!asked.ok() || *asked == manifest.digest) return manifest;
  return absl::DataLossError(absl::StrCat(
      client.reference().Place(), ": ", What(name), ": the registry serves ",
      manifest.digest.ToString()));
}

absl::StatusOr<bool> HasManifest(RegistryClient& client, const Digest& digest) {
  const std::string name = digest.ToString();
  HttpRequest request = ReadRequest(client, name);
  request.method = "HEAD";
  PEDIGREE_ASSIGN_OR_RETURN(const HttpResponse response,
                            client.Send(request, What(name)));
  if (response.status == 404) return false;
  if (response.status == 200) return true;
  return client.Error(response, What(name));
}

absl::StatusOr<HttpResponse> PutManifest(RegistryClient& client,
                                         const std::string& name,
                                         std::string_view bytes,
                                         std::string_view media_type) {
  HttpRequest request;
  request.method = "PUT";
  request.url = client.Url(absl::StrCat("manifests/", name));
  request.headers = {absl::StrCat("Content-Type: ", media_type)};
  request.body = HttpBody::Text(bytes);
  PEDIGREE_ASSIGN_OR_RETURN(HttpResponse response,
                            client.Send(request, What(name)));
  if (response.status != 201) return client.Error(response, What(name));
  PEDIGREE_RETURN_IF_ERROR(
      CheckDigestHeader(client, name, response, Sha256(bytes)));
  return response;
}

}  // namespace pedigree
