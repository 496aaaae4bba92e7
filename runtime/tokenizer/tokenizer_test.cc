// What tokenizers do with text. What sections are refused, message by message,
// is in fixtures/tokenizer/malformed and tested by //fixtures/gen.

#include "runtime/tokenizer/tokenizer.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

using Ids = std::vector<uint32_t>;

std::unique_ptr<const Tokenizer> Read(const std::string& name,
                                      uint32_t vocab_size) {
  const auto section = ReadFile("fixtures/tokenizer/valid/" + name + ".tok");
  EXPECT_TRUE(section.ok()) << section.status();
  auto tokenizer = Tokenizer::Parse(AsBytes(*section), vocab_size);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

// Ids of the fixture pieces.tok.
constexpr uint32_t kSpace = 260;
constexpr uint32_t kT = 261;
constexpr uint32_t kThe = 265;
constexpr uint32_t kSpaceThe = 266;
constexpr uint32_t kEAcute = 267;

TEST(TokenizerTest, NamesItsKindAndIds) {
  EXPECT_EQ(Read("btok", 260)->kind(), "btok");
  EXPECT_EQ(Read("the", 262)->kind(), "bpe1");
  const auto pieces = Read("pieces", 268);
  EXPECT_EQ(pieces->kind(), "bpe1-v2");
  EXPECT_EQ(pieces->vocab_size(), 268u);
  EXPECT_EQ(pieces->bos(), 256u);
  EXPECT_EQ(pieces->eos(), 257u);
  EXPECT_EQ(pieces->pad(), 258u);
  EXPECT_EQ(pieces->unk(), 259u);
}

TEST(TokenizerTest, StopIdsAreEosOrTheSectionsOwn) {
  EXPECT_EQ(Read("btok", 260)->stop_ids(), Ids({257}));
  EXPECT_EQ(Read("the", 262)->stop_ids(), Ids({257}));
  EXPECT_EQ(Read("pieces", 268)->stop_ids(), Ids({256, 257}));
}

TEST(TokenizerTest, PadUnkAndAbsentIdsAreExcluded) {
  for (const auto& tokenizer : {Read("btok", 260), Read("pieces", 268)}) {
    const std::vector<bool>& excluded = tokenizer->excluded();
    ASSERT_EQ(excluded.size(), tokenizer->vocab_size());
    for (uint32_t id = 0; id < excluded.size(); ++id) {
      EXPECT_EQ(excluded[id], id == 258 || id == 259) << id;
    }
  }
}

TEST(TokenizerTest, BtokIsBosBytesEos) {
  const auto tokenizer = Read("btok", 260);
  EXPECT_EQ(tokenizer->Encode("Hi\xff").value(),
            Ids({256, 'H', 'i', 255, 257}));
  EXPECT_EQ(tokenizer->EncodePrompt("Hi").value(), Ids({256, 'H', 'i'}));
  EXPECT_EQ(tokenizer->Encode("").value(), Ids({256, 257}));
}

TEST(TokenizerTest, Bpe1EncodesThe) {
  const auto tokenizer = Read("the", 262);
  EXPECT_EQ(tokenizer->Encode("the").value(), Ids({256, 261, 257}));
  EXPECT_EQ(tokenizer->Encode("then th\xff").value(),
            Ids({256, 261, 'n', ' ', 260, 255, 257}));
  EXPECT_EQ(tokenizer->EncodePrompt("the").value(), Ids({256, 261}));
}

TEST(TokenizerTest, DecodeSkipsSpecialsAndWritesUnk) {
  for (const auto& tokenizer : {Read("btok", 260), Read("the", 262)}) {
    EXPECT_EQ(tokenizer->DecodeBytes(Ids({256, 'a', 259, 258, 'b', 257})),
              "a?b");
  }
  EXPECT_EQ(Read("the", 262)->DecodeBytes(Ids({261, 'n'})), "then");
}

TEST(TokenizerTest, Version2PutsASpaceBeforeTextAndNoEosBehind) {
  const auto tokenizer = Read("pieces", 268);
  EXPECT_EQ(tokenizer->Encode("the").value(), Ids({256, kSpaceThe}));
  EXPECT_EQ(tokenizer->Encode("thethe").value(),
            Ids({256, kSpaceThe, kThe}));
  EXPECT_EQ(tokenizer->EncodePrompt("t the").value(),
            Ids({256, kSpace, kT, kSpaceThe}));
  EXPECT_EQ(tokenizer->Encode("").value(), Ids({256}));
}

TEST(TokenizerTest, Version2FallsBackToBytesForWholeCharacters) {
  const auto tokenizer = Read("pieces", 268);
  EXPECT_EQ(tokenizer->Encode("\xc3\xa9x\xe2\x82\xac").value(),
            Ids({256, kSpace, kEAcute, 'x', 0xe2, 0x82, 0xac}));
}

TEST(TokenizerTest, Version2WithSpacePrefixAsksForUtf8) {
  const auto tokenizer = Read("pieces", 268);
  const absl::Status status = tokenizer->Encode("the \xff").status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidUtf8);
  EXPECT_EQ(status.message(),
            "Invalid text: byte 0xff is not UTF-8, at byte 4");
}

TEST(TokenizerTest, SpaceIsDroppedBehindBosOnly) {
  const auto tokenizer = Read("pieces", 268);
  EXPECT_EQ(tokenizer->DecodeBytes(Ids({256, kSpaceThe, kSpaceThe})),
            "the the");
  EXPECT_EQ(tokenizer->DecodeBytes(Ids({kSpaceThe})), " the");
  EXPECT_EQ(tokenizer->DecodeBytes(Ids({kSpaceThe}), tokenizer->bos()), "the");
  EXPECT_EQ(tokenizer->DecodeBytes(Ids({kSpaceThe}), kT), " the");
  EXPECT_EQ(tokenizer->DecodeBytes(Ids({256, ' ', kT})), " t")
      << "a byte token is not a piece";
}

TEST(TokenizerTest, Version2DecodesWhatItEncodes) {
  const auto tokenizer = Read("pieces", 268);
  for (const std::string text :
       {"the", " the", "  t", "caf\xc3\xa9", "a\nb", "\xf0\x9f\x98\x80"}) {
    EXPECT_EQ(tokenizer->DecodeBytes(tokenizer->Encode(text).value()), text);
  }
}

// Ids of the fixture words.tok.
constexpr uint32_t kEnd = 257;
constexpr uint32_t kWordsThe = 261;
constexpr uint32_t kSpaceHe = 262;
constexpr uint32_t kTool = 263;

TEST(TokenizerTest, WholeWordsThatArePiecesAreNotMerged) {
  const auto tokenizer = Read("words", 264);
  EXPECT_EQ(tokenizer->Encode("the he").value(),
            Ids({256, kWordsThe, kSpaceHe}));
  EXPECT_EQ(tokenizer->Encode("the hex").value(),
            Ids({256, kWordsThe, ' ', 'h', 'e', 'x'}));
}

TEST(TokenizerTest, ByteSymbolsAreBytesEvenOfPieces) {
  const auto tokenizer = Read("words", 264);
  EXPECT_EQ(tokenizer->Encode("\xc3\xa9").value(), Ids({256, 0xc3, 0xa9}));
}

TEST(TokenizerTest, AddedTokensAreFoundBeforeAnythingElse) {
  const auto tokenizer = Read("words", 264);
  EXPECT_EQ(tokenizer->Encode("the<end> he").value(),
            Ids({256, kWordsThe, kEnd, kSpaceHe}));
  EXPECT_EQ(tokenizer->Encode("<tool>  the").value(),
            Ids({256, kTool, kWordsThe}));
  EXPECT_EQ(tokenizer->EncodePrompt("<end>").value(), Ids({256, kEnd}));
}

TEST(TokenizerTest, NfcComesBeforeAddedTokensThatAskForIt) {
  const auto tokenizer = Read("words", 264);
  EXPECT_EQ(tokenizer->Encode("e\xcc\x81").value(), Ids({256, 0xc3, 0xa9}));
  // U+0338 joins ">" to U+226F: found in the text as it is, not in its NFC.
  EXPECT_EQ(tokenizer->Encode("<end>\xcc\xb8").value(),
            Ids({256, kEnd, 0xcc, 0xb8}));
  EXPECT_EQ(tokenizer->Encode("<tool>\xcc\xb8").value(),
            Ids({256, '<', 't', 'o', 'o', 'l', 0xe2, 0x89, 0xaf}));
  EXPECT_EQ(GetErrorCode(tokenizer->Encode("\xff").status()),
            ErrorCode::kInvalidUtf8);
}

TEST(TokenizerTest, CopiesAreExcludedAndDecodeToNothing) {
  const auto tokenizer = Read("words", 264);
  EXPECT_TRUE(tokenizer->excluded()[256]);
  EXPECT_FALSE(tokenizer->excluded()[257]);
  EXPECT_EQ(tokenizer->DecodeBytes(Ids({256, kWordsThe, kTool, kEnd})),
            "the<tool>");
}

TEST(TokenizerTest, EscapedSpacesAreSpaces) {
  const auto tokenizer = Read("pieces", 268);
  EXPECT_EQ(tokenizer->Encode("t\xe2\x96\x81the").value(),
            Ids({256, kSpace, kT, kSpaceThe}));
}

TEST(TokenizerTest, RefusesEachPrefixOfASection) {
  for (const std::string name : {"btok", "the", "pieces", "words"}) {
    const std::string section =
        ReadFile("fixtures/tokenizer/valid/" + name + ".tok").value_or("");
    const uint32_t vocab_size =
        LoadLittleEndian<uint32_t>(AsBytes(section).data() + 8);
    for (size_t size = 0; size < section.size(); ++size) {
      const absl::Status status =
          Tokenizer::Parse(AsBytes(section).subspan(0, size), vocab_size)
              .status();
      EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidTokenizer)
          << name << " cut to " << size;
    }
  }
}

}  // namespace
}  // namespace pedigree
