// Encodes and decodes with an imported tokenizer, for compare.py.
//
//   encode_texts encode|decode|section FILE ROWS [key=id...]
//
// FILE is a tokenizer.json of a model with ROWS embedding rows, or, when its name
// ends with .spm, a SentencePiece vocabulary as a GGUF file has it: for each
// token f32 score, i32 type, u32 length, the bytes. Keys are bos,
// pad and eos (any number of it). With `section` the tokenizer section itself is
// written to standard output. Else standard input is frames: u32 length, that many bytes (encode: a text;
// decode: u32 source ids). For each, a frame of the source ids (encode) or the
// decoded bytes (decode) is written to standard output. Little-endian.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

bool ReadFrame(std::string& frame) {
  uint32_t size;
  if (std::fread(&size, sizeof(size), 1, stdin) != 1) return false;
  frame.resize(size);
  return std::fread(frame.data(), 1, size, stdin) == size;
}

void WriteFrame(std::string_view frame) {
  const auto size = static_cast<uint32_t>(frame.size());
  std::fwrite(&size, sizeof(size), 1, stdout);
  std::fwrite(frame.data(), 1, frame.size(), stdout);
}

int Fail(const absl::Status& status) {
  std::cerr << status.message() << "\n";
  return 2;
}

SourceTokenIds ReadIds(int argc, char** argv) {
  SourceTokenIds ids;
  for (int i = 4; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const int64_t id = std::atoll(argv[i] + 4);
    if (argument.substr(0, 4) == "bos=") ids.bos = id;
    if (argument.substr(0, 4) == "pad=") ids.pad = id;
    if (argument.substr(0, 4) == "eos=") ids.eos.push_back(id);
  }
  return ids;
}

absl::StatusOr<ImportedTokenizer> ImportSpm(const std::string& path,
                                            std::string_view bytes,
                                            const SourceTokenIds& ids,
                                            int64_t row_count) {
  GgufTokenizer source;
  source.path = path;
  source.model = "llama";
  source.ids = ids;
  while (bytes.size() >= 12) {
    const uint8_t* record = AsBytes(bytes).data();
    source.scores.push_back(LoadLittleEndian<float>(record));
    source.token_types.push_back(LoadLittleEndian<int32_t>(record + 4));
    const auto size = LoadLittleEndian<uint32_t>(record + 8);
    source.tokens.push_back(bytes.substr(12, size));
    bytes.remove_prefix(std::min<size_t>(bytes.size(), 12 + size_t{size}));
  }
  return ImportGgufTokenizer(source, row_count);
}

absl::StatusOr<ImportedTokenizer> ImportFile(const std::string& path,
                                             std::string_view bytes,
                                             const SourceTokenIds& ids,
                                             int64_t row_count) {
  if (absl::EndsWith(path, ".spm")) {
    return ImportSpm(path, bytes, ids, row_count);
  }
  HfTokenizerFiles files;
  files.tokenizer_json = {path, AsBytes(bytes)};
  files.ids = ids;
  return ImportHfTokenizer(files, row_count);
}

int Encode(const Tokenizer& tokenizer, const std::vector<int64_t>& rows) {
  std::string frame;
  while (ReadFrame(frame)) {
    const auto ids = tokenizer.Encode(frame);
    if (!ids.ok()) return Fail(ids.status());
    std::string out;
    for (const uint32_t id : *ids) {
      AppendLittleEndian(static_cast<uint32_t>(rows[id]), out);
    }
    WriteFrame(out);
  }
  return 0;
}

int Decode(const Tokenizer& tokenizer, const std::vector<int64_t>& rows) {
  std::vector<uint32_t> id_of_row;
  for (uint32_t id = rows.size(); id-- > 0;) {
    if (rows[id] == kAbsentRow) continue;
    const auto row = static_cast<size_t>(rows[id]);
    if (row >= id_of_row.size()) id_of_row.resize(row + 1);
    id_of_row[row] = id;
  }
  std::string frame;
  while (ReadFrame(frame)) {
    std::vector<uint32_t> ids;
    for (size_t i = 0; i + 4 <= frame.size(); i += 4) {
      const ByteSpan bytes = AsBytes(frame);
      ids.push_back(id_of_row[LoadLittleEndian<uint32_t>(&bytes[i])]);
    }
    // As text behind a BOS, so that the space of a prefix is dropped.
    WriteFrame(ReplaceInvalidUtf8(
        tokenizer.DecodeBytes(ids, tokenizer.bos())));
  }
  return 0;
}

int Main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr
        << "usage: encode_texts encode|decode|section FILE ROWS [key=id...]\n";
    return 2;
  }
  const auto text = ReadFile(argv[2]);
  if (!text.ok()) return Fail(text.status());
  const auto imported = ImportFile(argv[2], *text, ReadIds(argc, argv),
                                   std::atoll(argv[3]));
  if (!imported.ok()) return Fail(imported.status());
  const auto& rows = imported->source_row_of_id;
  const auto tokenizer =
      Tokenizer::Parse(AsBytes(imported->section), rows.size());
  if (!tokenizer.ok()) return Fail(tokenizer.status());
  const std::string_view mode = argv[1];
  if (mode == "section") {
    std::fwrite(imported->section.data(), 1, imported->section.size(), stdout);
    return 0;
  }
  return mode == "encode" ? Encode(**tokenizer, rows) : Decode(**tokenizer, rows);
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) { return pedigree::Main(argc, argv); }
