// Run by CMake, linked with libc_start_main.cpp and the C library that is here:
// 0 if what a start prepares is there.  tests/crt/ looks closer.
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>

namespace {

thread_local std::string of_this_thread = "ready";

bool copies(std::size_t size) {
  std::string bytes(size + 1, 'a');
  std::memmove(bytes.data() + 1, bytes.data(), size);
  std::memset(bytes.data(), 'b', size);
  return bytes[0] == 'b' && bytes[size - 1] == 'b' && bytes[size] == 'a';
}

bool throws() {
  try {
    throw std::string("ready");
  } catch (const std::string& thrown) {
    return thrown == of_this_thread;
  }
}

}  // namespace

int main(int argc, char**) {
  bool in_thread = false;
  std::thread([&] { in_thread = throws(); }).join();
  constexpr std::size_t beyond_caches = 16UL << 20;
  const bool ready = argc == 1 && environ != nullptr && copies(100) && copies(beyond_caches) &&
                     throws() && in_thread;
  return ready ? 0 : 1;
}
