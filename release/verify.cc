#include "release/verify.h"

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "release/bom/bom_check.h"
#include "release/cross_links.h"
#include "release/hash_blobs.h"
#include "release/json_difference.h"
#include "release/layout.h"
#include "release/oci.h"
#include "release/packet_builder.h"
#include "release/packet_contents.h"
#include "release/packet_files.h"
#include "release/printable.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// More would help nobody, and a hostile packet could ask for any number.
constexpr size_t kMaxFaults = 200;

constexpr LayerKind kOnce[] = {
    LayerKind::kRecord,         LayerKind::kModel,
    LayerKind::kModelManifest,  LayerKind::kDecision,
    LayerKind::kPolicy,         LayerKind::kDerivationNode,
    LayerKind::kReleaseNode,    LayerKind::kBom,
};

class Verifier {
 public:
  Verifier(const PacketSource& source, int threads, VerifyReport& report)
      : source_(source), threads_(threads), report_(report) {}

  void Verify(const std::optional<Digest>& expected_digest) {
    report_.faults = source_.faults();
    CheckMarker();
    if (ReadIndex(expected_digest) && ReadManifest()) {
      ReadBlobs();
      CheckUnreferenced();
      if (report_.faults.empty()) {
        CheckRecords();
      } else {
        CheckRecordedLayers();
      }
    }
    if (report_.faults.size() > kMaxFaults) {
      const size_t more = report_.faults.size() - kMaxFaults;
      report_.faults.resize(kMaxFaults);
      Fault(absl::StrCat("and ", more, " faults more"));
    }
  }

 private:
  void Fault(std::string fault) {
    report_.faults.push_back(std::move(fault));
  }

  void Note(const absl::Status& status) {
    if (!status.ok()) Fault(Printable(status.message()));
  }

  // A part that is not a blob. What the source found wrong with it is not said
  // twice.
  std::optional<std::string> ReadPart(std::string_view name) {
    absl::StatusOr<std::string> text = source_.ReadPart(name);
    if (text.ok()) return *std::move(text);
    if (absl::IsResourceExhausted(text.status())) {
      Fault(absl::StrCat("Invalid ", name, ": longer than ", kMaxIndexBytes,
                         " bytes"));
    } else if (report_.faults.empty()) {
      Fault(absl::StrCat("Invalid layout: ", name, " cannot be read"));
    }
    return std::nullopt;
  }

  void CheckMarker() {
    const std::optional<std::string> text = ReadPart("oci-layout");
    if (text.has_value()) Note(CheckOciLayoutMarker(*text));
  }

  bool ReadIndex(const std::optional<Digest>& expected_digest) {
    const std::optional<std::string> text = ReadPart("index.json");
    if (!text.has_value()) return false;
    absl::StatusOr<Descriptor> descriptor = ParseOciIndex(*text);
    if (!descriptor.ok()) {
      Note(descriptor.status());
      return false;
    }
    manifest_descriptor_ = *std::move(descriptor);
    report_.digest = manifest_descriptor_.digest;
    if (expected_digest.has_value() &&
        *expected_digest != manifest_descriptor_.digest) {
      Fault(absl::StrCat("Not the expected packet: digest is ",
                         manifest_descriptor_.digest.ToString(),
                         " (expected ", expected_digest->ToString(), ")"));
    }
    return true;
  }

  // Whether a file of the right size is there for `descriptor`.
  bool CheckPresent(const std::string& what, const Descriptor& descriptor) {
    referenced_.insert(descriptor.digest);
    const auto blob = source_.blobs().find(descriptor.digest);
    if (blob == source_.blobs().end()) {
      Fault(absl::StrCat("Missing blob ", descriptor.digest.ToString(), ": ",
                         what));
      return false;
    }
    if (blob->second == descriptor.size) return true;
    Fault(absl::StrCat("Corrupted ", what, ": size is ", blob->second,
                       " (expected ", descriptor.size, "), blob ",
                       descriptor.digest.ToString()));
    return false;
  }

  bool CheckDigest(const std::string& what, const Digest& found,
                   const Digest& expected) {
    if (found == expected) return true;
    Fault(absl::StrCat("Corrupted ", what, ": digest is ", found.ToString(),
                       " (expected ", expected.ToString(), ")"));
    return false;
  }

  // The bytes of a blob that is to be parsed, once they are known to be the
  // right ones.
  std::optional<std::string> ReadBlob(const std::string& what,
                                      const Descriptor& descriptor,
                                      uint64_t max_bytes) {
    if (!CheckPresent(what, descriptor)) return std::nullopt;
    absl::StatusOr<std::string> text =
        source_.ReadBlob(descriptor.digest, max_bytes);
    if (!text.ok()) {
      Fault(absl::StrCat("Invalid ", what, ": cannot be read, or longer than ",
                         max_bytes, " bytes"));
      return std::nullopt;
    }
    if (!CheckDigest(what, Sha256(*text), descriptor.digest)) {
      return std::nullopt;
    }
    return *std::move(text);
  }

  bool ReadManifest() {
    std::optional<std::string> text =
        ReadBlob("packet manifest", manifest_descriptor_, kMaxManifestBytes);
    if (!text.has_value()) return false;
    manifest_text_ = *std::move(text);
    const size_t before = report_.faults.size();
    manifest_ = ParseOciManifest(manifest_text_, &report_.faults);
    for (size_t i = before; i < report_.faults.size(); ++i) {
      report_.faults[i] = Printable(report_.faults[i]);
    }
    return report_.faults.size() == before;
  }

  // Reads or hashes every blob, whatever is wrong with the others.
  void ReadBlobs() {
    HashLayers();
    if (std::optional<std::string> text =
            ReadBlob("packet config", manifest_.config, kMaxDocumentBytes)) {
      config_text_ = *std::move(text);
    }
    std::map<std::string, size_t> file_paths;
    std::set<Digest> digests;
    std::map<LayerKind, size_t> counts;
    for (size_t i = 0; i < manifest_.layers.size(); ++i) {
      const Descriptor& layer = manifest_.layers[i];
      if (!file_paths.emplace(layer.file_path, i).second) {
        Fault(absl::StrCat("Invalid packet manifest: two layers are named ",
                           Printable(layer.file_path, 120)));
      }
      if (!digests.insert(layer.digest).second) {
        Fault(absl::StrCat("Invalid packet manifest: two layers are ",
                           layer.digest.ToString()));
      }
      if (const std::optional<LayerKind> kind = CheckName(layer)) {
        ++counts[*kind];
        ReadLayer(*kind, layer);
      }
    }
    for (LayerKind kind : kOnce) {
      if (counts[kind] == 0) {
        Fault(absl::StrCat("Invalid packet manifest: no layer is named ",
                           LayerFilePathPrefix(kind)));
      }
    }
  }

  // What a layer's name says it is.
  std::optional<LayerKind> CheckName(const Descriptor& layer) {
    referenced_.insert(layer.digest);
    const std::optional<LayerKind> kind = LayerKindOfFilePath(layer.file_path);
    if (!IsSafeFilePath(layer.file_path)) {
      Fault(absl::StrCat("Invalid packet manifest: unsafe file name \"",
                         Printable(layer.file_path, 120), "\" of layer ",
                         layer.digest.ToString()));
      return std::nullopt;
    }
    if (!kind.has_value()) {
      Fault(absl::StrCat("Invalid packet manifest: no layer of a packet is "
                         "named \"",
                         Printable(layer.file_path, 120), "\""));
      return std::nullopt;
    }
    if (layer.media_type != LayerMediaType(*kind)) {
      Fault(absl::StrCat("Invalid packet manifest: mediaType of ",
                         layer.file_path, " is \"", Printable(layer.media_type, 120),
                         "\" (expected \"", LayerMediaType(*kind), "\")"));
      return std::nullopt;
    }
    return kind;
  }

  void ReadLayer(LayerKind kind, const Descriptor& layer) {
    report_.layers.push_back({kind, layer.file_path, layer.digest, layer.size});
    if (!IsDocument(kind)) return HashLayer(kind, layer);
    const std::optional<std::string> text =
        ReadBlob(layer.file_path, layer, kMaxDocumentBytes);
    if (!text.has_value()) return;
    absl::Status status;
    if (kind == LayerKind::kRecord) {
      record_text_ = *text;
      status = ParseCanonicalRecord(*text, "release record", &report_.record);
    } else if (kind == LayerKind::kReleaseNode) {
      release_node_text_ = *text;
    } else if (kind == LayerKind::kBom) {
      return ReadBom(*text);
    } else {
      status = AddDocument(kind, *text, contents_);
    }
    if (!status.ok()) {
      Fault(absl::StrCat(layer.file_path, ": ", Printable(status.message())));
    }
  }

  void ReadBom(const std::string& text) {
    bom_text_ = text;
    for (const std::string& fault : CheckBom(text)) Fault(Printable(fault));
  }

  // Whether the layer is to be hashed: the source holds it as the manifest says,
  // and nothing parses it.
  bool IsHashed(const Descriptor& layer) const {
    const std::optional<LayerKind> kind = LayerKindOfFilePath(layer.file_path);
    if (!kind.has_value() || IsDocument(*kind)) return false;
    const auto blob = source_.blobs().find(layer.digest);
    return blob != source_.blobs().end() && blob->second == layer.size;
  }

  // Hashes the blobs that are not parsed, large ones first, on all threads.
  void HashLayers() {
    std::map<Digest, uint64_t> sizes;
    for (const Descriptor& layer : manifest_.layers) {
      if (IsHashed(layer)) sizes.emplace(layer.digest, layer.size);
    }
    hashes_ = HashBlobs(source_, sizes, threads_);
  }

  void HashLayer(LayerKind kind, const Descriptor& layer) {
    if (!CheckPresent(layer.file_path, layer)) return;
    const absl::StatusOr<FileDigest>& file = hashes_.at(layer.digest);
    if (!file.ok()) {
      return Fault(
          absl::StrCat("Invalid ", layer.file_path, ": cannot be read"));
    }
    if (!CheckDigest(layer.file_path, file->digest, layer.digest)) return;
    AddHashed(kind, layer.file_path, {layer.digest, layer.size});
  }

  void AddHashed(LayerKind kind, std::string_view file_path,
                 const HashedBlob& blob) {
    const std::string_view name =
        absl::StripPrefix(file_path, LayerFilePathPrefix(kind));
    if (kind == LayerKind::kModel) {
      contents_.model = blob;
    } else if (kind == LayerKind::kAdapter) {
      contents_.adapters.push_back(blob);
    } else if (kind == LayerKind::kRuntime) {
      contents_.runtimes.push_back(
          {std::string(name.substr(0, name.find('/'))), blob});
    } else if (kind == LayerKind::kNotice) {
      contents_.notices.push_back(blob);
    } else {
      contents_.licenses.push_back({std::string(name), blob});
    }
  }

  void CheckUnreferenced() {
    referenced_.insert(manifest_descriptor_.digest);
    for (const auto& [digest, size] : source_.blobs()) {
      if (referenced_.count(digest) == 0) {
        Fault(absl::StrCat("Invalid layout: ", Printable(source_.PlaceOf(digest)),
                           " belongs to nothing in the packet"));
      }
    }
  }

  // In a packet with faults: which layers that the record names are not even in
  // the manifest.
  void CheckRecordedLayers() {
    const release::ReleaseRecord& record = report_.record;
    CheckRecorded("model", record.model_digest());
    CheckRecorded("model manifest", record.model_manifest_digest());
    for (const std::string& digest : record.adapter_digests()) {
      CheckRecorded("adapter", digest);
    }
    for (const std::string& digest : record.adapter_manifest_digests()) {
      CheckRecorded("adapter manifest", digest);
    }
    for (const std::string& digest : record.operator_receipt_digests()) {
      CheckRecorded("receipt", digest);
    }
    for (const release::Suite& suite : record.suites()) {
      CheckRecorded("suite", suite.digest());
    }
    for (const release::Evidence& evidence : record.sidecars()) {
      CheckRecorded("sidecar", evidence.sidecar_digest());
      CheckRecorded("diagnostics", evidence.diagnostics_digest());
    }
    for (const release::Evidence& evidence : record.baselines()) {
      CheckRecorded("baseline", evidence.sidecar_digest());
    }
    if (!record.scorecard_digest().empty()) {
      CheckRecorded("scorecard", record.scorecard_digest());
    }
    CheckRecorded("policy", record.policy_digest());
    CheckRecorded("decision", record.decision_digest());
    for (const release::Runtime& runtime : record.runtimes()) {
      CheckRecorded("runtime", runtime.digest());
    }
    for (const release::License& license : record.licenses()) {
      CheckRecorded("licence", license.digest());
    }
    for (const release::LinkedLibrary& library : record.linked_libraries()) {
      for (const release::License& notice : library.notices()) {
        CheckRecorded("notice", notice.digest());
      }
    }
    CheckRecorded("bill of materials", record.bom_digest());
    CheckRecorded("release node", record.release_node_digest());
    for (const std::string& digest : record.derivation_node_digests()) {
      CheckRecorded("derivation node", digest);
    }
  }

  void CheckRecorded(std::string_view what, const std::string& text) {
    const absl::StatusOr<Digest> digest = ParseDigest(text);
    if (!digest.ok() || referenced_.count(*digest) != 0) return;
    Fault(absl::StrCat("Invalid packet manifest: no layer is ", text, ", the ",
                       what, " that record.json names"));
  }

  // Every blob is what the manifest says. Now: do they belong together?
  void CheckRecords() {
    const release::ReleaseRecord& record = report_.record;
    contents_.name = record.name();
    contents_.version = record.version();
    contents_.toolchain_pins = {record.toolchain_pins().begin(),
                                record.toolchain_pins().end()};
    contents_.linked_libraries = {record.linked_libraries().begin(),
                                  record.linked_libraries().end()};
    contents_.inputs_digest = record.inputs_digest();
    for (const std::string& fault : CheckCrossLinks(contents_)) {
      Fault(Printable(fault));
    }
    // Building from parts that do not fit would only repeat the same faults.
    if (!report_.faults.empty()) return;
    absl::StatusOr<BuiltPacket> expected = BuildPacket(contents_);
    if (!expected.ok()) return Note(expected.status());
    Compare("release-node.json", release_node_text_, expected->release_node);
    Compare("bom.cdx.json", bom_text_, expected->bom);
    Compare("record.json", record_text_, expected->record);
    Compare("packet config", config_text_, expected->config);
    // Without this, each fault above would come again as a changed digest.
    if (report_.faults.empty()) {
      Compare("packet manifest", manifest_text_, expected->manifest);
    }
  }

  void Compare(std::string_view what, const std::string& found,
               const std::string& expected) {
    if (found == expected) return;
    const absl::StatusOr<Json> found_json = ParseJson(found, what);
    const absl::StatusOr<Json> expected_json = ParseJson(expected, what);
    if (!found_json.ok()) return Note(found_json.status());
    const std::vector<std::string> differences =
        DescribeDifferences(*found_json, *expected_json);
    for (const std::string& difference : differences) {
      Fault(absl::StrCat("Invalid ", what, ": ", difference));
    }
    if (differences.empty()) {
      Fault(absl::StrCat("Invalid ", what, ": not in canonical form"));
    }
  }

  const PacketSource& source_;
  const int threads_;
  VerifyReport& report_;
  std::map<Digest, absl::StatusOr<FileDigest>> hashes_;
  Descriptor manifest_descriptor_;
  OciManifest manifest_;
  std::string manifest_text_;
  std::string config_text_;
  std::string record_text_;
  std::string release_node_text_;
  std::string bom_text_;
  PacketContents contents_;
  std::set<Digest> referenced_;
};

}  // namespace

void PrintFaults(std::FILE* out, const std::vector<std::string>& faults) {
  for (const std::string& fault : faults) {
    std::fprintf(out, "fault: %s\n", fault.c_str());
  }
  std::fprintf(out, "verify: FAILED (faults: %zu)\n", faults.size());
}

VerifyReport VerifyPacket(const PacketSource& source,
                          const std::optional<Digest>& expected_digest,
                          int threads) {
  VerifyReport report;
  Verifier(source, threads, report).Verify(expected_digest);
  return report;
}

absl::StatusOr<VerifyReport> VerifyPacket(
    const std::string& directory,
    const std::optional<Digest>& expected_digest) {
  PEDIGREE_ASSIGN_OR_RETURN(const PacketFiles packet,
                            PacketFiles::OpenLayout(directory));
  return VerifyPacket(packet, expected_digest);
}

}  // namespace pedigree
