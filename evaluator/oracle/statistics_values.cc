// Prints what the evaluator computes, for statistics_oracle.py to compare: lines
// of "wilson PASSED CASES LOWER UPPER" and "mcnemar LOST GAINED P".

#include <cstdint>
#include <cstdio>

#include "evaluator/mcnemar.h"
#include "runtime/evaluation/statistics.h"

int main() {
  for (uint64_t cases = 1; cases <= 100000; cases += 1 + cases / 9) {
    for (uint64_t passed = 0; passed <= cases; passed += 1 + cases / 13) {
      const pedigree::Interval interval =
          pedigree::WilsonInterval(passed, cases);
      std::printf("wilson %llu %llu %s %s\n",
                  static_cast<unsigned long long>(passed),
                  static_cast<unsigned long long>(cases),
                  interval.lower.c_str(), interval.upper.c_str());
    }
  }
  for (uint32_t lost = 0; lost <= 2000; lost += 1 + lost / 7) {
    for (uint32_t gained = 0; gained <= 2000; gained += 1 + gained / 7) {
      std::printf("mcnemar %u %u %s\n", lost, gained,
                  pedigree::McNemarPValue(lost, gained, 0).text.c_str());
    }
  }
  return 0;
}
