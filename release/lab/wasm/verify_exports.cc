// The exports of verify.wasm: the verification that `pedigree packet verify`
// does, over a packet whose host lists, reads and hashes it. Built for wasm32
// only.
//
// The host is this site's own worker (../worker/verify_module.js). One module
// holds one packet. Texts come as pointers and lengths into the module's memory,
// in blocks of verify_alloc; digests as hex digits. Results are UTF-8 JSON at
// verify_result and live until the next call.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "release/lab/wasm/held_packet.h"
#include "release/layer.h"
#include "release/oci.h"
#include "release/printable.h"
#include "release/statements/claim_kind.h"
#include "release/statements/statement.h"
#include "release/statements/statement_faults.h"
#include "release/statements/statement_parts.h"
#include "release/statements/statements.h"
#include "release/verify.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

HeldPacket& Packet() {
  static auto& packet = *new std::unique_ptr<HeldPacket>(new HeldPacket);
  return *packet;
}

std::string& Result() {
  static std::string& result = *new std::string;
  return result;
}

std::string_view Text(const char* text, uint32_t length) {
  return std::string_view(text, length);
}

absl::StatusOr<Digest> ReadDigest(const char* hex, uint32_t length) {
  return ParseDigest(absl::StrCat("sha256:", Text(hex, length)));
}

// Names come from a folder of the reader's: what is no UTF-8 is replaced.
void SetResult(const Json& json) {
  Result() = json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json ReportJson(const VerifyReport& report) {
  Json layers = Json::array();
  for (const Layer& layer : report.layers) {
    layers.push_back({{"digest", layer.digest.ToString()},
                      {"file_path", layer.file_path},
                      {"size", layer.size}});
  }
  return {{"digest", report.digest.has_value() ? report.digest->ToString() : ""},
          {"faults", report.faults},
          {"layers", std::move(layers)}};
}

void SetFault(const std::string& kind, const absl::Status& status) {
  SetResult({{"fault", Printable(status.message())}, {"kind", kind}});
}

}  // namespace

#define PEDIGREE_EXPORT(name) extern "C" __attribute__((export_name(#name)))

PEDIGREE_EXPORT(verify_alloc) void* verify_alloc(uint32_t length) {
  return std::malloc(length);
}

PEDIGREE_EXPORT(verify_free) void verify_free(void* block) {
  std::free(block);
}

// Something in the folder that no packet holds.
PEDIGREE_EXPORT(verify_add_fault)
void verify_add_fault(const char* text, uint32_t length) {
  Packet().AddFault(std::string(Text(text, length)));
}

// "oci-layout" or "index.json"; `too_long` in place of the text of one that is.
PEDIGREE_EXPORT(verify_add_part)
void verify_add_part(const char* name, uint32_t name_length, const char* text,
                     uint32_t length, uint32_t too_long) {
  std::optional<std::string> part;
  if (too_long == 0) part = std::string(Text(text, length));
  Packet().AddPart(Text(name, name_length), std::move(part));
}

// A file below blobs/sha256 whose name is a digest.
PEDIGREE_EXPORT(verify_add_blob)
void verify_add_blob(const char* hex, uint32_t hex_length, double size) {
  const absl::StatusOr<Digest> digest = ReadDigest(hex, hex_length);
  if (digest.ok()) Packet().AddBlob(*digest, static_cast<uint64_t>(size));
}

PEDIGREE_EXPORT(verify_add_document)
void verify_add_document(const char* hex, uint32_t hex_length,
                         const char* bytes, uint32_t length) {
  const absl::StatusOr<Digest> digest = ReadDigest(hex, hex_length);
  if (digest.ok()) {
    Packet().AddDocument(*digest, std::string(Text(bytes, length)));
  }
}

PEDIGREE_EXPORT(verify_add_hash)
void verify_add_hash(const char* hex, uint32_t hex_length,
                     const char* found_hex, uint32_t found_length, double size) {
  const absl::StatusOr<Digest> digest = ReadDigest(hex, hex_length);
  const absl::StatusOr<Digest> found = ReadDigest(found_hex, found_length);
  if (digest.ok() && found.ok()) {
    Packet().AddHash(*digest, {*found, static_cast<uint64_t>(size)});
  }
}

// Result: {"digest": hex, or "" when there is none, "fault", "size"}.
PEDIGREE_EXPORT(verify_indexed_manifest) void verify_indexed_manifest() {
  const absl::StatusOr<Descriptor> manifest = Packet().IndexedManifest();
  SetResult({{"digest", manifest.ok() ? manifest->digest.Hex() : ""},
             {"fault", std::string(manifest.status().message())},
             {"size", manifest.ok() ? manifest->size : 0}});
}

// Result: {"blobs": [{"digest", "document", "file_path", "size"}], "faults"};
// config first. Without a manifest of the right digest there are no blobs.
PEDIGREE_EXPORT(verify_named_blobs) void verify_named_blobs() {
  std::vector<std::string> faults;
  Json blobs = Json::array();
  const absl::StatusOr<std::vector<NamedBlob>> named =
      Packet().NamedBlobs(&faults);
  if (named.ok()) {
    for (const NamedBlob& blob : *named) {
      blobs.push_back({{"digest", blob.digest.Hex()},
                       {"document", blob.is_document},
                       {"file_path", blob.file_path},
                       {"size", blob.size}});
    }
  }
  SetResult({{"blobs", std::move(blobs)}, {"faults", faults}});
}

// Verifies, against the digest `hex` unless `length` is 0. Result: {"digest",
// "faults", "layers"}.
PEDIGREE_EXPORT(verify_packet)
void verify_packet(const char* hex, uint32_t length) {
  std::optional<Digest> expected;
  if (length != 0) {
    const absl::StatusOr<Digest> digest = ReadDigest(hex, length);
    if (digest.ok()) expected = *digest;
  }
  SetResult(ReportJson(VerifyPacket(Packet(), expected, /*threads=*/1)));
}

// Of a packet that verified: whether a statement says what the packet gives.
// Result: {"fault": "" when it does, "kind": "" when it is none}.
PEDIGREE_EXPORT(verify_check_statement)
void verify_check_statement(const char* text, uint32_t length) {
  const absl::StatusOr<Statement> statement =
      ParseStatement(Text(text, length), "claim");
  if (!statement.ok()) return SetFault("", statement.status());
  const std::string kind(ClaimName(statement->kind));
  const absl::StatusOr<StatementParts> parts = LoadStatementParts(Packet());
  if (!parts.ok()) return SetFault(kind, parts.status());
  const absl::StatusOr<std::vector<std::string>> faults =
      FindStatementFaults(*statement, *parts, absl::StrCat("claim ", kind));
  if (!faults.ok()) return SetFault(kind, faults.status());
  SetResult({{"fault", faults->empty() ? "" : faults->front()}, {"kind", kind}});
}

// Of a packet that verified: the statements that follow from it. Result: by
// kind, their canonical text; {} when there are none.
PEDIGREE_EXPORT(verify_make_statements) void verify_make_statements() {
  Json texts = Json::object();
  const absl::StatusOr<StatementParts> parts = LoadStatementParts(Packet());
  if (parts.ok()) {
    const auto statements = MakeStatements(*parts);
    if (statements.ok()) {
      for (const auto& [kind, text] : *statements) {
        texts[std::string(ClaimName(kind))] = text;
      }
    }
  }
  SetResult(texts);
}

PEDIGREE_EXPORT(verify_result) const char* verify_result() {
  return Result().data();
}

PEDIGREE_EXPORT(verify_result_length) uint32_t verify_result_length() {
  return static_cast<uint32_t>(Result().size());
}

}  // namespace pedigree
