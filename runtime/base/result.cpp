#include "runtime/base/result.hpp"

#include <cstring>

namespace coracle {

Error Error::context(std::string_view attempt) && {
  std::string whole;
  whole.reserve(attempt.size() + 2 + what.size());
  whole.append(attempt).append(": ").append(what);
  what = std::move(whole);
  return std::move(*this);
}

std::string Error::text() const {
  if (code == 0) return what;
  return what + ": " + errno_text(code);
}

std::unexpected<Error> fail(std::string what) {
  return std::unexpected(Error{.code = 0, .what = std::move(what)});
}

std::unexpected<Error> fail_errno(std::string what, int code) {
  return std::unexpected(Error{.code = code, .what = std::move(what)});
}

std::unexpected<Error> fail_with(Error&& error) {
  return std::unexpected(std::move(error));
}

std::string errno_text(int code) {
  // strerrordesc_np(3) is not translated, needs no buffer, and knows every
  // number; null is for numbers the C library has never heard of.
  const char* description = ::strerrordesc_np(code);
  if (description == nullptr) return "errno " + std::to_string(code);
  std::string text = description;
  // Only the first letter: "RFS specific error" keeps its abbreviation in Go too,
  // and every common text has just one capital.
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && !(text[1] >= 'A' && text[1] <= 'Z'))
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace coracle
