#include "runtime/container/joiner.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <tuple>

namespace coracle::container {

struct Answer::Page {
  pid_t pid = 0;  // as the host has it; 0: see `code` and `what`
  bool born_in_cgroup = false;
  int code = 0;
  std::size_t size = 0;  // of `what`; 0 and no pid: no answer
  char what[4000] = {};
};

Result<Answer> Answer::make() {
  void* memory =
      ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("mmap");
  return Answer(new (memory) Page);
}

Answer::~Answer() {
  if (page_ != nullptr) ::munmap(page_, sizeof(Page));
}

Result<void> Answer::keep_from_children() const {
  if (::madvise(page_, sizeof(Page), MADV_DONTFORK) != 0) return fail_errno("madvise");
  return {};
}

void Answer::give(Result<sys::Cloned> cloned) const {
  if (cloned) {
    page_->pid = cloned->child.pid();
    page_->born_in_cgroup = cloned->born_in_cgroup;
    cloned->child.detach();  // dropped here, it would be killed
    return;
  }
  const Error& error = cloned.error();
  page_->code = error.code;
  page_->size = std::min(error.what.size(), sizeof page_->what);
  std::ranges::copy_n(error.what.data(), static_cast<std::ptrdiff_t>(page_->size), page_->what);
}

Result<sys::Cloned> Answer::take() const {
  if (page_->pid == 0 && page_->size == 0) return fail("the joiner ended without a word");
  if (page_->pid == 0)
    return std::unexpected(
        Error{.code = page_->code, .what = std::string(page_->what, page_->size)});
  // Our child, not yet waited for: the number is its own.
  sys::PidFd pidfd = TRY(sys::pidfd_open(page_->pid));
  return sys::Cloned{.child = sys::Child(page_->pid, std::move(pidfd)),
                     .born_in_cgroup = page_->born_in_cgroup};
}

void end_with_joiner() {
  constexpr std::string_view text =
      "level=error msg=\"the process that was to enter the container was killed\"\n";
  std::ignore = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(255);
}

}  // namespace coracle::container
