// Assertions for what our own code must have made true. Input is never
// asserted: it gets an absl::Status.

#ifndef PEDIGREE_RUNTIME_BASE_CHECK_H_
#define PEDIGREE_RUNTIME_BASE_CHECK_H_

// Stops the process (traps the WebAssembly instance) unless `condition` holds,
// in every build. Says nothing: absl/log would bring clocks and file writes
// into the WebAssembly module.
#define PEDIGREE_CHECK(condition)       \
  do {                                  \
    if (!(condition)) __builtin_trap(); \
  } while (false)

#endif  // PEDIGREE_RUNTIME_BASE_CHECK_H_
