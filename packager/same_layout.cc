#include "packager/same_layout.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "packager/decimal.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"

namespace pedigree {
namespace {

absl::Status CheckField(std::string_view name, const std::string& a,
                        const std::string& b) {
  if (a == b) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("Models differ: ", name, " ", a, ", ", b));
}

}  // namespace

absl::Status CheckSameLayout(const SlmReader& a, const SlmReader& b) {
  const ModelShape& x = a.shape();
  const ModelShape& y = b.shape();
  const struct {
    const char* name;
    uint32_t x;
    uint32_t y;
  } kFields[] = {
      {"tied_output", x.tied_output, y.tied_output},
      {"vocab_size", x.vocab_size, y.vocab_size},
      {"special_token_count", x.special_token_count, y.special_token_count},
      {"hidden_size", x.hidden_size, y.hidden_size},
      {"layer_count", x.layer_count, y.layer_count},
      {"head_count", x.head_count, y.head_count},
      {"kv_head_count", x.kv_head_count, y.kv_head_count},
      {"head_dim", x.head_dim, y.head_dim},
      {"ffn_size", x.ffn_size, y.ffn_size},
      {"max_context", x.max_context, y.max_context},
  };
  for (const auto& field : kFields) {
    PEDIGREE_RETURN_IF_ERROR(CheckField(field.name, absl::StrCat(field.x),
                                        absl::StrCat(field.y)));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckField("rope_theta",
                                      FormatDecimal(x.rope_theta),
                                      FormatDecimal(y.rope_theta)));
  PEDIGREE_RETURN_IF_ERROR(CheckField("rms_norm_epsilon",
                                      FormatDecimal(x.rms_norm_epsilon),
                                      FormatDecimal(y.rms_norm_epsilon)));
  return CheckField("tokenizer", Sha256(a.tokenizer_section()).ToString(),
                    Sha256(b.tokenizer_section()).ToString());
}

}  // namespace pedigree
