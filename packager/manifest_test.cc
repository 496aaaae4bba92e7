#include "packager/manifest.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "packager/testing.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/bytes.h"

namespace pedigree {
namespace {

packager::License License(const std::string& name, const std::string& digest) {
  packager::License license;
  license.set_name(name);
  license.set_digest(digest);
  return license;
}

TEST(ModelManifestTest, DescribesTheFile) {
  const std::string bytes = TestModel("q8_0");
  const SlmReader model = *SlmReader::Parse(AsBytes(bytes));
  const PackageInfo info = {"test", "1.2.3", {License("MIT", "sha256:00")}, {}};
  const packager::ModelManifest manifest =
      *MakeModelManifest(info, FactsOf(model, Sha256(bytes)), {});
  EXPECT_EQ(manifest.name(), "test");
  EXPECT_EQ(manifest.version(), "1.2.3");
  EXPECT_EQ(manifest.format(), "slm1");
  EXPECT_EQ(manifest.model_digest(), Sha256(bytes).ToString());
  EXPECT_EQ(manifest.file_bytes(), bytes.size());
  EXPECT_EQ(manifest.assembly_digest(),
            AssemblyDigest(Sha256(bytes), {}).ToString());
  EXPECT_EQ(manifest.quantization(), "q8_0");
  EXPECT_EQ(manifest.parameter_count(), model.parameter_count());
  EXPECT_EQ(manifest.shape().rope_theta(), "10000");
  EXPECT_EQ(manifest.shape().rms_norm_epsilon(), "1e-05");
  EXPECT_EQ(manifest.tokenizer().kind(), "btok");
  EXPECT_EQ(manifest.licenses(0).name(), "MIT");
  ASSERT_EQ(manifest.tensors_size(), 21);
  EXPECT_EQ(manifest.tensors(0).name(), "tok_embeddings.weight");
  EXPECT_EQ(manifest.tensors(0).dtype(), "q8_0");
  EXPECT_EQ(manifest.tensors(0).block_size(), 64u);
  EXPECT_EQ(manifest.tensors(1).dtype(), "f32");
}

TEST(ModelManifestTest, ATensorsDigestCoversPayloadAndScales) {
  const std::string bytes = TestModel("q8_0");
  const SlmReader model = *SlmReader::Parse(AsBytes(bytes));
  const packager::ModelManifest manifest =
      *MakeModelManifest({}, FactsOf(model, Sha256(bytes)), {});
  std::string stored(AsText(model.payload(0)));
  for (float scale : model.scales(0)) AppendLittleEndian(scale, stored);
  EXPECT_EQ(manifest.tensors(0).digest(), Sha256(stored).ToString());
}

TEST(ModelManifestTest, AnAssemblysDigestCoversItsAdapters) {
  const std::string bytes = TestModel();
  const SlmReader model = *SlmReader::Parse(AsBytes(bytes));
  packager::AdapterReference adapter;
  adapter.set_digest(Sha256("adapter").ToString());
  adapter.set_manifest_digest(Sha256("manifest").ToString());
  const packager::ModelManifest manifest =
      *MakeModelManifest({}, FactsOf(model, Sha256(bytes)), {adapter});
  EXPECT_EQ(manifest.assembly_digest(),
            AssemblyDigest(Sha256(bytes), {Sha256("adapter")}).ToString());
  EXPECT_EQ(manifest.adapters(0).manifest_digest(), adapter.manifest_digest());
}

TEST(AdapterManifestTest, NamesParentAndTensors) {
  const std::string model_bytes = TestModel();
  const std::string bytes = TestAdapter(model_bytes);
  const SlmReader model = *SlmReader::Parse(AsBytes(model_bytes));
  const AdapterReader adapter = *AdapterReader::Parse(AsBytes(bytes));
  const packager::AdapterManifest manifest =
      *MakeAdapterManifest({"digits", "1", {}, {}}, adapter, Sha256(bytes),
                           model);
  EXPECT_EQ(manifest.family(), "ADP1");
  EXPECT_EQ(manifest.adapter_digest(), Sha256(bytes).ToString());
  EXPECT_EQ(manifest.parent().model_digest(), Sha256(model_bytes).ToString());
  EXPECT_EQ(manifest.parent().parameter_count(), model.parameter_count());
  ASSERT_EQ(manifest.tensors_size(), 2);
  EXPECT_EQ(manifest.tensors(0).name(), "norm.weight");
  EXPECT_EQ(manifest.tensors(0).dims_size(), 1);
  EXPECT_EQ(manifest.tensors(1).name(), "output.weight");
  EXPECT_EQ(manifest.tensors(1).dims(0), 260u);
}

TEST(AdapterManifestTest, NamesTheFamily) {
  const std::string model_bytes = TestModel();
  const SlmReader model = *SlmReader::Parse(AsBytes(model_bytes));
  const struct {
    std::string family;
    std::string kind;
  } kFamilies[] = {{"ADP1", "dense"}, {"ASP1", "sparse"}, {"ALR1", "low-rank"}};
  for (const auto& [family, kind] : kFamilies) {
    const std::string spec =
        "schema_version: \"pedigree.adapter_spec.v1\" family: \"" + family +
        "\" sequences { text: \"12\" strength: \"1\" }";
    const std::string bytes =
        RunForTest("adapter-spec", {},
                   {TestInput("spec", spec), TestInput("model", model_bytes)});
    const packager::AdapterManifest manifest =
        *MakeAdapterManifest({}, *AdapterReader::Parse(AsBytes(bytes)),
                             Sha256(bytes), model);
    EXPECT_EQ(manifest.family(), family);
    EXPECT_EQ(manifest.tensors(0).kind(), kind);
    EXPECT_EQ(manifest.tensors(0).dims(1), 64u);
  }
}

TEST(SortLicensesTest, SortsAndDropsRepeats) {
  const std::vector<packager::License> sorted =
      SortLicenses({License("MIT", "b"), License("MIT", "a"),
                    License("Apache-2.0", "c"), License("MIT", "b")});
  ASSERT_EQ(sorted.size(), 3u);
  EXPECT_EQ(sorted[0].name(), "Apache-2.0");
  EXPECT_EQ(sorted[1].digest(), "a");
  EXPECT_EQ(sorted[2].digest(), "b");
}

TEST(ChecksumTextTest, HasSixteenDigits) {
  EXPECT_EQ(ChecksumText(0x1f), "xxh3-64:000000000000001f");
}

}  // namespace
}  // namespace pedigree
