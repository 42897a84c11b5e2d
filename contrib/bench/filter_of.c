/* Writes the last seccomp filter that a process loaded, as the kernel holds it: `filter_of PID`.
   The floor loads the very program that a runtime compiled.  ptrace(2), PTRACE_SECCOMP_GET_FILTER
 */
#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char* what) {
  fprintf(stderr, "filter_of: %s: %s\n", what, strerror(errno));
  return 1;
}

int main(int argc, char** argv) {
  static struct sock_filter code[BPF_MAXINSNS];
  if (argc != 2) return fail("usage: filter_of PID");
  const pid_t pid = atoi(argv[1]);
  if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0) return fail("attach");
  if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0) return fail("interrupt");
  if (waitpid(pid, NULL, __WALL) != pid) return fail("wait");
  const long length = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, 0L, code);
  if (length < 0) return fail("PTRACE_SECCOMP_GET_FILTER");
  return fwrite(code, sizeof code[0], (size_t)length, stdout) == (size_t)length ? 0 : fail("write");
}
