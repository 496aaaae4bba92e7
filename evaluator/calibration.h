// Whether a model is as often right as it is sure.
// Specification: docs/formats/evaluation.md, "Scorecard".

#ifndef PEDIGREE_EVALUATOR_CALIBRATION_H_
#define PEDIGREE_EVALUATOR_CALIBRATION_H_

#include <cstdint>

#include "evaluator/records.pb.h"

namespace pedigree {

// Over the answered choice cases of a sidecar. A case's probabilities are the
// softmax of its log-likelihoods, for "choice-normalized" of those per byte.
struct Calibration {
  uint64_t cases = 0;
  // Mean over cases of the sum of (p - 1 if right, else p)^2 over choices, in
  // millionths: 0 to 2. Source: Brier 1950.
  uint64_t brier_score = 0;
  // Expected calibration error: of ten equal bins of the chosen text's
  // probability, the mean of |share right - mean probability| weighted by cases,
  // in millionths: 0 to 1. Source: Naeini et al. 2015.
  uint64_t error = 0;
};

Calibration MeasureCalibration(const evaluator::Sidecar& sidecar);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_CALIBRATION_H_
