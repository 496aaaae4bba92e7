#include "packager/receipt_commands.h"

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "packager/file_digest.h"
#include "packager/receipt.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

struct VerifyOptions {
  std::string receipt;
  std::string inputs;
};

// The regular files of a folder by digest.
class Folder {
 public:
  static absl::StatusOr<Folder> Open(const std::string& path) {
    Folder folder;
    folder.path_ = path;
    std::error_code error;
    std::filesystem::directory_iterator entry(path, error);
    const std::filesystem::directory_iterator end;
    for (; !error && entry != end; entry.increment(error)) {
      if (!entry->is_regular_file(error) || error) continue;
      PEDIGREE_ASSIGN_OR_RETURN(MappedFile file,
                                MappedFile::Open(entry->path().string()));
      const Digest digest = DigestOf(file);
      folder.files_.emplace(digest, std::move(file));
    }
    if (error) {
      return absl::NotFoundError(
          absl::StrCat("Cannot list ", path, ": ", error.message()));
    }
    return folder;
  }

  absl::StatusOr<FoundInput> Find(const Digest& digest) const {
    const auto file = files_.find(digest);
    if (file == files_.end()) {
      return absl::NotFoundError(absl::StrCat("Missing input: no file in ",
                                              path_, " has digest ",
                                              digest.ToString()));
    }
    return FoundInput{file->second.bytes(), &file->second};
  }

 private:
  std::string path_;
  std::map<Digest, MappedFile> files_;
};

absl::StatusOr<Outcome> Verify(const VerifyOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.receipt));
  PEDIGREE_ASSIGN_OR_RETURN(const Folder folder, Folder::Open(options.inputs));
  absl::StatusOr<ReceiptCheck> check = VerifyReceipt(
      text, [&](const Digest& digest) { return folder.Find(digest); });
  if (!check.ok()) return AnnotateWithPath(check.status(), options.receipt);
  if (!check->difference.empty()) {
    std::printf("receipt: BAD (%s)\n", check->difference.c_str());
    return Outcome::kBad;
  }
  std::printf("receipt: GOOD (%s %s)\n", check->stored.operator_().c_str(),
              check->stored.output().digest().c_str());
  return Outcome::kGood;
}

}  // namespace

void AddReceiptCommands(CommandLine& command_line) {
  CLI::App* group = command_line.Add(
      nullptr, "receipt", "Check what operators say they did", nullptr);
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command =
      command_line.Add(group, "verify", "Run the operator again and compare",
                       [options] { return Verify(*options); });
  command->add_option("receipt", options->receipt, "Receipt")->required();
  command
      ->add_option("--inputs", options->inputs,
                   "Folder with the operator's inputs, found by digest")
      ->required();
}

}  // namespace pedigree
