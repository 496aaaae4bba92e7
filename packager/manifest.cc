#include "packager/manifest.h"

#include <algorithm>
#include <memory>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "packager/decimal.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/status_macros.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

packager::Shape ShapeRecord(const ModelShape& shape) {
  packager::Shape record;
  record.set_tied_output(shape.tied_output);
  record.set_vocab_size(shape.vocab_size);
  record.set_special_token_count(shape.special_token_count);
  record.set_hidden_size(shape.hidden_size);
  record.set_layer_count(shape.layer_count);
  record.set_head_count(shape.head_count);
  record.set_kv_head_count(shape.kv_head_count);
  record.set_head_dim(shape.head_dim);
  record.set_ffn_size(shape.ffn_size);
  record.set_max_context(shape.max_context);
  record.set_rope_theta(FormatDecimal(shape.rope_theta));
  record.set_rms_norm_epsilon(FormatDecimal(shape.rms_norm_epsilon));
  return record;
}

packager::TensorRecord DescribeTensor(const TensorSpec& spec,
                                      const TensorEntry& entry,
                                      const Digest& digest) {
  packager::TensorRecord record;
  record.set_name(spec.name);
  record.set_dtype(std::string(DTypeName(entry.dtype)));
  for (uint32_t i = 0; i < spec.rank; ++i) record.add_dims(spec.dims[i]);
  record.set_block_size(entry.block_size);
  record.set_digest(digest.ToString());
  return record;
}

void SetLicenses(const std::vector<packager::License>& licenses,
                 google::protobuf::RepeatedPtrField<packager::License>* field) {
  for (const packager::License& license : licenses) *field->Add() = license;
}

}  // namespace

std::vector<packager::License> SortLicenses(
    std::vector<packager::License> licenses) {
  const auto key = [](const packager::License& license) {
    return std::tie(license.name(), license.digest());
  };
  std::sort(licenses.begin(), licenses.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  licenses.erase(std::unique(licenses.begin(), licenses.end(),
                             [&](const auto& a, const auto& b) {
                               return key(a) == key(b);
                             }),
                 licenses.end());
  return licenses;
}

std::string Quantization(const ModelFacts& model) {
  return std::string(DTypeName(model.entries[0].dtype));
}

std::string ChecksumText(uint64_t checksum) {
  return absl::StrCat("xxh3-64:", absl::Hex(checksum, absl::kZeroPad16));
}

absl::StatusOr<packager::ModelManifest> MakeModelManifest(
    const PackageInfo& info, const ModelFacts& model,
    absl::Span<const packager::AdapterReference> adapters) {
  const ByteSpan tokenizer_section = AsBytes(model.tokenizer_section);
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::unique_ptr<const Tokenizer> tokenizer,
      Tokenizer::Parse(tokenizer_section, model.shape.vocab_size));
  std::vector<Digest> adapter_digests;
  packager::ModelManifest manifest;
  for (const packager::AdapterReference& adapter : adapters) {
    PEDIGREE_ASSIGN_OR_RETURN(const Digest digest,
                              ParseDigest(adapter.digest()));
    adapter_digests.push_back(digest);
    *manifest.add_adapters() = adapter;
  }
  manifest.set_schema_version("pedigree.model_manifest.v1");
  manifest.set_name(info.name);
  manifest.set_version(info.version);
  manifest.set_format("slm1");
  manifest.set_model_digest(model.digest.ToString());
  manifest.set_file_bytes(model.file_bytes);
  manifest.set_assembly_digest(
      AssemblyDigest(model.digest, adapter_digests).ToString());
  *manifest.mutable_shape() = ShapeRecord(model.shape);
  manifest.set_quantization(Quantization(model));
  manifest.set_tensor_layout_checksum(
      ChecksumText(TensorLayoutChecksum(model.entries)));
  packager::TokenizerIdentity* identity = manifest.mutable_tokenizer();
  identity->set_kind(std::string(tokenizer->kind()));
  identity->set_checksum(ChecksumText(Checksum(tokenizer_section)));
  identity->set_digest(Sha256(tokenizer_section).ToString());
  const std::vector<TensorSpec> specs = CanonicalTensors(model.shape);
  uint64_t parameter_count = 0;
  for (size_t i = 0; i < specs.size(); ++i) {
    parameter_count += specs[i].element_count();
    *manifest.add_tensors() =
        DescribeTensor(specs[i], model.entries[i], model.tensor_digests[i]);
  }
  manifest.set_parameter_count(parameter_count);
  SetLicenses(info.licenses, manifest.mutable_licenses());
  *manifest.mutable_terms() = info.terms.ToRecord();
  return manifest;
}

absl::StatusOr<packager::AdapterManifest> MakeAdapterManifest(
    const PackageInfo& info, const AdapterReader& adapter,
    const Digest& adapter_digest, const SlmReader& parent) {
  packager::AdapterManifest manifest;
  manifest.set_schema_version("pedigree.adapter_manifest.v1");
  manifest.set_name(info.name);
  manifest.set_version(info.version);
  manifest.set_family(std::string(AdapterFamily(adapter.kind())));
  manifest.set_adapter_digest(adapter_digest.ToString());
  manifest.set_file_bytes(adapter.file_bytes().size());
  const ParentIdentity& identity = adapter.parent();
  packager::AdapterParent* record = manifest.mutable_parent();
  record->set_model_digest(identity.model_digest.ToString());
  record->set_model_flags(identity.model_flags);
  record->set_tensor_count(identity.tensor_count);
  record->set_parameter_count(identity.parameter_count);
  record->set_tensor_layout_checksum(
      ChecksumText(identity.tensor_layout_checksum));
  record->set_tokenizer_checksum(ChecksumText(identity.tokenizer_checksum));
  for (const AdapterPayload& payload : adapter.payloads()) {
    const int index = parent.FindTensor(payload.name_hash);
    if (index < 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid adapter: the parent has no tensor with name hash ",
          absl::Hex(payload.name_hash, absl::kZeroPad16)));
    }
    packager::AdapterTensor* tensor = manifest.add_tensors();
    tensor->set_name(parent.specs()[index].name);
    tensor->set_kind(std::string(AdapterKindName(payload.kind)));
    for (uint32_t i = 0; i < payload.rank; ++i) {
      tensor->add_dims(payload.dims[i]);
    }
  }
  SetLicenses(info.licenses, manifest.mutable_licenses());
  *manifest.mutable_terms() = info.terms.ToRecord();
  return manifest;
}

}  // namespace pedigree
