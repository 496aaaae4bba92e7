#include "packager/receipt.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "packager/decimal.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

void SetReference(std::string_view role, const Digest& digest, uint64_t size,
                  packager::FileReference* reference) {
  reference->set_role(std::string(role));
  reference->set_digest(digest.ToString());
  reference->set_file_bytes(size);
}

}  // namespace

packager::Receipt MakeReceipt(std::string_view operator_name,
                              const packager::OperatorConfig& config,
                              absl::Span<const OperatorInput> inputs,
                              const OperatorOutput& output) {
  packager::Receipt receipt;
  receipt.set_schema_version("pedigree.receipt.v1");
  receipt.set_operator_(std::string(operator_name));
  receipt.set_operator_version(std::string(kOperatorVersion));
  *receipt.mutable_config() = config;
  receipt.set_config_digest(ConfigDigest(config).ToString());
  for (const OperatorInput& input : inputs) {
    SetReference(input.role, input.digest.Get(), input.bytes.size(),
                 receipt.add_inputs());
  }
  SetReference(output.role, output.digest, output.file_bytes,
               receipt.mutable_output());
  for (const StorageException& exception : output.exceptions) {
    packager::StorageNote* note = receipt.add_storage_notes();
    note->set_tensor(exception.tensor);
    note->set_asked(config.dtype());
    note->set_stored(std::string(DTypeName(exception.stored)));
    note->set_reason(exception.reason);
  }
  for (const StoredTensorError& error : output.errors) {
    packager::StorageErrorNote* note = receipt.add_storage_errors();
    note->set_tensor(error.tensor);
    note->set_stored(std::string(DTypeName(error.stored)));
    note->set_relative_error(FormatDecimal(error.error.relative));
    note->set_largest_error(FormatDecimal(error.error.largest));
  }
  for (const TokenIdRange& range : output.id_map) {
    packager::IdRange* record = receipt.add_id_map();
    record->set_first_id(range.first_id);
    record->set_count(range.count);
    record->set_source_first_id(range.source_first_id);
    record->set_absent(range.absent);
  }
  if (output.difference.has_value()) {
    packager::DifferenceNote* note = receipt.mutable_difference();
    note->set_changed_values(output.difference->changed_values);
    note->set_inexact_values(output.difference->inexact_values);
    note->set_largest_error(FormatDecimal(output.difference->largest_error));
  }
  if (output.training.has_value()) {
    *receipt.mutable_training() = *output.training;
  }
  return receipt;
}

std::string ReceiptDifference(const packager::Receipt& stored,
                              const packager::Receipt& computed) {
  if (stored.output().digest() != computed.output().digest()) {
    return absl::StrCat("output: ", stored.output().digest(), " (receipt), ",
                        computed.output().digest(), " (computed)");
  }
  if (stored.config_digest() != computed.config_digest()) {
    return absl::StrCat("config_digest: ", stored.config_digest(),
                        " (receipt), ", computed.config_digest(),
                        " (computed)");
  }
  const std::string stored_text = CanonicalRecord(stored);
  const std::string computed_text = CanonicalRecord(computed);
  if (stored_text == computed_text) return "";
  size_t i = 0;
  while (stored_text[i] == computed_text[i]) ++i;
  return absl::StrCat("record: differs from byte ", i);
}

absl::StatusOr<packager::Receipt> ParseReceipt(std::string_view text) {
  packager::Receipt receipt;
  PEDIGREE_RETURN_IF_ERROR(ParseCanonicalRecord(text, "receipt", &receipt));
  if (receipt.schema_version() != "pedigree.receipt.v1" ||
      receipt.operator_version() != kOperatorVersion) {
    return absl::UnimplementedError(absl::StrCat(
        "Unsupported receipt: schema_version \"", receipt.schema_version(),
        "\", operator_version \"", receipt.operator_version(),
        "\" (this build runs \"pedigree.receipt.v1\", \"", kOperatorVersion,
        "\")"));
  }
  return receipt;
}

absl::StatusOr<ReceiptCheck> VerifyReceipt(std::string_view receipt_text,
                                           const FindInput& find_input) {
  ReceiptCheck check;
  PEDIGREE_ASSIGN_OR_RETURN(check.stored, ParseReceipt(receipt_text));
  std::vector<OperatorInput> inputs;
  for (const packager::FileReference& reference : check.stored.inputs()) {
    PEDIGREE_ASSIGN_OR_RETURN(const Digest digest,
                              ParseDigest(reference.digest()));
    PEDIGREE_ASSIGN_OR_RETURN(const FoundInput found, find_input(digest));
    inputs.push_back({reference.role(), reference.role(), found.bytes, digest,
                      found.mapped});
  }
  const std::string& name = check.stored.operator_();
  PEDIGREE_ASSIGN_OR_RETURN(
      const OperatorOutput output,
      RunForDigest(name, check.stored.config(), inputs));
  check.computed = MakeReceipt(check.stored.operator_(), check.stored.config(),
                               inputs, output);
  check.difference = ReceiptDifference(check.stored, check.computed);
  return check;
}

}  // namespace pedigree
