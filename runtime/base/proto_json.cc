#include "runtime/base/proto_json.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace pb = google::protobuf;

// Keeps the first error of a text-format parse.
class FirstError : public pb::io::ErrorCollector {
 public:
  void AddError(int line, pb::io::ColumnNumber column,
                const std::string& message) override {
    if (!error_.empty()) return;
    error_ = absl::StrCat("line ", line + 1, " column ", column + 1, ": ",
                          message);
  }
  const std::string& error() const { return error_; }

 private:
  std::string error_;
};

// Where two texts first differ.
std::string FirstDifference(std::string_view found, std::string_view expected) {
  size_t i = 0;
  while (i < found.size() && i < expected.size() && found[i] == expected[i]) {
    ++i;
  }
  return absl::StrCat("byte ", i);
}

// The full name of a field that holds a string that is not UTF-8, which no JSON
// can; empty without one.
std::string FieldNotUtf8(const pb::Message& message) {
  const pb::Reflection& reflection = *message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    const bool repeated = field->is_repeated();
    const int count = repeated ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
        std::string inside = FieldNotUtf8(
            repeated ? reflection.GetRepeatedMessage(message, field, i)
                     : reflection.GetMessage(message, field));
        if (!inside.empty()) return inside;
      } else if (field->type() == pb::FieldDescriptor::TYPE_STRING) {
        const std::string value =
            repeated ? reflection.GetRepeatedString(message, field, i)
                     : reflection.GetString(message, field);
        if (!IsValidUtf8(value)) return field->full_name();
      }
    }
  }
  return "";
}

}  // namespace

std::string CanonicalRecord(const pb::Message& message) {
  pb::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto status = pb::util::MessageToJsonString(message, &text, options);
  PEDIGREE_CHECK(status.ok());
  absl::StatusOr<Json> json = ParseJson(text, message.GetTypeName());
  PEDIGREE_CHECK(json.ok());
  return CanonicalJson(*json);
}

absl::Status ParseCanonicalRecord(std::string_view text, std::string_view what,
                                  pb::Message* message) {
  // The strict parser goes first: it bounds nesting and finds repeated keys.
  PEDIGREE_RETURN_IF_ERROR(ParseJson(text, what).status());
  message->Clear();
  const auto status = pb::util::JsonStringToMessage(
      pb::StringPiece(text.data(), text.size()), message);
  if (!status.ok()) {
    const pb::StringPiece reason = status.message();
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid ", what, ": ",
                     std::string_view(reason.data(), reason.size())));
  }
  const std::string canonical = CanonicalRecord(*message);
  if (canonical != text) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid ", what, ": not in canonical form from ",
                     FirstDifference(text, canonical)));
  }
  return absl::OkStatus();
}

absl::Status ParseTextRecord(std::string_view text, std::string_view what,
                             pb::Message* message) {
  FirstError errors;
  pb::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  message->Clear();
  if (!parser.ParseFromString(std::string(text), message)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid ", what, ": ", errors.error()));
  }
  const std::string not_utf8 = FieldNotUtf8(*message);
  if (!not_utf8.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid ", what, ": ", not_utf8, " is not UTF-8"));
  }
  return absl::OkStatus();
}

}  // namespace pedigree
