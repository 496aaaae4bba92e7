#include "packager/tokenizers/tokenizer_file.h"

#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "packager/tokenizers/llama2c_tokenizer.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

// A parsed JSON text takes some ten times its length in memory. The largest
// tokenizer.json of a published model is about 35 MB.
constexpr uint64_t kMaxJsonBytes = uint64_t{64} << 20;

absl::Status CheckLength(const SourceFile& file) {
  if (file.bytes.size() <= kMaxJsonBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat(file.path, ": Cannot read: ", file.bytes.size(),
                   " bytes long (at most ", kMaxJsonBytes, ")"));
}

absl::StatusOr<ImportedTokenizer> TakeSection(ByteSpan section,
                                              int64_t source_vocab_size) {
  // Checks that the section's vocab_size is this one.
  PEDIGREE_RETURN_IF_ERROR(
      Tokenizer::Parse(section, static_cast<uint32_t>(source_vocab_size))
          .status());
  ImportedTokenizer tokenizer;
  tokenizer.section = std::string(AsText(section));
  tokenizer.source_row_of_id.resize(source_vocab_size);
  std::iota(tokenizer.source_row_of_id.begin(),
            tokenizer.source_row_of_id.end(), 0);
  return tokenizer;
}

}  // namespace

absl::StatusOr<ImportedTokenizer> ImportTokenizerFile(
    const SourceFile& file, const std::optional<SourceFile>& config,
    const SourceTokenIds& ids, int64_t source_vocab_size) {
  const std::string_view text = AsText(file.bytes);
  if (absl::StartsWith(text, "BTOK") || absl::StartsWith(text, "BPE1")) {
    absl::StatusOr<ImportedTokenizer> tokenizer =
        TakeSection(file.bytes, source_vocab_size);
    if (tokenizer.ok()) return tokenizer;
    return AnnotateWithPath(tokenizer.status(), file.path);
  }
  if (absl::StartsWith(text, "{")) {
    PEDIGREE_RETURN_IF_ERROR(CheckLength(file));
    if (config.has_value()) PEDIGREE_RETURN_IF_ERROR(CheckLength(*config));
    return ImportHfTokenizer({file, config.value_or(SourceFile()), ids},
                             source_vocab_size);
  }
  return ImportLlama2cTokenizer(file, source_vocab_size);
}

}  // namespace pedigree
