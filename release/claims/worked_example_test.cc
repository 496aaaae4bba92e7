// The worked example and the policy of docs/formats/claims.md.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "release/claims/bundle.h"
#include "release/claims/claim_policy.h"
#include "release/signing/signer.h"
#include "release/statements/statement.h"
#include "release/testing/sample_keys.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

// The contents of the document's fenced blocks of `language`.
std::vector<std::string> Blocks(std::string_view language) {
  const absl::StatusOr<std::string> text = ReadFile("docs/formats/claims.md");
  EXPECT_TRUE(text.ok()) << text.status();
  const std::string opening = absl::StrCat("\n```", language, "\n");
  std::vector<std::string> blocks = absl::StrSplit(*text, opening);
  blocks.erase(blocks.begin());
  for (std::string& block : blocks) block.resize(block.find("\n```\n"));
  return blocks;
}

TEST(WorkedExampleTest, IsWhatSigningGives) {
  const std::vector<std::string> blocks = Blocks("json");
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_TRUE(ParseStatement(blocks[0], "example").ok());
  KeySigner signer(SampleKey(kEd25519PrivatePem));
  SigstoreBundle bundle;
  bundle.hint = signer.public_key().id();
  bundle.envelope = *SignEnvelope(kInTotoPayloadType, blocks[0], signer);
  EXPECT_EQ(CanonicalJson(EnvelopeToJson(bundle.envelope)), blocks[1]);
  bundle.envelope.signatures[0].key_id.clear();
  EXPECT_EQ(WriteBundle(bundle), blocks[2]);
}

TEST(WorkedExampleTest, PolicyIsOne) {
  const std::vector<std::string> blocks = Blocks("textproto");
  ASSERT_EQ(blocks.size(), 1u);
  const absl::StatusOr<TrustedKeys> trust = ParseClaimPolicy(blocks[0]);
  ASSERT_TRUE(trust.ok()) << trust.status();
  EXPECT_EQ(trust->keys.size(), 2u);
  EXPECT_EQ(trust->claims.size(), 3u);
}

}  // namespace
}  // namespace pedigree
