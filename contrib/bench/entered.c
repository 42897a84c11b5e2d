/* Runs a command and writes which of its functions were entered:

     entered FUNCTIONS FILE COMMAND...

   FUNCTIONS has their addresses, relative to where the program is loaded, in hexadecimal, a line
   each; FILE gets those that were entered, in that order, and "end" when there can be no more:
   processes that the command starts are followed until they execute another program, which may be
   after the command has ended.  This process becomes the command; who traces it is another.

   Each function begins with a breakpoint, which goes when it is reached.  Where the program maps
   its own code anew, there are new ones.  ptrace(2), x86-64 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_functions = 1 << 16 };

static const unsigned char breakpoint = 0xcc;

struct function {
  unsigned long address;  /* relative */
  unsigned char first;    /* its first byte */
  int entered;
};

static struct function functions[most_functions];
static size_t count;
static unsigned long base;
static FILE* file;

static _Noreturn void die(const char* what) {
  fprintf(stderr, "entered: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int by_address(const void* left, const void* right) {
  const unsigned long a = ((const struct function*)left)->address;
  const unsigned long b = ((const struct function*)right)->address;
  return (a > b) - (a < b);
}

static void read_functions(const char* path) {
  FILE* in = fopen(path, "r");
  if (in == NULL) die(path);
  while (count < most_functions && fscanf(in, "%lx", &functions[count].address) == 1) ++count;
  fclose(in);
  qsort(functions, count, sizeof functions[0], by_address);
}

static FILE* open_of(pid_t pid, const char* what, const char* mode) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, what);
  FILE* opened = fopen(path, mode);
  if (opened == NULL) die(path);
  return opened;
}

/* Breakpoints for all that lies within [start, end) and was not entered yet. */
static void plant(pid_t pid, unsigned long start, unsigned long end) {
  FILE* opened = open_of(pid, "mem", "r+");
  const int memory = fileno(opened);
  for (struct function* f = functions; f < functions + count; ++f) {
    const unsigned long at = base + f->address;
    if (at < start || at >= end || f->entered) continue;
    if (pread(memory, &f->first, 1, (off_t)at) != 1) die("read the program");
    if (pwrite(memory, &breakpoint, 1, (off_t)at) != 1) die("write to the program");
  }
  fclose(opened);
}

/* At the command's own execve. */
static void begin(pid_t pid) {
  FILE* maps = open_of(pid, "maps", "r");
  /* A position-independent program lies below all else. */
  if (fscanf(maps, "%lx", &base) != 1) die("read where the program lies");
  fclose(maps);
  plant(pid, base, ~0UL);
}

/* Whether the process stands behind a breakpoint of ours, which is gone then. */
static int enter(pid_t pid) {
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) != 0) return 0;
  const struct function wanted = {.address = registers.rip - 1 - base};
  struct function* found = bsearch(&wanted, functions, count, sizeof wanted, by_address);
  if (found == NULL) return 0;
  if (!found->entered) fprintf(file, "%lx\n", found->address);
  found->entered = 1;
  FILE* memory = open_of(pid, "mem", "r+");
  const off_t at = (off_t)(base + found->address);
  if (pwrite(fileno(memory), &found->first, 1, at) != 1) die("write to the program");
  fclose(memory);
  --registers.rip;
  return ptrace(PTRACE_SETREGS, pid, NULL, &registers) == 0;
}

/* At a system call's end: has it mapped code? */
static void look_for_new_code(pid_t pid) {
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) != 0) return;
  const int ended = registers.rax != -(unsigned long)ENOSYS;
  const int maps = registers.orig_rax == SYS_mmap && (registers.r10 & MAP_FIXED) != 0;
  if (!ended || !maps || registers.rax != registers.rdi) return;
  plant(pid, registers.rax, registers.rax + registers.rsi);
}

/* What stopped goes on, but without us when it has executed another program. */
static void go_on(pid_t pid, int status) {
  static int begun;
  const int event = status >> 16;
  int signal = WSTOPSIG(status);
  if (event == PTRACE_EVENT_EXEC && begun) {
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    return;
  }
  if (event == PTRACE_EVENT_EXEC) {
    begin(pid);
    begun = 1;
  }
  if (signal == (SIGTRAP | 0x80)) {
    look_for_new_code(pid);
    signal = 0;
  } else if (event != 0 || (signal == SIGTRAP && enter(pid))) {
    signal = 0;
  }
  ptrace(PTRACE_SYSCALL, pid, NULL, (long)signal);
}

/* In a process of its own, until nothing is left to follow; says in `ready` that it is there. */
static void trace(pid_t command, int ready) {
  const long options = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                       PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD;
  if (ptrace(PTRACE_SEIZE, command, NULL, options) != 0) die("trace the command");
  if (write(ready, "", 1) != 1) die("tell the command");
  close(ready);
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;)
    if (WIFSTOPPED(status)) go_on(pid, status);
  fputs("end\n", file);
  if (fclose(file) != 0) die("write what was entered");
}

int main(int argc, char** argv) {
  int ready[2];
  char byte = 0;
  if (argc < 4) die("usage: entered FUNCTIONS FILE COMMAND...");
  read_functions(argv[1]);
  file = fopen(argv[2], "we");
  if (file == NULL) die(argv[2]);
  const pid_t command = getpid();
  if (pipe2(ready, O_CLOEXEC) != 0) die("pipe2");
  const pid_t middle = fork();
  if (middle < 0) die("fork");
  if (middle == 0) {
    if (fork() == 0) trace(command, ready[1]);
    _exit(0);
  }
  close(ready[1]);
  waitpid(middle, NULL, 0);  /* the command has no child that it did not start */
  if (read(ready[0], &byte, 1) != 1) die("wait for the tracer");
  execv(argv[3], argv + 3);
  die(argv[3]);
}
