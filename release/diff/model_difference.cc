#include "release/diff/model_difference.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "runtime/base/float_text.h"
#include "runtime/base/json.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

Json HeaderToJson(const SlmReader& model) {
  const ModelShape& shape = model.shape();
  return {{"ffn_size", shape.ffn_size},
          {"flags", model.flags()},
          {"head_count", shape.head_count},
          {"head_dim", shape.head_dim},
          {"hidden_size", shape.hidden_size},
          {"kv_head_count", shape.kv_head_count},
          {"layer_count", shape.layer_count},
          {"max_context", shape.max_context},
          {"rms_norm_epsilon", FloatText(shape.rms_norm_epsilon)},
          {"rope_theta", FloatText(shape.rope_theta)},
          {"special_token_count", shape.special_token_count},
          {"tensor_count", model.entries().size()},
          {"vocab_size", shape.vocab_size}};
}

bool SameShape(const TensorEntry& a, const TensorEntry& b) {
  return a.rank == b.rank && a.rows() == b.rows() && a.columns() == b.columns();
}

bool SameStorage(const TensorEntry& a, const TensorEntry& b) {
  return a.dtype == b.dtype && a.block_size == b.block_size;
}

std::string Form(const TensorEntry& tensor) {
  std::string form(DTypeName(tensor.dtype));
  if (tensor.dtype != DType::kF32)
    absl::StrAppend(&form, "/", tensor.block_size);
  if (tensor.rank == 1) return absl::StrCat(form, " [", tensor.columns(), "]");
  return absl::StrCat(form, " [", tensor.rows(), ", ", tensor.columns(), "]");
}

// Stored bytes of a tensor that are compared, and released again, at a time.
constexpr uint64_t kPieceBytes = uint64_t{1} << 20;

// Rows of a tensor as stored.
struct StoredRows {
  ByteSpan payload;
  ByteSpan scales;
};

StoredRows RowsAt(const SlmReader& model, int index, uint64_t first,
                  uint64_t count) {
  const uint64_t rows = model.entries()[index].rows();
  const auto part = [&](ByteSpan whole) {
    const uint64_t row_bytes = whole.size() / rows;
    return whole.subspan(first * row_bytes, count * row_bytes);
  };
  const absl::Span<const float> scales = model.scales(index);
  return {part(model.payload(index)),
          part({reinterpret_cast<const uint8_t*>(scales.data()),
                scales.size() * sizeof(float)})};
}

bool Equal(ByteSpan a, ByteSpan b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

bool Equal(const StoredRows& a, const StoredRows& b) {
  return Equal(a.payload, b.payload) && Equal(a.scales, b.scales);
}

void Release(const ByteSource& model, const StoredRows& rows) {
  model.Release(rows.payload);
  model.Release(rows.scales);
}

// How many pieces of `piece_bytes` differ in two spans of one length.
uint64_t CountDiffering(ByteSpan a, ByteSpan b, size_t piece_bytes) {
  uint64_t count = 0;
  for (size_t i = 0; i < a.size(); i += piece_bytes) {
    count += std::memcmp(a.data() + i, b.data() + i, piece_bytes) != 0;
  }
  return count;
}

class ModelComparison {
 public:
  ModelComparison(const ByteSource& bytes_a, const SlmReader& a,
                  const ByteSource& bytes_b, const SlmReader& b)
      : bytes_a_(bytes_a), a_(a), bytes_b_(bytes_b), b_(b) {}

  ModelDifference Compare() {
    difference_.header =
        ListDifferences(HeaderToJson(a_), HeaderToJson(b_)).changes;
    difference_.tokenizer =
        CompareTokenizers({a_.tokenizer_section(), a_.shape().vocab_size},
                          {b_.tokenizer_section(), b_.shape().vocab_size});
    for (int i = 0; i < static_cast<int>(a_.specs().size()); ++i) {
      ++difference_.tensors;
      CompareTensor(i, b_.FindTensor(a_.entries()[i].name_hash));
    }
    for (int i = 0; i < static_cast<int>(b_.specs().size()); ++i) {
      if (a_.FindTensor(b_.entries()[i].name_hash) >= 0) continue;
      ++difference_.tensors;
      Add(b_.specs()[i].name).form_b = Form(b_.entries()[i]);
    }
    return std::move(difference_);
  }

 private:
  TensorDifference& Add(const std::string& name) {
    difference_.differing.emplace_back().name = name;
    return difference_.differing.back();
  }

  void CompareTensor(int index_a, int index_b) {
    const TensorEntry& a = a_.entries()[index_a];
    const std::string& name = a_.specs()[index_a].name;
    if (index_b < 0) {
      Add(name).form_a = Form(a);
      return;
    }
    const TensorEntry& b = b_.entries()[index_b];
    TensorDifference difference;
    difference.name = name;
    difference.form_a = Form(a);
    difference.form_b = Form(b);
    difference.columns = a.columns();
    const bool same_form = SameShape(a, b) && SameStorage(a, b);
    if (same_form) difference.stored_bytes = difference.stored_scales = 0;
    if (SameShape(a, b)) CompareValues(index_a, index_b, difference);
    const bool differs = !same_form || *difference.stored_bytes > 0 ||
                         *difference.stored_scales > 0;
    if (differs) difference_.differing.push_back(std::move(difference));
  }

  // Of two tensors of one shape, piece by piece.
  void CompareValues(int index_a, int index_b, TensorDifference& difference) {
    difference.values.emplace();
    const uint64_t rows = a_.entries()[index_a].rows();
    const uint64_t row_bytes = a_.payload(index_a).size() / rows;
    const uint64_t step = std::max<uint64_t>(1, kPieceBytes / row_bytes);
    for (uint64_t first = 0; first < rows; first += step) {
      const uint64_t count = std::min(step, rows - first);
      const StoredRows a = RowsAt(a_, index_a, first, count);
      const StoredRows b = RowsAt(b_, index_b, first, count);
      if (difference.stored_bytes.has_value() && Equal(a, b)) {
        difference.values->values += count * difference.columns;
      } else {
        if (difference.stored_bytes.has_value()) CountStored(a, b, difference);
        AddRows(index_a, index_b, first, count, *difference.values);
      }
      Release(bytes_a_, a);
      Release(bytes_b_, b);
    }
  }

  static void CountStored(const StoredRows& a, const StoredRows& b,
                          TensorDifference& difference) {
    *difference.stored_bytes += CountDiffering(a.payload, b.payload, 1);
    *difference.stored_scales +=
        CountDiffering(a.scales, b.scales, sizeof(float));
  }

  void AddRows(int index_a, int index_b, uint64_t first, uint64_t count,
               ValueDifference& values) {
    const TensorView a = ViewTensor(a_, index_a);
    const TensorView b = ViewTensor(b_, index_b);
    row_a_.resize(a.columns);
    row_b_.resize(b.columns);
    for (uint64_t row = first; row < first + count; ++row) {
      DequantizeRow(a, row, absl::MakeSpan(row_a_));
      DequantizeRow(b, row, absl::MakeSpan(row_b_));
      AddValues(row_a_, row_b_, values);
    }
  }

  const ByteSource& bytes_a_;
  const SlmReader& a_;
  const ByteSource& bytes_b_;
  const SlmReader& b_;
  std::vector<float> row_a_;
  std::vector<float> row_b_;
  ModelDifference difference_;
};

}  // namespace

absl::StatusOr<SlmReader> ReadModel(const ByteSource& model) {
  return SlmReader::ParseStructure(model.bytes());
}

ModelDifference CompareModels(const ByteSource& bytes_a, const SlmReader& a,
                              const ByteSource& bytes_b, const SlmReader& b) {
  return ModelComparison(bytes_a, a, bytes_b, b).Compare();
}

}  // namespace pedigree
