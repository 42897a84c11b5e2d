// A process of an attacker's that exchanges two names while the runtime works on one of them.
#pragma once

#include <sys/types.h>

#include <string>

namespace coracle::test {

// Exchanges `one` and `other` (absolute paths of one file system) as fast as it can, from
// construction until it is dropped.  RENAME_EXCHANGE: there is no moment without either.
class Racer {
 public:
  Racer(const std::string& one, const std::string& other);
  Racer(const Racer&) = delete;
  Racer& operator=(const Racer&) = delete;
  ~Racer();

 private:
  pid_t pid_;
};

// How many containers a race is run with: `few`, or $CORACLE_TEST_RACES when that is set.
int races(int few);

}  // namespace coracle::test
