#include "packager/tokenizers/hf_pipeline.h"

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr char kEscapedSpace[] = "\xe2\x96\x81";  // U+2581

// The expressions as real files have them.
struct KnownPattern {
  std::string_view regex;
  PreSplit kind;
};
constexpr KnownPattern kKnownPatterns[] = {
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| )"
     R"(?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PreSplit::kLlama3},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| )"
     R"(?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PreSplit::kQwen2},
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+)"
     R"((?!\S)|\s+)",
     PreSplit::kGpt2},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+)"
     R"((?!\S)|\s+)",
     PreSplit::kGpt2},
};

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid tokenizer.json: ", parts...));
}

template <typename... Parts>
absl::Status Unsupported(const Parts&... parts) {
  return absl::UnimplementedError(
      absl::StrCat("Unsupported tokenizer.json: ", parts...));
}

// A part as an error shows it.
std::string Shown(const Json& part) { return part.dump().substr(0, 200); }

std::string TypeOf(const Json& part) {
  const Json& type = MemberOrNull(part, "type");
  return type.is_string() ? type.get<std::string>() : std::string();
}

std::string TextOf(const Json& part, const char* key) {
  const Json& text = MemberOrNull(part, key);
  return text.is_string() ? text.get<std::string>() : std::string();
}

// A flag with the default that it has when the file leaves it out.
bool FlagOf(const Json& part, const char* key, bool otherwise) {
  const Json& flag = MemberOrNull(part, key);
  return flag.is_boolean() ? flag.get<bool>() : otherwise;
}

// The parts of `what`, those of a Sequence one by one; none for null.
absl::StatusOr<std::vector<const Json*>> PartsOf(const Json& root,
                                                 const char* what,
                                                 const char* members) {
  std::vector<const Json*> parts;
  const Json& whole = MemberOrNull(root, what);
  if (whole.is_null()) return parts;
  if (!whole.is_object()) return Invalid("\"", what, "\" is not an object");
  if (TypeOf(whole) != "Sequence") {
    parts.push_back(&whole);
  } else {
    const Json& list = MemberOrNull(whole, members);
    if (!list.is_array()) {
      return Invalid("\"", what, ".", members, "\" is not an array");
    }
    for (const Json& part : list) parts.push_back(&part);
  }
  for (const Json* part : parts) {
    if (TypeOf(*part).empty()) return Invalid(what, " without a type");
  }
  return parts;
}

// Replace of " " by U+2581 or, in decoders, the other way round.
bool IsReplace(const Json& part, std::string_view from, std::string_view to) {
  return TypeOf(part) == "Replace" &&
         TextOf(MemberOrNull(part, "pattern"), "String") == from &&
         TextOf(part, "content") == to;
}

absl::Status ReadNormalizer(const Json& root, HfPipeline& pipeline) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<const Json*> parts,
                            PartsOf(root, "normalizer", "normalizers"));
  bool prepends = false;
  for (const Json* part : parts) {
    const std::string type = TypeOf(*part);
    Normalizer& normalizer = pipeline.normalizer;
    if (type == "NFC" && normalizer == Normalizer::kNone && !prepends) {
      normalizer = Normalizer::kNfc;
    } else if (type == "Prepend" && normalizer == Normalizer::kNone &&
               !prepends && TextOf(*part, "prepend") == kEscapedSpace) {
      prepends = true;
    } else if (IsReplace(*part, " ", kEscapedSpace) &&
               normalizer == Normalizer::kNone) {
      normalizer =
          prepends ? Normalizer::kSpacePrefix : Normalizer::kSpaceEscape;
    } else {
      return Unsupported("normalizer ", type, " (", Shown(*part), ")");
    }
  }
  if (prepends && pipeline.normalizer != Normalizer::kSpacePrefix) {
    return Unsupported("normalizer Prepend without Replace of spaces");
  }
  return absl::OkStatus();
}

absl::Status ReadSplit(const Json& part, HfPipeline& pipeline) {
  const std::string behavior = TextOf(part, "behavior");
  const bool invert = FlagOf(part, "invert", false);
  // The expressions match every character, so that nothing lies between
  // matches.
  const bool isolates = (behavior == "Isolated" && !invert) ||
                        (behavior == "Removed" && invert);
  if (!isolates) {
    return Unsupported("pre_tokenizer Split with behavior ", behavior,
                       invert ? ", inverted" : "");
  }
  const std::string regex = TextOf(MemberOrNull(part, "pattern"), "Regex");
  for (const KnownPattern& known : kKnownPatterns) {
    if (known.regex != regex) continue;
    if (pipeline.pre_split != PreSplit::kNone) {
      return Unsupported("a second pre_tokenizer that splits");
    }
    pipeline.pre_split = known.kind;
    return absl::OkStatus();
  }
  return Unsupported("pre_tokenizer Split by \"", absl::Utf8SafeCEscape(regex.substr(0, 200)),
                     "\"");
}

absl::Status ReadMetaspace(const Json& part, HfPipeline& pipeline) {
  const std::string scheme = TextOf(part, "prepend_scheme");
  const bool known = scheme == "first" || scheme == "never";
  if (!known || FlagOf(part, "split", true) ||
      TextOf(part, "replacement") != kEscapedSpace ||
      pipeline.normalizer != Normalizer::kNone) {
    return Unsupported("pre_tokenizer Metaspace (", Shown(part), ")");
  }
  pipeline.metaspace = true;
  pipeline.normalizer = scheme == "first" ? Normalizer::kSpacePrefixFirst
                                          : Normalizer::kSpaceEscape;
  return absl::OkStatus();
}

absl::Status ReadByteLevel(const Json& part, HfPipeline& pipeline) {
  if (FlagOf(part, "add_prefix_space", true)) {
    return Unsupported("pre_tokenizer ByteLevel with add_prefix_space");
  }
  pipeline.byte_level = true;
  if (!FlagOf(part, "use_regex", true)) return absl::OkStatus();
  // Behind Digits the pattern sees no number any more.
  if (pipeline.pre_split == PreSplit::kNone) {
    pipeline.pre_split = PreSplit::kGpt2;
  } else if (pipeline.pre_split != PreSplit::kDigits) {
    return Unsupported("pre_tokenizer ByteLevel with use_regex behind Split");
  }
  return absl::OkStatus();
}

absl::Status ReadPreTokenizer(const Json& root, HfPipeline& pipeline) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<const Json*> parts,
                            PartsOf(root, "pre_tokenizer", "pretokenizers"));
  bool digits = false;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Json& part = *parts[i];
    const std::string type = TypeOf(part);
    if (pipeline.byte_level || pipeline.metaspace) {
      return Unsupported("pre_tokenizer ", type, " behind ",
                         TypeOf(*parts[i - 1]));
    }
    if (type == "Split") {
      PEDIGREE_RETURN_IF_ERROR(ReadSplit(part, pipeline));
    } else if (type == "Digits" && FlagOf(part, "individual_digits", false) &&
               pipeline.pre_split == PreSplit::kNone) {
      pipeline.pre_split = PreSplit::kDigits;
      digits = true;
    } else if (type == "Metaspace" && pipeline.pre_split == PreSplit::kNone) {
      PEDIGREE_RETURN_IF_ERROR(ReadMetaspace(part, pipeline));
    } else if (type == "ByteLevel") {
      PEDIGREE_RETURN_IF_ERROR(ReadByteLevel(part, pipeline));
      if (digits && !FlagOf(part, "use_regex", true)) {
        return Unsupported("pre_tokenizer Digits without ByteLevel's regex");
      }
    } else {
      return Unsupported("pre_tokenizer ", type, " (", Shown(part), ")");
    }
  }
  const bool escapes = pipeline.normalizer != Normalizer::kNone &&
                       pipeline.normalizer != Normalizer::kNfc;
  if (pipeline.byte_level && escapes) {
    return Unsupported("pre_tokenizer ByteLevel behind a normalizer of spaces");
  }
  if (!pipeline.byte_level &&
      (!escapes || pipeline.pre_split != PreSplit::kNone)) {
    return Unsupported("neither pre_tokenizer ByteLevel nor escaped spaces ",
                       "without a split");
  }
  return absl::OkStatus();
}

// The one id of a special token of a template.
absl::StatusOr<int64_t> TemplateId(const Json& processor, const Json& piece) {
  const std::string name = TextOf(piece, "id");
  const Json& special =
      MemberOrNull(MemberOrNull(processor, "special_tokens"), name.c_str());
  const Json& ids = MemberOrNull(special, "ids");
  if (!ids.is_array() || ids.size() != 1 || !ids[0].is_number_integer()) {
    return Invalid("post_processor token \"", absl::Utf8SafeCEscape(name),
                   "\" has not one id");
  }
  return ids[0].get<int64_t>();
}

absl::Status ReadTemplate(const Json& processor, HfPipeline& pipeline) {
  const Json& single = MemberOrNull(processor, "single");
  if (!single.is_array()) {
    return Invalid("\"post_processor.single\" is not an array");
  }
  bool behind_text = false;
  for (const Json& piece : single) {
    if (const Json& text = MemberOrNull(piece, "Sequence"); !text.is_null()) {
      if (behind_text || TextOf(text, "id") != "A") {
        return Unsupported("post_processor with another text than one A");
      }
      behind_text = true;
      continue;
    }
    const Json& token = MemberOrNull(piece, "SpecialToken");
    std::optional<int64_t>& place = behind_text ? pipeline.eos : pipeline.bos;
    if (token.is_null() || place) {
      return Unsupported("post_processor with more than a token before and a ",
                         "token behind the text");
    }
    PEDIGREE_ASSIGN_OR_RETURN(place, TemplateId(processor, token));
  }
  if (!behind_text) return Unsupported("post_processor without a text");
  return absl::OkStatus();
}

absl::Status ReadPostProcessor(const Json& root, HfPipeline& pipeline) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<const Json*> parts,
                            PartsOf(root, "post_processor", "processors"));
  bool has_template = false;
  for (const Json* part : parts) {
    const std::string type = TypeOf(*part);
    if (type == "ByteLevel") continue;  // moves offsets only
    if (type != "TemplateProcessing" || has_template) {
      return Unsupported("post_processor ", type);
    }
    has_template = true;
    PEDIGREE_RETURN_IF_ERROR(ReadTemplate(*part, pipeline));
  }
  return absl::OkStatus();
}

// Decoding must undo what encoding does, as a BPE1 section decodes.
absl::Status ReadDecoder(const Json& root, const HfPipeline& pipeline) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<const Json*> parts,
                            PartsOf(root, "decoder", "decoders"));
  std::string types;
  for (const Json* part : parts) {
    absl::StrAppend(&types, types.empty() ? "" : ", ", TypeOf(*part));
  }
  if (parts.empty()) types = "null";
  if (pipeline.byte_level) {
    if (types == "ByteLevel") return absl::OkStatus();
    return Unsupported("decoder ", types, " (expected ByteLevel)");
  }
  const bool prefix = pipeline.normalizer == Normalizer::kSpacePrefix ||
                      pipeline.normalizer == Normalizer::kSpacePrefixFirst;
  const std::string_view expected = prefix
                                        ? "Replace, ByteFallback, Fuse, Strip"
                                        : "Replace, ByteFallback, Fuse";
  if (types != expected || !IsReplace(*parts[0], kEscapedSpace, " ")) {
    return Unsupported("decoder ", types, " (expected ", expected, ")");
  }
  if (prefix) {
    const Json& strip = *parts[3];
    if (TextOf(strip, "content") != " " || MemberOrNull(strip, "start") != 1 ||
        MemberOrNull(strip, "stop") != 0) {
      return Unsupported("decoder Strip (", Shown(strip), ")");
    }
  }
  return absl::OkStatus();
}

}  // namespace

const Json& MemberOrNull(const Json& object, const char* key) {
  static const Json& null = *new Json();
  if (!object.is_object()) return null;
  const auto member = object.find(key);
  return member == object.end() ? null : *member;
}

absl::StatusOr<HfPipeline> ReadHfPipeline(const Json& tokenizer) {
  HfPipeline pipeline;
  PEDIGREE_RETURN_IF_ERROR(ReadNormalizer(tokenizer, pipeline));
  PEDIGREE_RETURN_IF_ERROR(ReadPreTokenizer(tokenizer, pipeline));
  PEDIGREE_RETURN_IF_ERROR(ReadPostProcessor(tokenizer, pipeline));
  PEDIGREE_RETURN_IF_ERROR(ReadDecoder(tokenizer, pipeline));
  return pipeline;
}

}  // namespace pedigree
