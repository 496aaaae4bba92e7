// Feeds bytes to the reader of statements and to what judges them.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "release/statements/statement.h"
#include "release/statements/vsa.h"
#include "runtime/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<pedigree::Statement> statement =
      pedigree::ParseStatement(text, "statement");
  if (!statement.ok()) return 0;
  PEDIGREE_CHECK(!statement->subjects.empty());
  // Whatever it says, it agrees with itself.
  PEDIGREE_CHECK(
      !pedigree::FindDisagreement(statement->json, statement->json).has_value());
  (void)pedigree::CheckVsa(statement->json);
  return 0;
}
