#include "packager/checkpoints/safetensors_reader.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr std::string_view kMetadata = "__metadata__";
// More dimensions than any tensor here has; a bound for hostile shapes.
constexpr size_t kMaxRank = 8;

template <typename... Parts>
std::string Message(const Parts&... parts) {
  return absl::StrCat("Invalid safetensors file: ", parts...);
}

std::string Quoted(std::string_view name) {
  return absl::StrCat("tensor \"", absl::CHexEscape(name.substr(0, 200)),
                      "\"");
}

// A tensor as its header entry says.
struct Entry {
  std::optional<std::string> dtype;
  std::optional<std::vector<uint64_t>> shape;
  std::optional<std::vector<uint64_t>> offsets;
};

// Takes the header's events without building a tree, so that memory stays in
// proportion to the tensors. Anything that a header can't hold ends it.
class HeaderHandler : public nlohmann::json_sax<Json> {
 public:
  std::map<std::string, Entry> entries;
  std::string fault;

  bool null() override { return Unexpected("null"); }
  bool boolean(bool) override { return Unexpected("a boolean"); }
  bool number_integer(number_integer_t value) override {
    return Unexpected(absl::StrCat(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::kList) return Unexpected(absl::StrCat(value));
    std::vector<uint64_t>& list = *list_;
    const size_t most = field_ == "data_offsets" ? 2 : kMaxRank;
    if (list.size() == most) {
      return Fail(Quoted(name_), " has more than ", most, " values in \"",
                  field_, "\"");
    }
    list.push_back(value);
    return true;
  }
  bool number_float(number_float_t, const string_t& text) override {
    return Unexpected(text.substr(0, 40));
  }
  bool string(string_t& value) override {
    if (place_ == Place::kMetadata) return true;
    if (place_ != Place::kTensor || field_ != "dtype") {
      return Unexpected("a string");
    }
    entry_->dtype = std::move(value);
    return true;
  }
  bool binary(binary_t&) override { return Unexpected("a binary value"); }

  bool start_object(size_t) override {
    if (place_ == Place::kStart) return Enter(Place::kHeader);
    if (place_ != Place::kHeader) return Unexpected("an object");
    return Enter(name_ == kMetadata ? Place::kMetadata : Place::kTensor);
  }
  bool end_object() override {
    if (place_ == Place::kTensor) {
      for (const auto& [field, present] :
           {std::pair("dtype", entry_->dtype.has_value()),
            std::pair("shape", entry_->shape.has_value()),
            std::pair("data_offsets", entry_->offsets.has_value())}) {
        if (present) continue;
        return Fail(Quoted(name_), " has no \"", field, "\"");
      }
      if (entry_->offsets->size() != 2) {
        return Fail(Quoted(name_), " has ", entry_->offsets->size(),
                    " data_offsets (expected 2)");
      }
    }
    return Enter(place_ == Place::kHeader ? Place::kEnd : Place::kHeader);
  }
  bool start_array(size_t) override {
    if (place_ != Place::kTensor) return Unexpected("a list");
    if (field_ != "shape" && field_ != "data_offsets") {
      return Unexpected("a list");
    }
    auto& list = field_ == "shape" ? entry_->shape : entry_->offsets;
    list.emplace();
    list_ = &*list;
    return Enter(Place::kList);
  }
  bool end_array() override { return Enter(Place::kTensor); }

  bool key(string_t& value) override {
    if (place_ == Place::kHeader) return StartTensor(std::move(value));
    if (place_ == Place::kMetadata) {
      if (metadata_.emplace(value, 0).second) return true;
      return Fail("repeated key \"", absl::CHexEscape(value.substr(0, 200)),
                  "\" of ", kMetadata);
    }
    const bool repeated = (value == "dtype" && entry_->dtype) ||
                          (value == "shape" && entry_->shape) ||
                          (value == "data_offsets" && entry_->offsets);
    if (repeated) {
      return Fail(Quoted(name_), " has \"", value, "\" twice");
    }
    if (value != "dtype" && value != "shape" && value != "data_offsets") {
      return Fail(Quoted(name_), " has unknown key \"",
                  absl::CHexEscape(value.substr(0, 200)), "\"");
    }
    field_ = std::move(value);
    return true;
  }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Fail("header is not JSON at byte ", position + 7);
  }

 private:
  enum class Place { kStart, kHeader, kTensor, kList, kMetadata, kEnd };

  bool Enter(Place place) {
    place_ = place;
    return true;
  }

  bool StartTensor(std::string name) {
    name_ = std::move(name);
    field_.clear();
    if (name_ == kMetadata) {
      if (!has_metadata_) return has_metadata_ = true;
      return Fail("repeated key \"", kMetadata, "\"");
    }
    const auto [entry, added] = entries.emplace(name_, Entry());
    if (!added) return Fail(Quoted(name_), " is there twice");
    entry_ = &entry->second;
    return true;
  }

  bool Unexpected(std::string_view what) {
    switch (place_) {
      case Place::kStart:
        return Fail("header is no JSON object");
      case Place::kMetadata:
        return Fail(kMetadata, " holds ", what, " (expected strings)");
      case Place::kHeader:
        return Fail(Quoted(name_), " is ", what, " (expected an object)");
      default:
        return Fail(Quoted(name_), " has ", what, " in \"", field_, "\"");
    }
  }

  template <typename... Parts>
  bool Fail(const Parts&... parts) {
    fault = Message(parts...);
    return false;
  }

  Place place_ = Place::kStart;
  std::string name_;
  std::string field_;
  Entry* entry_ = nullptr;
  std::vector<uint64_t>* list_ = nullptr;
  bool has_metadata_ = false;
  std::map<std::string, int> metadata_;
};

std::optional<uint64_t> DtypeBytes(std::string_view dtype) {
  static constexpr struct {
    std::string_view name;
    uint64_t bytes;
  } kDtypes[] = {{"BOOL", 1},   {"U8", 1},      {"I8", 1},   {"F8_E5M2", 1},
                 {"F8_E4M3", 1}, {"F8_E8M0", 1}, {"I16", 2},  {"U16", 2},
                 {"F16", 2},     {"BF16", 2},    {"I32", 4},  {"U32", 4},
                 {"F32", 4},     {"F64", 8},     {"I64", 8},  {"U64", 8},
                 {"C64", 8}};
  for (const auto& known : kDtypes) {
    if (known.name == dtype) return known.bytes;
  }
  return std::nullopt;
}

absl::StatusOr<SafetensorsTensor> ReadTensor(const std::string& name,
                                             Entry entry, ByteSpan data) {
  const std::optional<uint64_t> value_bytes = DtypeBytes(*entry.dtype);
  if (!value_bytes.has_value()) {
    return absl::UnimplementedError(absl::StrCat(
        "Unsupported safetensors dtype: \"",
        absl::CHexEscape(entry.dtype->substr(0, 40)), "\" of ", Quoted(name)));
  }
  std::optional<uint64_t> bytes = value_bytes;
  for (const uint64_t dim : *entry.shape) {
    bytes = CheckedMul(*bytes, dim);
    if (!bytes.has_value()) break;
  }
  const uint64_t begin = (*entry.offsets)[0];
  const uint64_t end = (*entry.offsets)[1];
  if (begin > end || end > data.size()) {
    return absl::InvalidArgumentError(
        Message(Quoted(name), " lies at ", begin, " to ", end, " of ",
                data.size(), " data bytes"));
  }
  if (!bytes.has_value() || *bytes != end - begin) {
    return absl::InvalidArgumentError(Message(
        Quoted(name), " has ", end - begin, " bytes (its shape and dtype ask "
        "for ", bytes.has_value() ? absl::StrCat(*bytes) : "more than 2^64",
        ")"));
  }
  SafetensorsTensor tensor;
  tensor.dtype = *std::move(entry.dtype);
  tensor.shape = *std::move(entry.shape);
  tensor.bytes = data.subspan(begin, end - begin);
  return tensor;
}

// Whether tensors follow each other from the first byte of `data` to its last.
absl::Status CheckCover(
    const std::map<std::string, SafetensorsTensor>& tensors, ByteSpan data) {
  struct Range {
    uint64_t begin;
    uint64_t end;
    const std::string* name;
  };
  std::vector<Range> ranges;
  ranges.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const uint64_t begin = tensor.bytes.data() - data.data();
    ranges.push_back({begin, begin + tensor.bytes.size(), &name});
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  uint64_t end = 0;
  for (const Range& range : ranges) {
    if (range.begin != end) {
      return absl::InvalidArgumentError(Message(
          Quoted(*range.name), " starts at ", range.begin, " of the data (",
          range.begin < end ? "it overlaps one that ends at "
                            : "a gap follows one that ends at ",
          end, ")"));
    }
    end = range.end;
  }
  if (end == data.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Message("tensors end at ", end, " of ", data.size(), " data bytes"));
}

}  // namespace

absl::StatusOr<std::map<std::string, SafetensorsTensor>> ParseSafetensors(
    ByteSpan file_bytes) {
  constexpr uint64_t kLengthBytes = sizeof(uint64_t);
  if (file_bytes.size() < kLengthBytes) {
    return absl::DataLossError(
        absl::StrCat("Corrupted safetensors file: ", file_bytes.size(),
                     " bytes (the header's length needs 8)"));
  }
  const auto length = LoadLittleEndian<uint64_t>(file_bytes.data());
  if (length > kMaxSafetensorsHeaderBytes) {
    return absl::InvalidArgumentError(
        Message("header of ", length, " bytes (at most ",
                kMaxSafetensorsHeaderBytes, ")"));
  }
  if (!RangeInside(kLengthBytes, length, file_bytes.size())) {
    return absl::DataLossError(absl::StrCat(
        "Corrupted safetensors file: header ends at ", kLengthBytes + length,
        ", past file size ", file_bytes.size()));
  }
  const std::string_view header =
      AsText(file_bytes.subspan(kLengthBytes, length));
  if (header.empty() || header[0] != '{') {
    return absl::InvalidArgumentError(
        Message("header does not start with \"{\""));
  }
  HeaderHandler handler;
  if (!ParseJsonEvents(header, handler)) {
    return absl::InvalidArgumentError(handler.fault);
  }
  const ByteSpan data = file_bytes.subspan(kLengthBytes + length);
  std::map<std::string, SafetensorsTensor> tensors;
  for (auto& [name, entry] : handler.entries) {
    PEDIGREE_ASSIGN_OR_RETURN(SafetensorsTensor tensor,
                              ReadTensor(name, std::move(entry), data));
    tensors.emplace(name, std::move(tensor));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckCover(tensors, data));
  return tensors;
}

}  // namespace pedigree
