#include "release/diff/adapter_difference.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/base/float_text.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

std::string Hex(uint64_t value) { return absl::StrFormat("0x%016x", value); }

Json HeaderToJson(const AdapterReader& adapter) {
  const ParentIdentity& parent = adapter.parent();
  return {{"family", AdapterFamily(adapter.kind())},
          {"parent",
           {{"model_digest", parent.model_digest.ToString()},
            {"model_flags", parent.model_flags},
            {"parameter_count", absl::StrCat(parent.parameter_count)},
            {"tensor_count", parent.tensor_count},
            {"tensor_layout_checksum", Hex(parent.tensor_layout_checksum)},
            {"tokenizer_checksum", Hex(parent.tokenizer_checksum)}}}};
}

uint64_t Columns(const AdapterPayload& payload) {
  return payload.dims[payload.rank == 1 ? 0 : 1];
}

std::string Form(const AdapterPayload& payload) {
  std::string form =
      absl::StrCat(AdapterKindName(payload.kind), " [",
                   payload.rank == 1 ? "" : absl::StrCat(payload.dims[0], ", "),
                   Columns(payload), "]");
  if (payload.kind == AdapterKind::kSparse) {
    absl::StrAppend(&form, ", ", payload.indices.size(), " values");
  } else if (payload.kind == AdapterKind::kLowRank) {
    absl::StrAppend(&form, ", rank ", payload.low_rank.rank, ", scale ",
                    FloatText(payload.low_rank.scale));
  }
  return form;
}

bool SameShape(const AdapterPayload& a, const AdapterPayload& b) {
  return a.rank == b.rank && a.dims == b.dims;
}

ValueDifference CompareSpans(absl::Span<const float> a,
                             absl::Span<const float> b) {
  ValueDifference difference;
  AddValues(a, b, difference);
  return difference;
}

// Moves on to `index` and compares the deltas there.
void AddDelta(uint64_t index, float a, float b, ValueDifference& difference) {
  difference.values = index;
  AddValues({&a, 1}, {&b, 1}, difference);
}

// Walks both lists of indices at once; where neither has one, nothing differs.
ValueDifference CompareSparse(const AdapterPayload& a,
                              const AdapterPayload& b) {
  ValueDifference difference;
  size_t i = 0;
  size_t j = 0;
  while (i < a.indices.size() || j < b.indices.size()) {
    const uint64_t index_a =
        i < a.indices.size() ? a.indices[i] : uint64_t{UINT64_MAX};
    const uint64_t index_b =
        j < b.indices.size() ? b.indices[j] : uint64_t{UINT64_MAX};
    const uint64_t index = std::min(index_a, index_b);
    const float delta_a = index_a == index ? a.deltas[i++] : 0.0f;
    const float delta_b = index_b == index ? b.deltas[j++] : 0.0f;
    AddDelta(index, delta_a, delta_b, difference);
  }
  difference.values = a.value_count();
  return difference;
}

bool Differs(const std::optional<ValueDifference>& difference) {
  return difference.has_value() && difference->differing > 0;
}

PayloadDifference ComparePayloads(const AdapterPayload& a,
                                  const AdapterPayload& b) {
  PayloadDifference difference;
  difference.form_a = Form(a);
  difference.form_b = Form(b);
  difference.columns = Columns(a);
  if (!SameShape(a, b) || a.kind != b.kind) return difference;
  if (a.kind == AdapterKind::kDense) {
    difference.deltas = CompareSpans(a.deltas, b.deltas);
  } else if (a.kind == AdapterKind::kSparse) {
    difference.deltas = CompareSparse(a, b);
  } else if (a.low_rank.rank == b.low_rank.rank) {
    difference.factor_a = CompareSpans(a.low_rank.a, b.low_rank.a);
    difference.factor_b = CompareSpans(a.low_rank.b, b.low_rank.b);
  }
  return difference;
}

using PayloadIndex = std::map<uint64_t, const AdapterPayload*>;

PayloadIndex IndexPayloads(const AdapterReader& adapter) {
  PayloadIndex index;
  for (const AdapterPayload& payload : adapter.payloads()) {
    index[payload.name_hash] = &payload;
  }
  return index;
}

const AdapterPayload* Find(const PayloadIndex& index, uint64_t name_hash) {
  const auto payload = index.find(name_hash);
  return payload == index.end() ? nullptr : payload->second;
}

}  // namespace

AdapterDifference CompareAdapters(const AdapterReader& a,
                                  const AdapterReader& b,
                                  const TensorNames& names) {
  AdapterDifference result;
  const PayloadIndex index_a = IndexPayloads(a);
  const PayloadIndex index_b = IndexPayloads(b);
  result.header = ListDifferences(HeaderToJson(a), HeaderToJson(b)).changes;
  const auto add = [&](uint64_t name_hash, PayloadDifference difference) {
    difference.tensor = names(name_hash);
    result.differing.push_back(std::move(difference));
  };
  for (const AdapterPayload& payload : a.payloads()) {
    ++result.payloads;
    const AdapterPayload* other = Find(index_b, payload.name_hash);
    PayloadDifference difference;
    if (other == nullptr) {
      difference.form_a = Form(payload);
    } else {
      difference = ComparePayloads(payload, *other);
      if (difference.form_a == difference.form_b &&
          !Differs(difference.deltas) && !Differs(difference.factor_a) &&
          !Differs(difference.factor_b)) {
        continue;
      }
    }
    add(payload.name_hash, std::move(difference));
  }
  for (const AdapterPayload& payload : b.payloads()) {
    if (Find(index_a, payload.name_hash) != nullptr) continue;
    ++result.payloads;
    PayloadDifference difference;
    difference.form_b = Form(payload);
    add(payload.name_hash, std::move(difference));
  }
  return result;
}

}  // namespace pedigree
