// Whether a document is a CycloneDX 1.6 BOM of the kinds that packets have: the
// rules of the schema for every member that MakeBom writes, closed key sets, and
// three rules that the schema cannot say.

#ifndef PEDIGREE_RELEASE_BOM_BOM_CHECK_H_
#define PEDIGREE_RELEASE_BOM_BOM_CHECK_H_

#include <string>
#include <string_view>
#include <vector>

namespace pedigree {

// What is wrong with `text`, a line each; empty for a BOM. The rules beyond the
// schema: no bom-ref comes twice, every ref and dependsOn points at a bom-ref,
// and only a machine-learning-model has a modelCard.
std::vector<std::string> CheckBom(std::string_view text);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_BOM_BOM_CHECK_H_
