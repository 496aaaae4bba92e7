// What licences and data restrictions ask of a model, and how what descends
// from it inherits them: the strictest level of each scale.
// Specification: docs/formats/lineage.md, "Terms".

#ifndef PEDIGREE_PACKAGER_TERMS_TERMS_H_
#define PEDIGREE_PACKAGER_TERMS_TERMS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "packager/records.pb.h"

namespace pedigree {

// A level on each scale of TermScales.
class Terms {
 public:
  // The least strict level of each.
  Terms();

  // "SCALE=LEVEL", the least strict level on all other scales.
  //
  // Errors: kInvalidArgument with the scales or levels that there are.
  static absl::StatusOr<Terms> Parse(std::string_view text);

  // What the licence of this SPDX identifier asks. One that the table does not
  // know asks for a review.
  static Terms OfLicense(std::string_view spdx_id);

  // Errors: kInvalidArgument for a record that ToRecord would not have made.
  static absl::StatusOr<Terms> FromRecord(
      const google::protobuf::RepeatedPtrField<packager::Term>& record);

  // Levels above the least, in the order of the scales.
  google::protobuf::RepeatedPtrField<packager::Term> ToRecord() const;

  // The stricter level on each scale.
  void Tighten(const Terms& other);

  // The first scale on which `other` is stricter, "SCALE is LEVEL (expected
  // LEVEL)"; empty when there is none.
  std::string WeakerThan(const Terms& other) const;

  bool ForbidDerivatives() const;

  friend bool operator==(const Terms& a, const Terms& b) {
    return a.levels_ == b.levels_;
  }

 private:
  std::vector<size_t> levels_;  // by scale
};

// Whether what is under all these licences, SPDX identifiers, may be passed on
// at all: of those that are share-alike, all but one must allow that one.
//
// Errors: kFailedPrecondition with two that don't go together.
absl::Status CheckLicensesTogether(const std::vector<std::string>& spdx_ids);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TERMS_TERMS_H_
