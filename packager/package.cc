#include "packager/package.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "packager/derivation.h"
#include "packager/receipt.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/file.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

// The input model: every operator but import and train has one.
const OperatorInput* FindModel(const PackageRequest& request) {
  for (const OperatorInput& input : request.inputs) {
    if (input.role == "model") return &input;
  }
  return nullptr;
}

std::vector<Digest> AdapterDigests(const PackageRequest& request) {
  std::vector<Digest> digests;
  for (const OperatorInput& input : request.inputs) {
    if (input.role == "adapter") digests.push_back(input.digest.Get());
  }
  return digests;
}

// What a descendant takes over from parents and adapters.
struct Inheritance {
  std::vector<packager::License> licenses;
  Terms terms;

  template <typename Record>
  absl::Status Add(const Record& record) {
    licenses.insert(licenses.end(), record.licenses().begin(),
                    record.licenses().end());
    PEDIGREE_ASSIGN_OR_RETURN(const Terms inherited,
                              Terms::FromRecord(record.terms()));
    terms.Tighten(inherited);
    return absl::OkStatus();
  }
};

// Checks each manifest against its adapter, adds it to `inheritance` and
// returns references to both.
absl::StatusOr<std::vector<packager::AdapterReference>> ReadAdapterManifests(
    const PackageRequest& request, Inheritance& inheritance) {
  const std::vector<Digest> adapters = AdapterDigests(request);
  if (request.adapter_manifests.size() != adapters.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid request: ", request.adapter_manifests.size(),
                     " adapter manifests (expected ", adapters.size(), ")"));
  }
  std::vector<packager::AdapterReference> references;
  for (size_t i = 0; i < adapters.size(); ++i) {
    packager::AdapterManifest manifest;
    PEDIGREE_RETURN_IF_ERROR(ParseCanonicalRecord(
        request.adapter_manifests[i], "adapter manifest", &manifest));
    if (manifest.adapter_digest() != adapters[i].ToString()) {
      return absl::FailedPreconditionError(
          absl::StrCat("Adapter manifest does not fit adapter ", i, ": digest ",
                       manifest.adapter_digest(), " (manifest), ",
                       adapters[i].ToString(), " (adapter)"));
    }
    PEDIGREE_RETURN_IF_ERROR(inheritance.Add(manifest));
    packager::AdapterReference& reference = references.emplace_back();
    reference.set_digest(manifest.adapter_digest());
    reference.set_manifest_digest(
        Sha256(request.adapter_manifests[i]).ToString());
  }
  return references;
}

// Checks each parent's node against its model, the inputs' order being that of
// the nodes, and adds it to `inheritance`.
absl::Status AddParents(const PackageRequest& request,
                        Inheritance& inheritance) {
  std::vector<const OperatorInput*> models;
  for (const OperatorInput& input : request.inputs) {
    if (input.role == "model" || input.role == "base") models.push_back(&input);
  }
  if (!request.parents.empty() && request.parents.size() != models.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid request: ", request.parents.size(),
                     " parent nodes (expected ", models.size(), ")"));
  }
  for (size_t i = 0; i < request.parents.size(); ++i) {
    const packager::DerivationNode& parent = request.parents[i];
    PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
        CheckParentNode(parent, models[i]->digest.Get(),
                        AdapterDigests(request)),
        models[i]->path));
    PEDIGREE_RETURN_IF_ERROR(
        AnnotateWithPath(inheritance.Add(parent), models[i]->path));
  }
  return absl::OkStatus();
}

// Adds what licences ask to `info`'s terms.
void AddLicenseTerms(PackageInfo& info) {
  info.licenses = SortLicenses(std::move(info.licenses));
  for (const packager::License& license : info.licenses) {
    info.terms.Tighten(Terms::OfLicense(license.name()));
  }
}

// Adds `inheritance` to `info`, unless that is not allowed.
absl::Status Inherit(const Inheritance& inheritance, PackageInfo& info) {
  for (const packager::License& license : inheritance.licenses) {
    Terms terms = Terms::OfLicense(license.name());
    if (terms.ForbidDerivatives()) {
      return absl::FailedPreconditionError(
          absl::StrCat("Derivatives are forbidden: licence ", license.name(),
                       " (", license.digest(), ") of a parent or adapter"));
    }
  }
  if (inheritance.terms.ForbidDerivatives()) {
    return absl::FailedPreconditionError(
        "Derivatives are forbidden: by a restriction of a parent or adapter");
  }
  info.licenses.insert(info.licenses.end(), inheritance.licenses.begin(),
                       inheritance.licenses.end());
  info.terms.Tighten(inheritance.terms);
  AddLicenseTerms(info);
  std::vector<std::string> names;
  for (const packager::License& license : info.licenses) {
    names.push_back(license.name());
  }
  return CheckLicensesTogether(names);
}

// What is known of the model that the result is or, of an assembly, stands on.
absl::StatusOr<ModelFacts> FindFacts(const PackageRequest& request,
                                     const OperatorOutput& output) {
  if (output.facts.has_value()) return *output.facts;
  ByteSpan bytes = AsBytes(output.bytes);
  Digest digest = output.digest;
  if (output.role == "assembly") {
    const OperatorInput* base = FindModel(request);
    bytes = base->bytes;
    digest = base->digest.Get();
  }
  PEDIGREE_ASSIGN_OR_RETURN(const SlmReader model, SlmReader::Parse(bytes));
  return FactsOf(model, digest);
}

// Runs an operator whose result is held in memory.
absl::StatusOr<OperatorOutput> RunInMemory(const PackageRequest& request) {
  if (request.kept.has_value()) {
    return TakeKeptResult(*request.kept, request.operator_name, request.config,
                          request.inputs);
  }
  return RunOperator(request.operator_name, request.config, request.inputs,
                     request.training_run);
}

// Runs the operator; bytes that are made in pieces go to `staged`, which is set
// then.
absl::StatusOr<OperatorOutput> Run(const PackageRequest& request,
                                   std::shared_ptr<StagedFile>& staged) {
  if (!MakesModelInPieces(request.operator_name)) {
    return RunInMemory(request);
  }
  PEDIGREE_ASSIGN_OR_RETURN(StagedFile file, StagedFile::Create(request.out));
  staged = std::make_shared<StagedFile>(std::move(file));
  return RunToFile(request.operator_name, request.config, request.inputs,
                   staged.get(), request.progress);
}

}  // namespace

absl::StatusOr<std::vector<OutputFile>> PackageModel(
    PackageRequest request, packager::Receipt* receipt_out) {
  // First of all, since inputs may be hashed while it reads them.
  std::shared_ptr<StagedFile> staged;
  PEDIGREE_ASSIGN_OR_RETURN(OperatorOutput output, Run(request, staged));
  Inheritance inheritance;
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::vector<packager::AdapterReference> adapters,
      ReadAdapterManifests(request, inheritance));
  PEDIGREE_RETURN_IF_ERROR(AddParents(request, inheritance));
  PEDIGREE_RETURN_IF_ERROR(Inherit(inheritance, request.info));
  const packager::Receipt receipt = MakeReceipt(
      request.operator_name, request.config, request.inputs, output);
  if (receipt_out != nullptr) *receipt_out = receipt;
  const bool is_assembly = output.role == "assembly";
  PEDIGREE_ASSIGN_OR_RETURN(const ModelFacts model, FindFacts(request, output));
  PEDIGREE_ASSIGN_OR_RETURN(
      const packager::ModelManifest manifest,
      MakeModelManifest(request.info, model,
                        is_assembly
                            ? absl::MakeConstSpan(adapters)
                            : absl::Span<const packager::AdapterReference>()));
  Derivation derivation;
  derivation.operator_name = request.operator_name;
  derivation.config_digest = ConfigDigest(request.config);
  derivation.model_digest = model.digest;
  (is_assembly ? derivation.adapter_digests
               : derivation.fused_adapter_digests) = AdapterDigests(request);
  derivation.parents = request.parents;
  derivation.base_family = request.base_family;
  derivation.quantization = manifest.quantization();
  derivation.tokenizer_checksum = manifest.tokenizer().checksum();
  derivation.licenses = request.info.licenses;
  derivation.terms = request.info.terms;
  PEDIGREE_ASSIGN_OR_RETURN(const packager::DerivationNode node,
                            MakeDerivationNode(derivation));
  std::vector<OutputFile> files = {
      {request.out + ".manifest.json", CanonicalRecord(manifest), nullptr},
      {request.out + ".receipt.json", CanonicalRecord(receipt), nullptr},
      {request.out + ".node.json", CanonicalRecord(node), nullptr}};
  if (!is_assembly) {
    files.push_back({request.out, std::move(output.bytes), std::move(staged)});
  }
  return files;
}

absl::StatusOr<std::vector<OutputFile>> PackageAdapter(
    PackageRequest request, packager::Receipt* receipt_out) {
  AddLicenseTerms(request.info);
  PEDIGREE_ASSIGN_OR_RETURN(OperatorOutput output, RunInMemory(request));
  const packager::Receipt receipt = MakeReceipt(
      request.operator_name, request.config, request.inputs, output);
  if (receipt_out != nullptr) *receipt_out = receipt;
  PEDIGREE_ASSIGN_OR_RETURN(const AdapterReader adapter,
                            AdapterReader::Parse(AsBytes(output.bytes)));
  PEDIGREE_ASSIGN_OR_RETURN(const SlmReader parent,
                            SlmReader::Parse(FindModel(request)->bytes));
  PEDIGREE_ASSIGN_OR_RETURN(
      const packager::AdapterManifest manifest,
      MakeAdapterManifest(request.info, adapter, Sha256(output.bytes), parent));
  std::vector<OutputFile> files = {
      {request.out + ".manifest.json", CanonicalRecord(manifest), nullptr},
      {request.out + ".receipt.json", CanonicalRecord(receipt), nullptr}};
  files.push_back({request.out, std::move(output.bytes), nullptr});
  return files;
}

absl::StatusOr<std::vector<OutputFile>> PackageTokenizer(
    const PackageRequest& request) {
  PEDIGREE_ASSIGN_OR_RETURN(
      OperatorOutput output,
      RunOperator(request.operator_name, request.config, request.inputs));
  const packager::Receipt receipt = MakeReceipt(
      request.operator_name, request.config, request.inputs, output);
  return std::vector<OutputFile>{
      {request.out + ".receipt.json", CanonicalRecord(receipt), nullptr},
      {request.out, std::move(output.bytes), nullptr}};
}

}  // namespace pedigree
