#include "packager/command_inputs.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "packager/derivation.h"
#include "packager/file_digest.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// "dir/name.ext" without folders and extension.
std::string Stem(const std::string& path) {
  const std::string file = path.substr(path.rfind('/') + 1);
  return file.substr(0, file.rfind('.'));
}

absl::StatusOr<packager::License> ReadLicense(const std::string& option) {
  const size_t equals = option.find('=');
  if (equals == 0 || equals == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid --license: \"", option, "\" (expected SPDX-ID=FILE)"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile file,
                            MappedFile::Open(option.substr(equals + 1)));
  packager::License license;
  license.set_name(option.substr(0, equals));
  license.set_digest(Sha256(file.bytes()).ToString());
  return license;
}

// Tells how far `task` is on a line of its own, once a percent. Null where
// nobody watches.
Progress TerminalProgress(std::string task) {
  if (isatty(STDERR_FILENO) == 0) return nullptr;
  auto last = std::make_shared<uint64_t>(0);
  return [task = std::move(task), last](uint64_t done, uint64_t total) {
    const uint64_t percent = done / (total / 100 + 1);
    if (percent == *last && done < total) return;
    *last = percent;
    std::fprintf(stderr, "\r%s: %llu of %llu MB%s", task.c_str(),
                 static_cast<unsigned long long>(done / 1000000),
                 static_cast<unsigned long long>(total / 1000000),
                 done < total ? "" : "\n");
  };
}

}  // namespace

void AddPackageOptions(CLI::App* command, PackageOptions* options) {
  command->add_option("--out", options->out, "File to write")->required();
  command->add_option("--name", options->name,
                      "Name in the manifest; default: that of the file");
  command->add_option("--version", options->version,
                      "Version in the manifest; default: 0.0.0");
  command->add_option("--license", options->licenses,
                      "SPDX-ID=FILE; may be repeated");
  command->add_option("--restriction", options->restrictions,
                      "SCALE=LEVEL that the data asks for, such as "
                      "personal_data=personal; may be repeated. Descendants "
                      "inherit the strictest (docs/formats/lineage.md)");
}

void AddReportOption(CLI::App* command, bool* report) {
  command->add_flag("--report", *report,
                    "Print what quantising cost, tensor by tensor; the receipt "
                    "has it in any case");
}

void AddStorageOptions(CLI::App* command, StorageOptions* options) {
  command->add_option("--dtype", options->dtype,
                      "Storage of matrices: f32, q8_0 or q4_0; default: f32");
  command->add_option("--q8-0-group", options->q8_0_group,
                      "Columns a q8_0 scale covers: row or 32; default: row");
  command->add_option("--tensor", options->tensors,
                      "PATTERN=DTYPE: another storage for the matrices whose "
                      "names match, such as 'layers.0.*=q8_0'; may be "
                      "repeated, the first match holds");
  AddReportOption(command, &options->report);
}

absl::Status SetStorage(const StorageOptions& options,
                        packager::OperatorConfig& config) {
  config.set_dtype(options.dtype);
  config.set_q8_0_group(options.q8_0_group);
  for (const std::string& option : options.tensors) {
    const size_t equals = option.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid --tensor: \"", option, "\" (expected PATTERN=DTYPE)"));
    }
    packager::TensorStorage& rule =
        *config.mutable_tensor_storage()->add_tensors();
    rule.set_pattern(option.substr(0, equals));
    rule.set_dtype(option.substr(equals + 1));
  }
  return absl::OkStatus();
}

absl::StatusOr<PackageInfo> ReadPackageInfo(const PackageOptions& options) {
  PackageInfo info;
  info.name = options.name.empty() ? Stem(options.out) : options.name;
  info.version = options.version;
  for (const std::string& option : options.licenses) {
    PEDIGREE_ASSIGN_OR_RETURN(packager::License license, ReadLicense(option));
    info.licenses.push_back(std::move(license));
  }
  for (const std::string& option : options.restrictions) {
    PEDIGREE_ASSIGN_OR_RETURN(const Terms terms, Terms::Parse(option));
    info.terms.Tighten(terms);
  }
  return info;
}

absl::Status MappedInputs::Add(std::string role, const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  files_.push_back(std::move(file));
  const MappedFile& mapped = files_.back();
  inputs_.push_back(
      {std::move(role), path, mapped.bytes(), LazyDigest::Start(mapped),
       &mapped});
  return absl::OkStatus();
}

absl::StatusOr<PackageRequest> MakeRequest(std::string operator_name,
                                           const PackageOptions& options,
                                           const MappedInputs& inputs) {
  PackageRequest request;
  request.operator_name = std::move(operator_name);
  request.inputs = inputs.inputs();
  PEDIGREE_ASSIGN_OR_RETURN(request.info, ReadPackageInfo(options));
  request.out = options.out;
  request.progress = TerminalProgress(request.operator_name);
  return request;
}

absl::Status AddParentNode(const std::string& path, const std::string& model,
                           PackageRequest& request) {
  const std::string file = path.empty() ? model + ".node.json" : path;
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  absl::StatusOr<packager::DerivationNode> node = ParseDerivationNode(text);
  if (!node.ok()) return AnnotateWithPath(node.status(), file);
  request.parents.push_back(*std::move(node));
  return absl::OkStatus();
}

}  // namespace pedigree
