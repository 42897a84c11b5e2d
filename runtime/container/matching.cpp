#include "runtime/container/matching.hpp"

#include <regex.h>

#include <array>

#include "runtime/base/strings.hpp"
#include "runtime/container/state_dir.hpp"

namespace coracle::container {
namespace {

// A compiled expression, freed when dropped.
class Expression {
 public:
  explicit Expression(const std::string& pattern)
      : code_(::regcomp(&compiled_, pattern.c_str(), REG_EXTENDED | REG_NOSUB)) {}
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;
  ~Expression() {
    if (code_ == 0) ::regfree(&compiled_);
  }

  bool valid() const { return code_ == 0; }
  std::string why_not() const {
    std::array<char, 256> text = {};
    ::regerror(code_, &compiled_, text.data(), text.size());
    return text.data();
  }
  bool matches(const std::string& text) const {
    return ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t compiled_ = {};
  int code_;
};

}  // namespace

Result<std::vector<std::string>> matching(const std::vector<std::string>& ids,
                                          const std::string& pattern) {
  const Expression expression(pattern);
  if (!expression.valid())
    return fail("invalid regular expression " + in_quotes(pattern) + ": " + expression.why_not());
  std::vector<std::string> found;
  for (const std::string& id : ids) {
    if (expression.matches(id)) found.push_back(id);
  }
  return found;
}

Result<void> for_each_match(const std::string& root, const std::string& pattern,
                            const std::function<Result<void>(const std::string& id)>& what) {
  const std::vector<std::string> all = TRY(container_ids(root));
  std::vector<std::string> failures;
  for (const std::string& id : TRY(matching(all, pattern))) {
    if (const auto done = what(id); !done) failures.push_back(done.error().text());
  }
  if (failures.empty()) return {};
  return fail(join(failures, "; "));
}

}  // namespace coracle::container
