#include "release/packet_request.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "release/file_stream.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

std::string BaseName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

class Loader {
 public:
  explicit Loader(const PacketRequest& request) : request_(request) {}

  absl::StatusOr<LoadedRequest> Load() {
    PacketContents& contents = loaded_.contents;
    contents.name = request_.name;
    contents.version = request_.version;
    PEDIGREE_RETURN_IF_ERROR(LoadDocuments());
    PEDIGREE_ASSIGN_OR_RETURN(contents.model, AddBlob(request_.model));
    for (const std::string& path : request_.adapters) {
      PEDIGREE_ASSIGN_OR_RETURN(const HashedBlob blob, AddBlob(path));
      contents.adapters.push_back(blob);
    }
    for (const auto& [target, path] : request_.runtimes) {
      PEDIGREE_ASSIGN_OR_RETURN(const HashedBlob blob, AddBlob(path));
      contents.runtimes.push_back({target, blob});
    }
    PEDIGREE_RETURN_IF_ERROR(LoadLicenses());
    PEDIGREE_RETURN_IF_ERROR(LoadPins());
    PEDIGREE_RETURN_IF_ERROR(LoadLibraries());
    PEDIGREE_ASSIGN_OR_RETURN(contents.inputs_digest,
                              DigestSources(request_.sources));
    TakeDecisionOrder();
    return std::move(loaded_);
  }

 private:
  // Notes where the bytes of a blob are; a second place is not needed.
  bool AddSource(const Digest& digest, const std::string& path) {
    if (!digests_.insert(digest).second) return false;
    loaded_.blobs.push_back({digest, path});
    return true;
  }

  absl::StatusOr<HashedBlob> AddBlob(const std::string& path) {
    PEDIGREE_ASSIGN_OR_RETURN(const FileDigest file,
                              DigestFile(path, Links::kFollow));
    AddSource(file.digest, path);
    return HashedBlob{file.digest, file.size};
  }

  absl::Status LoadDocument(LayerKind kind, const std::string& path) {
    PEDIGREE_ASSIGN_OR_RETURN(
        const std::string text,
        ReadSmallFile(path, Links::kFollow, kMaxDocumentBytes));
    if (!AddSource(Sha256(text), path)) return absl::OkStatus();
    return AnnotateWithPath(AddDocument(kind, text, loaded_.contents), path);
  }

  absl::Status LoadDocuments(LayerKind kind,
                             const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      PEDIGREE_RETURN_IF_ERROR(LoadDocument(kind, path));
    }
    return absl::OkStatus();
  }

  absl::Status LoadDocuments() {
    const PacketRequest& r = request_;
    std::vector<std::string> scorecards;
    if (!r.scorecard.empty()) scorecards.push_back(r.scorecard);
    const std::pair<LayerKind, std::vector<std::string>> documents[] = {
        {LayerKind::kModelManifest, {r.model_manifest}},
        {LayerKind::kAdapterManifest, r.adapter_manifests},
        {LayerKind::kReceipt, r.receipts},
        {LayerKind::kSuite, r.suites},
        {LayerKind::kSidecar, r.sidecars},
        {LayerKind::kBaseline, r.baselines},
        {LayerKind::kScorecard, scorecards},
        {LayerKind::kDecision, {r.decision}},
        {LayerKind::kPolicy, {r.policy}},
        {LayerKind::kDiagnostics, r.diagnostics},
        {LayerKind::kDerivationNode, {r.node}},
        {LayerKind::kAncestorNode, r.ancestors},
    };
    for (const auto& [kind, paths] : documents) {
      PEDIGREE_RETURN_IF_ERROR(LoadDocuments(kind, paths));
    }
    return absl::OkStatus();
  }

  absl::Status LoadLicenses() {
    std::set<Digest> seen;
    for (const std::string& path : request_.licenses) {
      PEDIGREE_ASSIGN_OR_RETURN(const HashedBlob blob, AddBlob(path));
      if (!seen.insert(blob.digest).second) continue;
      loaded_.contents.licenses.push_back({BaseName(path), blob});
    }
    return absl::OkStatus();
  }

  absl::Status LoadPins() {
    if (request_.toolchain_pins.empty()) return absl::OkStatus();
    const std::string& path = request_.toolchain_pins;
    PEDIGREE_ASSIGN_OR_RETURN(
        const std::string text,
        ReadSmallFile(path, Links::kFollow, kMaxDocumentBytes));
    PEDIGREE_ASSIGN_OR_RETURN(const Json json,
                              ParseJson(text, "toolchain pins"));
    for (const Json& entry : json) {
      JsonObjectReader reader(entry, "toolchain pin");
      release::ToolchainPin pin;
      pin.set_name(reader.String("name"));
      pin.set_version(reader.String("version"));
      pin.set_tree_digest(reader.String("tree_digest"));
      PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(reader.Finish(), path));
      loaded_.contents.toolchain_pins.push_back(std::move(pin));
    }
    return absl::OkStatus();
  }

  absl::Status LoadLibraries() {
    if (request_.linked_libraries.empty()) return absl::OkStatus();
    const std::string& path = request_.linked_libraries;
    PEDIGREE_ASSIGN_OR_RETURN(
        const std::string text,
        ReadSmallFile(path, Links::kFollow, kMaxDocumentBytes));
    PEDIGREE_ASSIGN_OR_RETURN(const Json json,
                              ParseJson(text, "linked libraries"));
    for (const Json& entry : json) {
      PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(LoadLibrary(entry), path));
    }
    return absl::OkStatus();
  }

  absl::Status LoadLibrary(const Json& entry) {
    JsonObjectReader reader(entry, "linked library");
    release::LinkedLibrary library;
    library.set_name(reader.String("name"));
    library.set_pin(reader.String("pin"));
    library.set_version(reader.String("version"));
    library.set_license(reader.String("license"));
    const Json& targets = reader.Array("targets");
    const Json& notices = reader.Array("notices");
    PEDIGREE_RETURN_IF_ERROR(reader.Finish());
    if (library.version().empty()) {
      library.set_version(VersionOfPin(library.pin()));
    }
    for (const Json& target : targets) library.add_targets(TextOf(target));
    for (const Json& notice : notices) {
      PEDIGREE_RETURN_IF_ERROR(LoadNotice(TextOf(notice), library));
    }
    loaded_.contents.linked_libraries.push_back(std::move(library));
    return absl::OkStatus();
  }

  absl::Status LoadNotice(const std::string& path,
                          release::LinkedLibrary& library) {
    PEDIGREE_ASSIGN_OR_RETURN(const FileDigest file,
                              DigestFile(path, Links::kFollow));
    if (AddSource(file.digest, path)) {
      loaded_.contents.notices.push_back({file.digest, file.size});
    }
    release::License* notice = library.add_notices();
    notice->set_name(BaseName(path));
    notice->set_digest(file.digest.ToString());
    return absl::OkStatus();
  }

  // Empty for what is no text: cross-links refuse it.
  static std::string TextOf(const Json& json) {
    return json.is_string() ? json.get<std::string>() : std::string();
  }

  std::string VersionOfPin(const std::string& name) const {
    for (const release::ToolchainPin& pin : loaded_.contents.toolchain_pins) {
      if (pin.name() == name) return pin.version();
    }
    return "";
  }

  // Sorts `list` by the place of digest_of(item) in `order`; what is not in it
  // goes to the end.
  template <typename Item, typename DigestOf>
  static void SortBy(const std::vector<std::string>& order, DigestOf digest_of,
                     std::vector<Item>& list) {
    const auto place = [&](const Item& item) {
      return std::find(order.begin(), order.end(), digest_of(item)) -
             order.begin();
    };
    std::stable_sort(list.begin(), list.end(),
                     [&](const Item& a, const Item& b) {
                       return place(a) < place(b);
                     });
  }

  void TakeDecisionOrder() {
    PacketContents& contents = loaded_.contents;
    const auto own_digest = [](const auto& item) {
      return item.blob.digest.ToString();
    };
    std::vector<std::string> sidecars;
    for (const auto& reference : contents.decision.record.sidecars()) {
      sidecars.push_back(reference.digest());
    }
    std::vector<std::string> baselines;
    for (const auto& reference : contents.decision.record.baselines()) {
      baselines.push_back(reference.digest());
    }
    SortBy(sidecars, own_digest, contents.sidecars);
    SortBy(baselines, own_digest, contents.baselines);
    std::vector<std::string> suites;
    for (const auto& sidecar : contents.sidecars) {
      suites.push_back(sidecar.evidence.record.suite().digest());
    }
    SortBy(suites, own_digest, contents.suites);
  }

  const PacketRequest& request_;
  LoadedRequest loaded_;
  std::set<Digest> digests_;
};

}  // namespace

absl::StatusOr<LoadedRequest> LoadRequest(const PacketRequest& request) {
  return Loader(request).Load();
}

absl::StatusOr<std::string> DigestSources(
    const std::vector<std::pair<std::string, std::string>>& sources) {
  std::set<std::pair<std::string, std::string>> lines;
  for (const auto& [name, path] : sources) {
    PEDIGREE_ASSIGN_OR_RETURN(const FileDigest file,
                              DigestFile(path, Links::kFollow));
    lines.emplace(name, file.digest.Hex());
  }
  if (lines.empty()) return std::string();
  std::string text;
  for (const auto& [name, hex] : lines) {
    absl::StrAppend(&text, hex, "  ", name, "\n");
  }
  return Sha256(text).ToString();
}

}  // namespace pedigree
