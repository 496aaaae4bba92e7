#include "packager/checkpoints/hf_tensors.h"

namespace pedigree {

const TensorNames& HfTensorNames() {
  static const TensorNames& names = *new TensorNames{
      "model.embed_tokens.weight",
      "model.layers.",
      {"input_layernorm.weight", "self_attn.q_proj.weight",
       "self_attn.k_proj.weight", "self_attn.v_proj.weight",
       "self_attn.o_proj.weight", "post_attention_layernorm.weight",
       "mlp.gate_proj.weight", "mlp.up_proj.weight", "mlp.down_proj.weight"},
      "model.norm.weight",
      "lm_head.weight"};
  return names;
}

std::optional<SourceEncoding> FindSafetensorsEncoding(std::string_view dtype) {
  if (dtype == "F32") return SourceEncoding::kF32;
  if (dtype == "F16") return SourceEncoding::kF16;
  if (dtype == "BF16") return SourceEncoding::kBF16;
  return std::nullopt;
}

}  // namespace pedigree
