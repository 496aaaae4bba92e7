#!/usr/bin/env python3
"""Compares the evaluator's statistics with SciPy's and statsmodels'.

    python3 -m venv v && v/bin/pip install scipy statsmodels
    bazel build //evaluator/oracle:statistics_values
    bazel-bin/evaluator/oracle/statistics_values | \
        v/bin/python evaluator/oracle/statistics_oracle.py

Wilson intervals with statsmodels' proportion_confint, exact one-sided McNemar
with SciPy's binomtest: to half a unit of the sixth digit, which is all that is
written. Exits with 1 on a difference.
"""

import sys

import scipy
import statsmodels
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

HALF_UNIT = 0.5e-6 + 1e-12


def check(found, expected, line):
    if abs(float(found) - expected) <= HALF_UNIT:
        return 0
    print(f"differs: {line.strip()}: expected {expected!r}")
    return 1


def main():
    counts = {"wilson": 0, "mcnemar": 0}
    wrong = 0
    for line in sys.stdin:
        kind, a, b, *values = line.split()
        a, b = int(a), int(b)
        counts[kind] += 1
        if kind == "wilson":
            lower, upper = proportion_confint(a, b, alpha=0.05, method="wilson")
            # statsmodels leaves a rounding error at the ends.
            lower = 0.0 if a == 0 else lower
            upper = 1.0 if a == b else upper
            wrong += check(values[0], lower, line) + check(values[1], upper, line)
        elif a + b == 0:
            wrong += check(values[0], 1.0, line)
        else:
            p = binomtest(a, a + b, 0.5, alternative="greater").pvalue
            wrong += check(values[0], p, line)
    print(f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}: "
          f"{counts['wilson']} Wilson intervals, {counts['mcnemar']} McNemar "
          f"p-values, {wrong} differences")
    return 1 if wrong or not all(counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
