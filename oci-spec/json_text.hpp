// Checks of a JSON text that yajl leaves out, and the words of its errors.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace coracle::oci::json {

// Refuses a text that is empty or too long, is not UTF-8 (overlong forms,
// surrogates and code points above U+10FFFF included; yajl looks at lengths
// alone), or escapes half a surrogate pair (yajl would write "?").
Result<void> check_text(std::string_view text);

// The first byte that does not belong to valid UTF-8, or text.size().  RFC 3629
std::size_t utf8_prefix(std::string_view text);

// The largest cut of at most `most` bytes that splits no character of `text`.
std::size_t whole_characters(std::string_view text, std::size_t most);

// "line 3, column 14" of the byte at `offset`; both count from 1, columns in bytes.
std::string position(std::string_view text, std::size_t offset);

// One reference token of a JSON pointer: "~" is "~0", "/" is "~1" (RFC 6901);
// control characters are shown as "\x0a", so that an error stays on its line.
std::string escape_token(std::string_view key);

}  // namespace coracle::oci::json
