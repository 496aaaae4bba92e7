#include "runtime/diagnostics/diagnostics.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/float_text.h"
#include "runtime/base/json.h"
#include "runtime/diagnostics/counted.h"
#include "runtime/generation/sampler.h"

namespace pedigree {
namespace {

// `count` a second as a decimal with three places; "0.000" without a time.
std::string Rate(uint64_t count, uint64_t duration_ns) {
  constexpr uint64_t kMillisPerSecondInNs = 1000000000000;
  const uint64_t millis =
      duration_ns == 0 ? 0 : count * kMillisPerSecondInNs / duration_ns;
  const std::string places = Concat(millis % 1000 + 1000);
  return Concat(millis / 1000, ".", places.substr(1));
}

Json MeasuredJson(const Measured& measured, const RuntimeState& state) {
  return {
      {"has_clock", measured.has_clock},
      {"load_ns", Concat(measured.load_ns)},
      {"prefill_ns", Concat(measured.prefill_ns)},
      {"decode_ns", Concat(measured.decode_ns)},
      {"prefill_tokens_per_second",
       Rate(state.prompt_tokens, measured.prefill_ns)},
      {"decode_tokens_per_second",
       Rate(state.generated_tokens, measured.decode_ns)},
      {"allocated_bytes", Concat(measured.allocated_bytes)},
      {"repacked_bytes", Concat(measured.repacked_bytes)},
      {"reused_prefix_tokens", measured.reused_prefix_tokens},
      {"threads", measured.threads},
      {"target", std::string(measured.target)},
  };
}

Json StateJson(const RuntimeState& state) {
  return {
      {"model_loaded", state.model_loaded},
      {"last_error", static_cast<uint32_t>(state.last_error)},
      {"last_error_name", std::string(ErrorCodeName(state.last_error))},
      {"kv_length", state.kv_length},
      {"prompt_tokens", state.prompt_tokens},
      {"generated_tokens", state.generated_tokens},
      {"stop_reason", std::string(state.stop_reason)},
      {"sampling",
       {{"temperature", FloatText(state.sampling.temperature)},
        {"top_k", state.sampling.top_k},
        {"top_p", FloatText(state.sampling.top_p)},
        {"seed", Concat(state.sampling.seed)}}},
  };
}

Json LogitsJson(const std::vector<float>& logits) {
  float minimum = 0;
  float maximum = 0;
  double sum = 0;
  if (!logits.empty()) {
    minimum = *std::min_element(logits.begin(), logits.end());
    maximum = *std::max_element(logits.begin(), logits.end());
    for (float logit : logits) sum += static_cast<double>(logit);
    sum /= static_cast<double>(logits.size());
  }
  return {{"count", static_cast<uint32_t>(logits.size())},
          {"minimum", FloatText(minimum)},
          {"maximum", FloatText(maximum)},
          {"mean", FloatText(static_cast<float>(sum))}};
}

Json DetailJson(const TokenDetail& detail) {
  Json candidates = Json::array();
  for (const Candidate& candidate : detail.top_candidates) {
    candidates.push_back({{"token", candidate.token},
                          {"logit", FloatText(candidate.logit)}});
  }
  return {{"token_ids", detail.token_ids},
          {"selected_token",
           detail.token_ids.empty() ? 0 : detail.token_ids.back()},
          {"logits", LogitsJson(detail.logits)},
          {"top_candidates", candidates}};
}

}  // namespace

std::string DiagnosticsDocument(const Json& counted, const Measured& measured,
                                const RuntimeState& state,
                                const std::optional<TokenDetail>& detail) {
  Json document = {{"schema_version", std::string(kDiagnosticsSchema)},
                   {"measured", MeasuredJson(measured, state)},
                   {"state", StateJson(state)}};
  if (!counted.is_null()) document["counted"] = counted;
  if (detail.has_value()) document["detail"] = DetailJson(*detail);
  return CanonicalJson(document);
}

}  // namespace pedigree
