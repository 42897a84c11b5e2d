// A soft resource limit of this process and all that it starts.
#pragma once

#include <sys/resource.h>

#include <doctest/doctest.h>

namespace coracle::test {

// Sets it, or ends the case; dropped, it is as before.
class SoftLimit {
 public:
  SoftLimit(__rlimit_resource resource, rlim_t limit) : resource_(resource) {
    REQUIRE(::getrlimit(resource_, &former_) == 0);
    const rlimit limited = {.rlim_cur = limit, .rlim_max = former_.rlim_max};
    REQUIRE(::setrlimit(resource_, &limited) == 0);
  }
  SoftLimit(const SoftLimit&) = delete;
  SoftLimit& operator=(const SoftLimit&) = delete;
  ~SoftLimit() { ::setrlimit(resource_, &former_); }

 private:
  __rlimit_resource resource_;
  rlimit former_ = {};
};

}  // namespace coracle::test
