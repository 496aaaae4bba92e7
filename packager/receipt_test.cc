#include "packager/receipt.h"

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "packager/testing.h"
#include "runtime/base/bytes.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

// Finds inputs among the strings given.
class Store {
 public:
  void Add(const std::string& bytes) { files_[Sha256(bytes)] = bytes; }

  FindInput Finder() const {
    return [this](const Digest& digest) -> absl::StatusOr<FoundInput> {
      const auto file = files_.find(digest);
      if (file == files_.end()) return absl::NotFoundError("no such input");
      return FoundInput{AsBytes(file->second)};
    };
  }

 private:
  std::map<Digest, std::string> files_;
};

packager::Receipt Record(const std::string& operator_name,
                         const packager::OperatorConfig& config,
                         const std::vector<OperatorInput>& inputs) {
  absl::StatusOr<OperatorOutput> output =
      RunOperator(operator_name, config, inputs);
  EXPECT_TRUE(output.ok()) << output.status();
  return MakeReceipt(operator_name, config, inputs, *output);
}

class ReceiptTest : public testing::Test {
 protected:
  ReceiptTest() {
    store_.Add(kTestModelSpec);
    receipt_ = Record("import", TestConfig("mock", "q4_0"),
                      {TestInput("spec", kTestModelSpec)});
  }

  absl::StatusOr<ReceiptCheck> Verify() {
    return VerifyReceipt(CanonicalRecord(receipt_), store_.Finder());
  }

  Store store_;
  packager::Receipt receipt_;
};

TEST_F(ReceiptTest, SaysWhatWasDone) {
  EXPECT_EQ(receipt_.operator_(), "import");
  EXPECT_EQ(receipt_.inputs(0).role(), "spec");
  EXPECT_EQ(receipt_.inputs(0).digest(), Sha256(kTestModelSpec).ToString());
  EXPECT_EQ(receipt_.output().digest(), Sha256(TestModel("q4_0")).ToString());
  EXPECT_EQ(receipt_.config_digest(),
            ConfigDigest(receipt_.config()).ToString());
  ASSERT_EQ(receipt_.storage_notes_size(), 2);
  EXPECT_EQ(receipt_.storage_notes(0).asked(), "q4_0");
  EXPECT_EQ(receipt_.storage_notes(0).stored(), "q8_0");
}

TEST_F(ReceiptTest, ATrueReceiptVerifies) {
  const auto check = Verify();
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_EQ(check->difference, "");
}

TEST_F(ReceiptTest, EveryOperatorCanBeRepeated) {
  const std::string model = TestModel();
  const std::string adapter = TestAdapter(model);
  store_.Add(model);
  store_.Add(adapter);
  store_.Add(kTestAdapterSpec);
  const std::vector<packager::Receipt> receipts = {
      Record("quantize", TestConfig("", "q8_0"), {TestInput("model", model)}),
      Record("fuse", {},
             {TestInput("model", model), TestInput("adapter", adapter)}),
      Record("adapter", {},
             {TestInput("model", model), TestInput("adapter", adapter)}),
      Record("adapter-spec", {},
             {TestInput("spec", kTestAdapterSpec), TestInput("model", model)})};
  for (const packager::Receipt& receipt : receipts) {
    receipt_ = receipt;
    const auto check = Verify();
    ASSERT_TRUE(check.ok()) << check.status();
    EXPECT_EQ(check->difference, "") << receipt.operator_();
  }
}

TEST_F(ReceiptTest, TellsAFalseOutput) {
  const std::string computed = receipt_.output().digest();
  const std::string claimed = Sha256("other").ToString();
  receipt_.mutable_output()->set_digest(claimed);
  EXPECT_EQ(Verify()->difference,
            absl::StrCat("output: ", claimed, " (receipt), ", computed,
                         " (computed)"));
}

TEST_F(ReceiptTest, TellsAFalseConfigDigest) {
  receipt_.set_config_digest(Sha256("other").ToString());
  EXPECT_EQ(Verify()->difference.find("config_digest: "), 0u);
}

TEST_F(ReceiptTest, TellsADroppedNote) {
  receipt_.mutable_storage_notes()->RemoveLast();
  EXPECT_EQ(Verify()->difference.find("record: differs from byte "), 0u);
}

TEST_F(ReceiptTest, RefusesAnotherOperatorVersion) {
  receipt_.set_operator_version("2");
  EXPECT_EQ(Verify().status().code(), absl::StatusCode::kUnimplemented);
}

TEST_F(ReceiptTest, RefusesAMissingInput) {
  receipt_.mutable_inputs(0)->set_digest(Sha256("gone").ToString());
  EXPECT_EQ(Verify().status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ReceiptTest, RefusesWhatIsNotCanonical) {
  EXPECT_EQ(VerifyReceipt(" " + CanonicalRecord(receipt_), store_.Finder())
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pedigree
