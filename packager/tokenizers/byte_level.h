// The byte-level alphabet of GPT-2's vocabulary files: each byte is written as
// one printable character.

#ifndef PEDIGREE_PACKAGER_TOKENIZERS_BYTE_LEVEL_H_
#define PEDIGREE_PACKAGER_TOKENIZERS_BYTE_LEVEL_H_

#include <optional>
#include <string>
#include <string_view>

namespace pedigree {

// The bytes that `token` spells, or nothing when a character of it is none of
// the alphabet. `token` must be UTF-8.
//
// Bytes 33 to 126, 161 to 172 and 174 to 255 are the characters of that code
// point; the others, ascending, are U+0100 and up.
std::optional<std::string> BytesOfByteLevel(std::string_view token);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TOKENIZERS_BYTE_LEVEL_H_
