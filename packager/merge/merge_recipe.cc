#include "packager/merge/merge_recipe.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "packager/decimal.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("Invalid merge: ", parts...));
}

// The shortest decimal of the value that `text` writes.
absl::StatusOr<std::string> Canonical(const std::string& text,
                                      const std::string& what) {
  PEDIGREE_ASSIGN_OR_RETURN(const float value, ParseDecimal(text, what));
  return FormatDecimal(value);
}

// Reads a setting of the method, or checks that there is none.
absl::Status ReadSetting(std::string_view name, const std::string& text,
                         const packager::MergeConfig& config, bool wanted,
                         float& value) {
  if (!wanted) {
    if (text.empty()) return absl::OkStatus();
    return Invalid("unexpected ", name, " \"", text, "\" (", config.method(),
                   " has none)");
  }
  if (text.empty()) {
    return Invalid(name, " is missing (", config.method(), " needs it)");
  }
  PEDIGREE_ASSIGN_OR_RETURN(value, ParseDecimal(text, name));
  if (FormatDecimal(value) != text) {
    return Invalid(name, " \"", text, "\" is not written as \"",
                   FormatDecimal(value), "\"");
  }
  return absl::OkStatus();
}

// Shares of a whole must be positive; differences may be taken away.
bool MayBeNegative(MergeMethod method) {
  return method == MergeMethod::kTaskArithmetic ||
         method == MergeMethod::kDare;
}

absl::Status ReadWeights(const packager::MergeConfig& config,
                         size_t model_count, MergeSettings& settings) {
  const bool weighted = settings.method != MergeMethod::kSlerp;
  const size_t expected = weighted ? model_count : 0;
  if (static_cast<size_t>(config.weights_size()) != expected) {
    return Invalid(config.weights_size(), " weights of ", model_count,
                   " models (", config.method(), " has ", expected, ")");
  }
  for (const std::string& text : config.weights()) {
    float weight = 0;
    PEDIGREE_RETURN_IF_ERROR(
        ReadSetting("weight", text, config, true, weight));
    if (weight == 0 || (weight < 0 && !MayBeNegative(settings.method))) {
      return Invalid("weight ", text, " (expected ",
                     MayBeNegative(settings.method) ? "not 0" : "above 0",
                     ")");
    }
    settings.weights.push_back(weight);
  }
  return absl::OkStatus();
}

absl::Status CheckModelCount(MergeMethod method, size_t count) {
  const size_t least = HasBase(method) ? 1 : 2;
  const bool two = method == MergeMethod::kSlerp;
  if (count >= least && (!two || count == 2)) return absl::OkStatus();
  return Invalid(count, " models (", MergeMethodName(method), " needs ",
                 two ? "2" : absl::StrCat(least, " or more"), ")");
}

}  // namespace

absl::StatusOr<MergePlan> ReadMergeRecipe(std::string_view text) {
  packager::MergeRecipe recipe;
  PEDIGREE_RETURN_IF_ERROR(ParseTextRecord(text, "merge recipe", &recipe));
  if (recipe.schema_version() != "pedigree.merge_recipe.v1") {
    return absl::UnimplementedError(absl::StrCat(
        "Unsupported merge recipe: schema_version \"", recipe.schema_version(),
        "\" (this build reads \"pedigree.merge_recipe.v1\")"));
  }
  const std::optional<MergeMethod> method = FindMergeMethod(recipe.method());
  MergePlan plan;
  plan.config.set_dtype(recipe.dtype().empty() ? "f32" : recipe.dtype());
  plan.config.set_q8_0_group(
      recipe.q8_0_group().empty() ? "row" : recipe.q8_0_group());
  packager::MergeConfig& config = *plan.config.mutable_merge();
  config.set_method(recipe.method());
  config.set_seed(recipe.seed());
  const bool weighted = method != MergeMethod::kSlerp;
  for (const packager::MergeRecipeModel& model : recipe.models()) {
    if (model.model().empty()) return Invalid("a model has no name");
    plan.models.push_back(model.model());
    if (!weighted && model.weight().empty()) continue;
    PEDIGREE_ASSIGN_OR_RETURN(
        *config.add_weights(),
        Canonical(model.weight().empty() ? "1" : model.weight(), "weight"));
  }
  const bool has_base = method.has_value() && HasBase(*method);
  if (has_base == recipe.base().empty()) {
    return has_base ? Invalid("base is missing (", recipe.method(),
                              " needs it)")
                    : Invalid("unexpected base \"", recipe.base(), "\" (",
                              recipe.method(), " has none)");
  }
  plan.base = recipe.base();
  const auto set = [](const std::string& value, std::string_view what,
                      std::string_view by_default,
                      std::string* out) -> absl::Status {
    const std::string given(value.empty() ? by_default : value);
    if (given.empty()) return absl::OkStatus();
    PEDIGREE_ASSIGN_OR_RETURN(*out, Canonical(given, std::string(what)));
    return absl::OkStatus();
  };
  PEDIGREE_RETURN_IF_ERROR(
      set(recipe.density(), "density", "", config.mutable_density()));
  PEDIGREE_RETURN_IF_ERROR(set(recipe.lambda(), "lambda", has_base ? "1" : "",
                               config.mutable_lambda()));
  PEDIGREE_RETURN_IF_ERROR(set(recipe.interpolation(), "interpolation", "",
                               config.mutable_interpolation()));
  PEDIGREE_RETURN_IF_ERROR(
      ReadMergeConfig(config, plan.models.size()).status());
  return plan;
}

absl::StatusOr<MergeSettings> ReadMergeConfig(
    const packager::MergeConfig& config, size_t model_count) {
  const std::optional<MergeMethod> method = FindMergeMethod(config.method());
  if (!method.has_value()) {
    return Invalid("method \"", config.method(),
                   "\" (expected soup, task_arithmetic, slerp, ties, dare or "
                   "dare_ties)");
  }
  MergeSettings settings;
  settings.method = *method;
  PEDIGREE_RETURN_IF_ERROR(CheckModelCount(*method, model_count));
  PEDIGREE_RETURN_IF_ERROR(ReadWeights(config, model_count, settings));
  PEDIGREE_RETURN_IF_ERROR(ReadSetting("density", config.density(), config,
                                       HasDensity(*method), settings.density));
  if (!(settings.density > 0) || settings.density > 1) {
    return Invalid("density ", config.density(),
                   " (expected above 0, at most 1)");
  }
  PEDIGREE_RETURN_IF_ERROR(ReadSetting("lambda", config.lambda(), config,
                                       HasBase(*method), settings.lambda));
  PEDIGREE_RETURN_IF_ERROR(
      ReadSetting("interpolation", config.interpolation(), config,
                  *method == MergeMethod::kSlerp, settings.interpolation));
  if (settings.interpolation < 0 || settings.interpolation > 1) {
    return Invalid("interpolation ", config.interpolation(),
                   " (expected 0 to 1)");
  }
  const bool random =
      *method == MergeMethod::kDare || *method == MergeMethod::kDareTies;
  if (config.seed() != 0 && !random) {
    return Invalid("unexpected seed ", config.seed(), " (", config.method(),
                   " has none)");
  }
  settings.seed = config.seed();
  return settings;
}

}  // namespace pedigree
