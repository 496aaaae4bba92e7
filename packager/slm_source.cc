#include "packager/slm_source.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_header.h"
#include "runtime/format/slm_reader.h"
#include "runtime/format/slm_values.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

SourceEncoding EncodingOf(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return SourceEncoding::kF32;
    case DType::kQ8_0:
      return SourceEncoding::kQ8Groups;
    case DType::kQ4_0:
      return SourceEncoding::kQ4Groups;
  }
  return SourceEncoding::kF32;
}

// Computes the file's checksum up to where it has been read.
class ChecksumCheck final : public SourceCheck {
 public:
  ChecksumCheck(std::shared_ptr<const SlmReader> model, std::string path)
      : model_(std::move(model)), path_(std::move(path)) {}

  void Read(ByteSpan bytes) override {
    const uint8_t* const begin = model_->file_bytes().data();
    Advance(static_cast<size_t>(bytes.data() + bytes.size() - begin));
  }

  absl::Status Finish() override {
    Advance(model_->file_bytes().size());
    return AnnotateWithPath(model_->CheckChecksum(stream_.Finish()), path_);
  }

 private:
  void Advance(size_t end) {
    if (end <= position_) return;
    stream_.Update(model_->file_bytes().subspan(position_, end - position_));
    position_ = end;
  }

  std::shared_ptr<const SlmReader> model_;
  std::string path_;
  FileChecksumStream stream_{kSlmChecksumOffset};
  size_t position_ = 0;
};

}  // namespace

absl::StatusOr<ModelSource> OpenSlm(const SourceFile& file) {
  absl::StatusOr<SlmReader> parsed = SlmReader::ParseStructure(file.bytes);
  if (!parsed.ok()) return AnnotateWithPath(parsed.status(), file.path);
  const auto model = std::make_shared<const SlmReader>(*std::move(parsed));
  ModelSource source;
  source.shape = model->shape();
  source.tokenizer_section = std::string(AsText(model->tokenizer_section()));
  for (size_t i = 0; i < model->specs().size(); ++i) {
    const TensorView view = ViewTensor(*model, static_cast<int>(i));
    SourceTensor& tensor = source.tensors.emplace_back();
    tensor.name = model->specs()[i].name;
    tensor.encoding = EncodingOf(view.dtype);
    tensor.values = model->payload(static_cast<int>(i));
    tensor.file = file;
    if (view.dtype == DType::kF32) continue;
    const absl::Span<const float> scales = model->scales(static_cast<int>(i));
    PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
        CheckScales(tensor.name, view.dtype, scales), file.path));
    tensor.group_size = view.block_size;
    tensor.scales = ByteSpan(reinterpret_cast<const uint8_t*>(scales.data()),
                             scales.size() * sizeof(float));
  }
  source.make_check = [model, path = file.path] {
    return std::make_unique<ChecksumCheck>(model, path);
  };
  return source;
}

}  // namespace pedigree
