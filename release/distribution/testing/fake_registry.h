// A registry in this process that misbehaves on demand, for tests. It keeps to
// the distribution specification as far as this project goes; a real registry is
// what registry_test runs against.

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_TESTING_FAKE_REGISTRY_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_TESTING_FAKE_REGISTRY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/base/sha256.h"

namespace pedigree {

struct FakeRequest {
  std::string method;
  // "/v2/..." without the query.
  std::string path;
  std::map<std::string, std::string> query;
  // Names in lowercase.
  std::map<std::string, std::string> headers;
  std::string body;

  std::string Header(const std::string& name) const;
};

struct FakeReply {
  int status = 200;
  std::map<std::string, std::string> headers;
  std::string body;
  // Bytes of the body after which the connection is closed.
  std::optional<size_t> cut;
};

// Listens on a loopback port from construction to destruction. Thread-safe.
class FakeRegistry {
 public:
  FakeRegistry();
  ~FakeRegistry();

  // "127.0.0.1:<port>".
  const std::string& host() const { return host_; }

  // Sees each request before the registry does; what it returns is the answer.
  using Hook = std::function<std::optional<FakeReply>(const FakeRequest&)>;
  void SetHook(Hook hook);
  // Sees each request's head before its body is read; what it returns is how many
  // bytes of the body are read before the connection is closed. They count as
  // received.
  using DropHook = std::function<std::optional<size_t>(const FakeRequest&)>;
  void SetDropHook(DropHook hook);
  // Whether the referrers API is there; it is not, until this is called.
  void HaveReferrers();

  // What it stores, by digest or tag.
  void PutBlob(std::string_view bytes);
  void PutManifest(const std::string& name, std::string_view bytes);
  std::optional<std::string> Blob(const Digest& digest) const;
  std::optional<std::string> Manifest(const std::string& name) const;

  // All requests so far, as "<method> <path>", and the whole of them.
  std::vector<std::string> Log() const;
  std::vector<FakeRequest> Requests() const;

 private:
  void Accept();
  void Serve(int connection);
  FakeReply Answer(const FakeRequest& request);
  FakeReply AnswerBlob(const FakeRequest& request, const std::string& digest);
  FakeReply AnswerStart(const FakeRequest& request);
  FakeReply AnswerUpload(const FakeRequest& request, const std::string& id);
  FakeReply AnswerManifest(const FakeRequest& request,
                           const std::string& name);
  FakeReply AnswerReferrers(const std::string& subject);

  int listener_ = -1;
  std::string host_;
  std::thread acceptor_;
  std::vector<std::thread> servers_;

  mutable std::mutex mutex_;
  Hook hook_;
  DropHook drop_hook_;
  bool has_referrers_ = false;
  int next_upload_ = 0;
  std::map<std::string, std::string> uploads_;
  std::map<std::string, std::string> blobs_;
  std::map<std::string, std::string> manifests_;
  std::vector<FakeRequest> requests_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_TESTING_FAKE_REGISTRY_H_
