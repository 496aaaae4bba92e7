// Tensors as Hugging Face's files name and store them.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_HF_TENSORS_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_HF_TENSORS_H_

#include <optional>
#include <string_view>

#include "packager/checkpoints/checkpoint.h"
#include "packager/model_source.h"

namespace pedigree {

// The names of LlamaForCausalLM.
const TensorNames& HfTensorNames();

// How safetensors' `dtype` stores values: F32, F16 or BF16; nothing for others.
std::optional<SourceEncoding> FindSafetensorsEncoding(std::string_view dtype);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_HF_TENSORS_H_
