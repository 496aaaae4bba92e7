// Early returns for functions that return absl::Status or absl::StatusOr.

#ifndef PEDIGREE_RUNTIME_BASE_STATUS_MACROS_H_
#define PEDIGREE_RUNTIME_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status of `expr` from the current function unless it is OK.
#define PEDIGREE_RETURN_IF_ERROR(expr)                          \
  do {                                                          \
    if (absl::Status pedigree_status = (expr);                  \
        !pedigree_status.ok()) {                                \
      return pedigree_status;                                   \
    }                                                           \
  } while (false)

#define PEDIGREE_STATUS_CONCAT_INNER(a, b) a##b
#define PEDIGREE_STATUS_CONCAT(a, b) PEDIGREE_STATUS_CONCAT_INNER(a, b)

// Assigns the value of the StatusOr `expr` to `lhs`, which may declare a
// variable, or returns its status from the current function.
#define PEDIGREE_ASSIGN_OR_RETURN(lhs, expr)              \
  PEDIGREE_ASSIGN_OR_RETURN_IMPL(                         \
      PEDIGREE_STATUS_CONCAT(pedigree_value_, __LINE__), lhs, expr)

#define PEDIGREE_ASSIGN_OR_RETURN_IMPL(value, lhs, expr) \
  auto value = (expr);                                   \
  if (!value.ok()) return std::move(value).status();     \
  lhs = *std::move(value)

#endif  // PEDIGREE_RUNTIME_BASE_STATUS_MACROS_H_
