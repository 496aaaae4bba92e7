#include "packager/training/training_config.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "packager/decimal.h"
#include "packager/training/training_numerics.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_header.h"
#include "runtime/tokenizer/bpe_section.h"

namespace pedigree {
namespace {

constexpr std::string_view kSchema = "pedigree.training_config.v1";
constexpr uint32_t kMaxSteps = 10'000'000;
constexpr uint32_t kMaxBatch = 65536;
constexpr uint32_t kMaxDimension = 65536;
// Training takes 16 bytes a parameter, and activations besides.
constexpr double kMaxParameters = 1 << 28;
// Points of the loss curve, when the config does not say.
constexpr uint32_t kPoints = 20;

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid training config: ", parts...));
}

// A decimal field, what it is when it is left out, and its range: [least,
// most], or above `least` when that is not allowed itself.
struct Decimal {
  std::string_view name;
  std::string_view by_default;
  float least = 0;
  float most = 0;
  bool above_least = false;
};

absl::Status CheckDecimal(const Decimal& field, const std::string& text,
                          float& value) {
  if (text.empty()) return Invalid(field.name, " is missing");
  PEDIGREE_ASSIGN_OR_RETURN(value, ParseDecimal(text, field.name));
  const bool low =
      field.above_least ? value <= field.least : value < field.least;
  if (low || value > field.most) {
    return Invalid(field.name, " ", text, " (expected ",
                   field.above_least ? "above " : "", field.least, " to ",
                   field.most, ")");
  }
  return absl::OkStatus();
}

// Writes a decimal the one way, or its default.
absl::Status Normalize(const Decimal& field, std::string* text) {
  if (text->empty()) *text = std::string(field.by_default);
  if (text->empty()) return absl::OkStatus();
  PEDIGREE_ASSIGN_OR_RETURN(const float value,
                            ParseDecimal(*text, field.name));
  *text = FormatDecimal(value);
  return absl::OkStatus();
}

absl::Status ReadDecimal(const Decimal& field, const std::string& text,
                         float& value) {
  PEDIGREE_RETURN_IF_ERROR(CheckDecimal(field, text, value));
  if (FormatDecimal(value) != text) {
    return Invalid(field.name, " \"", text, "\" is not written as \"",
                   FormatDecimal(value), "\"");
  }
  return absl::OkStatus();
}

absl::Status CheckCount(std::string_view name, uint32_t value, uint32_t least,
                        uint32_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return Invalid(name, " is ", value, " (expected ", least, " to ", most, ")");
}

constexpr Decimal kLearningRate = {"learning_rate", "", 0, 10, true};
constexpr Decimal kLastLearningRate = {"last_learning_rate", "0", 0, 10};
constexpr Decimal kBeta1 = {"beta1", "0.9", 0, 0.9999f};
constexpr Decimal kBeta2 = {"beta2", "0.99", 0, 0.99999f};
constexpr Decimal kEpsilon = {"epsilon", "1e-08", 0, 1, true};
constexpr Decimal kWeightDecay = {"weight_decay", "0", 0, 10};
constexpr Decimal kClipNorm = {"clip_norm", "1", 0, 1e9f};
constexpr Decimal kRopeTheta = {"shape.rope_theta", "10000", 0, 1e30f, true};
constexpr Decimal kEpsilonOfNorm = {"shape.rms_norm_epsilon", "1e-05", 0, 1,
                                    true};
constexpr Decimal kAlpha = {"factors.alpha", "", 0, 1e6f, true};

absl::Status NormalizeShape(packager::TrainingShape& shape) {
  if (shape.kv_head_count() == 0) shape.set_kv_head_count(shape.head_count());
  if (shape.head_dim() == 0 && shape.head_count() > 0) {
    if (shape.hidden_size() % shape.head_count() != 0) {
      return Invalid("shape.head_dim is missing (hidden_size ",
                     shape.hidden_size(), " is no multiple of head_count ",
                     shape.head_count(), ")");
    }
    shape.set_head_dim(shape.hidden_size() / shape.head_count());
  }
  PEDIGREE_RETURN_IF_ERROR(Normalize(kRopeTheta, shape.mutable_rope_theta()));
  return Normalize(kEpsilonOfNorm, shape.mutable_rms_norm_epsilon());
}

absl::Status CheckDimensions(const packager::TrainingShape& shape) {
  const struct {
    std::string_view name;
    uint32_t value;
  } fields[] = {{"shape.hidden_size", shape.hidden_size()},
                {"shape.layer_count", shape.layer_count()},
                {"shape.head_count", shape.head_count()},
                {"shape.kv_head_count", shape.kv_head_count()},
                {"shape.head_dim", shape.head_dim()},
                {"shape.ffn_size", shape.ffn_size()},
                {"shape.max_context", shape.max_context()}};
  for (const auto& field : fields) {
    PEDIGREE_RETURN_IF_ERROR(
        CheckCount(field.name, field.value, 1, kMaxDimension));
  }
  const double heads = 2.0 * shape.head_dim() *
                       (double{1} * shape.head_count() +
                        double{1} * shape.kv_head_count());
  const double parameters =
      shape.layer_count() * (double{1} * shape.hidden_size()) *
      (heads + 3.0 * shape.ffn_size());
  if (parameters > kMaxParameters) {
    return Invalid("shape has more than ", kMaxParameters, " parameters");
  }
  return absl::OkStatus();
}

absl::StatusOr<ModelShape> ReadShape(const packager::TrainingShape& config) {
  PEDIGREE_RETURN_IF_ERROR(CheckDimensions(config));
  ModelShape shape;
  shape.tied_output = config.tied_output();
  // The tokenizer's, once it is read.
  shape.vocab_size = kFirstPieceId;
  shape.special_token_count = kFirstPieceId - kByteCount;
  shape.hidden_size = config.hidden_size();
  shape.layer_count = config.layer_count();
  shape.head_count = config.head_count();
  shape.kv_head_count = config.kv_head_count();
  shape.head_dim = config.head_dim();
  shape.ffn_size = config.ffn_size();
  shape.max_context = config.max_context();
  PEDIGREE_RETURN_IF_ERROR(
      ReadDecimal(kRopeTheta, config.rope_theta(), shape.rope_theta));
  PEDIGREE_RETURN_IF_ERROR(ReadDecimal(
      kEpsilonOfNorm, config.rms_norm_epsilon(), shape.rms_norm_epsilon));
  if (const absl::Status status = CheckModelShape(shape); !status.ok()) {
    return Invalid(status.message());
  }
  return shape;
}

absl::StatusOr<FactorSettings> ReadFactors(
    const packager::TrainingFactors& config) {
  FactorSettings factors;
  factors.rank = config.rank();
  factors.targets = {config.targets().begin(), config.targets().end()};
  PEDIGREE_RETURN_IF_ERROR(CheckCount("factors.rank", factors.rank, 1, 4096));
  PEDIGREE_RETURN_IF_ERROR(
      ReadDecimal(kAlpha, config.alpha(), factors.alpha));
  return factors;
}

absl::Status ReadOptimizer(const packager::TrainingConfig& config,
                           OptimizerSettings& optimizer) {
  PEDIGREE_RETURN_IF_ERROR(
      ReadDecimal(kBeta1, config.beta1(), optimizer.beta1));
  PEDIGREE_RETURN_IF_ERROR(
      ReadDecimal(kBeta2, config.beta2(), optimizer.beta2));
  PEDIGREE_RETURN_IF_ERROR(
      ReadDecimal(kEpsilon, config.epsilon(), optimizer.epsilon));
  PEDIGREE_RETURN_IF_ERROR(ReadDecimal(kWeightDecay, config.weight_decay(),
                                       optimizer.weight_decay));
  return ReadDecimal(kClipNorm, config.clip_norm(), optimizer.clip_norm);
}

absl::Status ReadSchedule(const packager::TrainingConfig& config,
                          Schedule& schedule) {
  PEDIGREE_RETURN_IF_ERROR(CheckCount("steps", config.steps(), 1, kMaxSteps));
  PEDIGREE_RETURN_IF_ERROR(
      CheckCount("warmup_steps", config.warmup_steps(), 0, config.steps()));
  schedule.steps = config.steps();
  schedule.warmup_steps = config.warmup_steps();
  PEDIGREE_RETURN_IF_ERROR(
      ReadDecimal(kLearningRate, config.learning_rate(), schedule.peak));
  return ReadDecimal(kLastLearningRate, config.last_learning_rate(),
                     schedule.last);
}

absl::Status CheckVersions(const packager::TrainingConfig& config) {
  if (config.schema_version() != kSchema ||
      config.numerics() != kTrainingNumericsVersion) {
    return absl::UnimplementedError(absl::StrCat(
        "Unsupported training config: schema_version \"",
        config.schema_version(), "\", numerics \"", config.numerics(),
        "\" (this build reads \"", kSchema, "\", \"", kTrainingNumericsVersion,
        "\")"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<packager::TrainingConfig> ReadTrainingConfigText(
    std::string_view text) {
  packager::TrainingConfig config;
  PEDIGREE_RETURN_IF_ERROR(ParseTextRecord(text, "training config", &config));
  if (config.numerics().empty()) {
    config.set_numerics(std::string(kTrainingNumericsVersion));
  }
  PEDIGREE_RETURN_IF_ERROR(
      Normalize(kLearningRate, config.mutable_learning_rate()));
  PEDIGREE_RETURN_IF_ERROR(
      Normalize(kLastLearningRate, config.mutable_last_learning_rate()));
  PEDIGREE_RETURN_IF_ERROR(Normalize(kBeta1, config.mutable_beta1()));
  PEDIGREE_RETURN_IF_ERROR(Normalize(kBeta2, config.mutable_beta2()));
  PEDIGREE_RETURN_IF_ERROR(Normalize(kEpsilon, config.mutable_epsilon()));
  PEDIGREE_RETURN_IF_ERROR(
      Normalize(kWeightDecay, config.mutable_weight_decay()));
  PEDIGREE_RETURN_IF_ERROR(Normalize(kClipNorm, config.mutable_clip_norm()));
  if (config.report_every() == 0) {
    config.set_report_every(config.steps() / kPoints +
                            (config.steps() % kPoints == 0 ? 0 : 1));
  }
  if (config.has_shape()) {
    PEDIGREE_RETURN_IF_ERROR(NormalizeShape(*config.mutable_shape()));
  }
  if (config.has_factors()) {
    PEDIGREE_RETURN_IF_ERROR(
        Normalize(kAlpha, config.mutable_factors()->mutable_alpha()));
  }
  PEDIGREE_RETURN_IF_ERROR(ReadTrainingConfig(config).status());
  return config;
}

absl::StatusOr<TrainingSettings> ReadTrainingConfig(
    const packager::TrainingConfig& config) {
  PEDIGREE_RETURN_IF_ERROR(CheckVersions(config));
  TrainingSettings settings;
  if (config.has_shape() == config.has_factors()) {
    return Invalid(config.has_shape() ? "both" : "neither",
                   " shape and factors (expected one: a model from scratch "
                   "has a shape, an adapter factors)");
  }
  if (config.has_shape()) {
    PEDIGREE_ASSIGN_OR_RETURN(settings.shape, ReadShape(config.shape()));
  } else {
    PEDIGREE_ASSIGN_OR_RETURN(settings.factors,
                              ReadFactors(config.factors()));
  }
  PEDIGREE_RETURN_IF_ERROR(ReadSchedule(config, settings.schedule));
  PEDIGREE_RETURN_IF_ERROR(ReadOptimizer(config, settings.optimizer));
  PEDIGREE_RETURN_IF_ERROR(CheckCount("batch", config.batch(), 1, kMaxBatch));
  PEDIGREE_RETURN_IF_ERROR(CheckCount("report_every", config.report_every(), 1,
                                      config.steps()));
  settings.batch = config.batch();
  settings.report_every = config.report_every();
  settings.seed = config.seed();
  return settings;
}

}  // namespace pedigree
