// Training configs, written by hand, and the operator's settings that they
// become. Specification: docs/training.md, "Config".

#ifndef PEDIGREE_PACKAGER_TRAINING_TRAINING_CONFIG_H_
#define PEDIGREE_PACKAGER_TRAINING_TRAINING_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "packager/records.pb.h"
#include "packager/training/optimizer.h"
#include "packager/training/trained_model.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

struct TrainingSettings {
  // Of a model from scratch: all but what its tokenizer says.
  std::optional<ModelShape> shape;
  // Of an adapter.
  std::optional<FactorSettings> factors;
  Schedule schedule;
  OptimizerSettings optimizer;
  // Texts a step.
  uint32_t batch = 0;
  // Steps from one point of the loss curve to the next.
  uint32_t report_every = 0;
  uint64_t seed = 0;
};

// Fills in defaults and writes decimals their one way.
//
// Errors: kInvalidArgument for a text that is no TrainingConfig, and where a
// setting is missing or out of its range, naming it and both values;
// kUnimplemented for another schema or numerics version.
absl::StatusOr<packager::TrainingConfig> ReadTrainingConfigText(
    std::string_view text);

// Reads what ReadTrainingConfigText gave. Errors: as above, and for decimals
// that are written another way.
absl::StatusOr<TrainingSettings> ReadTrainingConfig(
    const packager::TrainingConfig& config);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_TRAINING_CONFIG_H_
