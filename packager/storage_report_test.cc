#include "packager/storage_report.h"

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(StorageReportTest, SaysWhenNothingWasQuantised) {
  EXPECT_EQ(StorageReport({}),
            "No tensor was quantised: every value is exact.\n");
}

TEST(StorageReportTest, IsATableWithNotesBelow) {
  packager::Receipt receipt;
  packager::StorageErrorNote* error = receipt.add_storage_errors();
  error->set_tensor("layers.0.wq.weight");
  error->set_stored("q4_0");
  error->set_relative_error("0.07");
  error->set_largest_error("0.0125");
  packager::StorageNote* note = receipt.add_storage_notes();
  note->set_tensor("layers.0.w2.weight");
  note->set_asked("q4_0");
  note->set_stored("q8_0");
  note->set_reason("width 40 is no multiple of 32");
  EXPECT_EQ(
      StorageReport(receipt),
      "tensor              stored  relative error   largest error\n"
      "layers.0.wq.weight  q4_0              0.07          0.0125\n"
      "layers.0.w2.weight is q8_0, not q4_0: width 40 is no multiple of 32\n");
}

}  // namespace
}  // namespace pedigree
