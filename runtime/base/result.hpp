// Errors as values: Error, Result<T>, fail, fail_errno, TRY.
#pragma once

#include <cerrno>

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace coracle {

// Why something failed.  Built by fail() or fail_errno() where it happened;
// each caller that starts a new intention prepends one context.
struct Error {
  int code = 0;      // errno, or 0 when no system call failed
  std::string what;  // "create web1: map ids: write /proc/42/uid_map"

  // Prepends "attempt: ".
  [[gnu::cold]] Error context(std::string_view attempt) &&;

  // `what`, then ": " and the errno text in lower case, as Go prints it:
  // engines match it case-sensitively.
  std::string text() const;
};

template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;

  // Names the attempt this result belongs to; costs nothing on success.
  Result context(std::string_view attempt) && {
    if (this->has_value()) return std::move(*this);
    return std::unexpected(std::move(this->error()).context(attempt));
  }
};

// A rule was broken; no system call failed.  What makes errors is cold: the
// compiler then puts all that leads there apart from what succeeds.
[[gnu::cold]] std::unexpected<Error> fail(std::string what);

// A system call failed.  Call it before anything else can change errno.
[[gnu::cold]] std::unexpected<Error> fail_errno(std::string what, int code = errno);

// An error that goes on to the caller.
[[gnu::cold]] std::unexpected<Error> fail_with(Error&& error);

// The errno text in lower case ("no such file or directory").
std::string errno_text(int code);

// Evaluates to the value, or returns the error from the enclosing function.
// A whole statement or a whole initialiser, never an argument.
#define TRY(expression)                                                          \
  __extension__({                                                                \
    auto try_result = (expression);                                              \
    if (!try_result) return ::coracle::fail_with(std::move(try_result).error()); \
    *std::move(try_result);                                                      \
  })

}  // namespace coracle
