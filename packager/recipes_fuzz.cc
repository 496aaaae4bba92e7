// Any bytes as what people write for an operator: they are refused, or give
// settings that read back, an adapter that fits its parent. The first byte
// chooses: m(erge recipe), t(raining config), a(dapter spec).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "packager/adapter_spec.h"
#include "packager/merge/merge_recipe.h"
#include "packager/training/training_config.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

void ReadRecipe(std::string_view text) {
  const auto plan = ReadMergeRecipe(text);
  if (!plan.ok()) return;
  PEDIGREE_CHECK(
      ReadMergeConfig(plan->config.merge(), plan->models.size()).ok());
}

void ReadConfig(std::string_view text) {
  const auto config = ReadTrainingConfigText(text);
  if (config.ok()) PEDIGREE_CHECK(ReadTrainingConfig(*config).ok());
}

void ReadSpec(std::string_view text) {
  static const std::string& model =
      *new std::string(*ReadFile("fixtures/slm/valid/tiny-f32.slm"));
  static const SlmReader& parent =
      *new SlmReader(*SlmReader::Parse(AsBytes(model)));
  static const Digest digest = Sha256(model);
  const auto adapter = MakeAdapter(text, parent, digest);
  if (!adapter.ok()) return;
  const auto reader = AdapterReader::Parse(AsBytes(*adapter));
  PEDIGREE_CHECK(reader.ok());
  PEDIGREE_CHECK(ValidateAdapter(*reader, parent, digest).ok());
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1,
                              size - 1);
  if (data[0] == 'm') pedigree::ReadRecipe(text);
  if (data[0] == 't') pedigree::ReadConfig(text);
  if (data[0] == 'a') pedigree::ReadSpec(text);
  return 0;
}
