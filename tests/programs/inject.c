/* Makes one system call of a program fail, or kills the program there, from outside:
   `inject LOG WHO:NUMBER:CALL:FAULT PROGRAM ARGS...`.  WHO is 0 for the program itself, 1, 2, ...
   for the processes that it and they make, in that order, each until it executes another program;
   NUMBER counts the process's system calls from 1: the first from there on that is system call CALL
   is hit; FAULT is an errno, or `kill`.  With `record` in place of the four nothing fails.  LOG
   gets a line "WHO NUMBER CALL PATH" (the call's number, and the path that it is given, if any) for
   the call that was hit, or for each one recorded.  Once the fault was injected nobody is traced
   any more.  Exits with the program's status. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_tracees = 64, most_path = 200 };

struct tracee {
  pid_t pid; /* 0: a free place */
  int who;
  long calls;
};

static struct {
  struct tracee tracees[most_tracees];
  int met; /* processes so far */
  int who; /* -1: only record */
  long number;
  unsigned long long call;
  int error; /* 0: kill */
  pid_t hit; /* whose call has been taken away, and waits for its error; 0: nobody's */
  int done;  /* whoever stops next is let go */
  FILE* log;
} run;

static void die(const char* what) {
  fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
  exit(99);
}

static struct tracee* find(pid_t pid) {
  for (int i = 0; i < most_tracees; ++i)
    if (run.tracees[i].pid == pid) return &run.tracees[i];
  return NULL;
}

/* A new process and its maker's event stop in any order. */
static struct tracee* meet(pid_t pid) {
  struct tracee* known = find(pid);
  if (known != NULL) return known;
  known = find(0);
  if (known == NULL) {
    fprintf(stderr, "inject: too many processes\n");
    exit(99);
  }
  *known = (struct tracee){.pid = pid, .who = run.met++, .calls = 0};
  return known;
}

static void forget(pid_t pid) {
  struct tracee* known = find(pid);
  if (known != NULL) known->pid = 0;
}

/* It may have been killed meanwhile, which is not our matter. */
static void go_on(pid_t pid, int signal) {
  if (run.done && pid != run.hit) {
    ptrace(PTRACE_DETACH, pid, NULL, (void*)(intptr_t)signal);
    forget(pid);
    return;
  }
  ptrace(PTRACE_SYSCALL, pid, NULL, (void*)(intptr_t)signal);
}

/* Which argument is a path; -1: none. */
static int path_argument(uint64_t call) {
  switch (call) {
    case SYS_open:
    case SYS_stat:
    case SYS_lstat:
    case SYS_access:
    case SYS_mkdir:
    case SYS_rmdir:
    case SYS_unlink:
    case SYS_chdir:
    case SYS_chmod:
    case SYS_chown:
    case SYS_lchown:
    case SYS_execve:
    case SYS_readlink:
    case SYS_statfs:
    case SYS_umount2:
    case SYS_pivot_root:
    case SYS_fsopen:
      return 0;
    case SYS_openat:
    case SYS_openat2:
    case SYS_newfstatat:
    case SYS_statx:
    case SYS_faccessat:
    case SYS_faccessat2:
    case SYS_mkdirat:
    case SYS_mknodat:
    case SYS_unlinkat:
    case SYS_readlinkat:
    case SYS_fchmodat:
    case SYS_fchownat:
    case SYS_open_tree:
    case SYS_mount_setattr:
    case SYS_mount:
      return 1;
    case SYS_symlinkat:
    case SYS_fsconfig:
      return 2;
    case SYS_move_mount:
    case SYS_renameat:
      return 3;
    default:
      return -1;
  }
}

/* "" when the call has none.  Line ends would break the log. */
static void read_path(pid_t pid, const struct __ptrace_syscall_info* info, char* path) {
  path[0] = '\0';
  const int index = path_argument(info->entry.nr);
  if (index < 0 || info->entry.args[index] == 0) return;
  uint64_t at = info->entry.args[index];
  /* Bytewise at the end of a page: what comes next may not be there. */
  for (size_t size = 0; size + 1 < most_path; ++size, ++at) {
    const struct iovec to = {path + size, 1};
    const struct iovec from = {(void*)(uintptr_t)at, 1};
    path[size + 1] = '\0';
    if (process_vm_readv(pid, &to, 1, &from, 1, 0) != 1) path[size] = '\0';
    if (path[size] == '\n') path[size] = ' ';
    if (path[size] == '\0') return;
  }
}

static void write_line(const struct tracee* tracee, const struct __ptrace_syscall_info* info) {
  char path[most_path];
  read_path(tracee->pid, info, path);
  fprintf(run.log, "%d %ld %llu %s\n", tracee->who, tracee->calls,
          (unsigned long long)info->entry.nr, path);
}

#ifdef __x86_64__

/* The call becomes getpid(2): under a filter number -1 would be judged. */
static void take_call_away(pid_t pid) {
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) != 0) die("read registers");
  registers.orig_rax = SYS_getpid;
  if (ptrace(PTRACE_SETREGS, pid, NULL, &registers) != 0) die("write registers");
}

static void give_error(pid_t pid, int error) {
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) != 0) die("read registers");
  registers.rax = (unsigned long long)-(long long)error;
  if (ptrace(PTRACE_SETREGS, pid, NULL, &registers) != 0) die("write registers");
}

#else
#error "inject knows the registers of x86-64 alone"
#endif

static void hit(const struct tracee* tracee, const struct __ptrace_syscall_info* info) {
  write_line(tracee, info);
  fflush(run.log);
  run.done = 1;
  if (run.error == 0) {
    kill(tracee->pid, SIGKILL);
  } else {
    take_call_away(tracee->pid);
    run.hit = tracee->pid;
  }
}

static void stop_at_call(struct tracee* tracee) {
  struct __ptrace_syscall_info info;
  memset(&info, 0, sizeof info);
  if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->pid, sizeof info, &info) <= 0) return; /* killed */
  if (info.op == PTRACE_SYSCALL_INFO_EXIT && tracee->pid == run.hit) {
    give_error(tracee->pid, run.error);
    run.hit = 0;
  }
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY || run.done) return;
  ++tracee->calls;
  if (run.who < 0) {
    write_line(tracee, &info);
  } else if (tracee->who == run.who && tracee->calls >= run.number && info.entry.nr == run.call) {
    hit(tracee, &info);
  }
}

/* Returns the signal that the process is to get. */
static int handle_stop(struct tracee* tracee, int status) {
  const int event = status >> 16;
  const int signal = WSTOPSIG(status);
  unsigned long number = 0;
  switch (event) {
    case PTRACE_EVENT_CLONE:
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
      if (ptrace(PTRACE_GETEVENTMSG, tracee->pid, NULL, &number) == 0) meet((pid_t)number);
      return 0;
    case 0:
      if (signal != (SIGTRAP | 0x80)) return signal;
      stop_at_call(tracee);
      return 0;
    default:
      return 0;
  }
}

/* The program's status. */
static int trace(pid_t program) {
  int result = 0;
  while (1) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) return result; /* ECHILD: all ended or let go */
    if (!WIFSTOPPED(status)) {
      forget(pid);
      if (pid == run.hit) run.hit = 0;
      if (pid != program) continue;
      result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      run.done = 1;
      for (int i = 0; i < most_tracees; ++i)
        if (run.tracees[i].pid != 0) ptrace(PTRACE_INTERRUPT, run.tracees[i].pid, NULL, NULL);
      continue;
    }
    struct tracee* tracee = meet(pid);
    const int executed = status >> 16 == PTRACE_EVENT_EXEC;
    const int signal = handle_stop(tracee, status);
    if (executed && tracee->who != 0) {
      ptrace(PTRACE_DETACH, pid, NULL, NULL);
      forget(pid);
    } else {
      go_on(pid, signal);
    }
  }
}

static void parse(const char* text) {
  run.who = -1;
  if (strcmp(text, "record") == 0) return;
  char fault[16] = "";
  if (sscanf(text, "%d:%ld:%llu:%15s", &run.who, &run.number, &run.call, fault) != 4) {
    fprintf(stderr, "inject: not WHO:NUMBER:CALL:FAULT: %s\n", text);
    exit(99);
  }
  run.error = strcmp(fault, "kill") == 0 ? 0 : atoi(fault);
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: inject LOG record|WHO:NUMBER:CALL:FAULT PROGRAM [ARGS]\n");
    return 99;
  }
  parse(argv[2]);
  run.log = fopen(argv[1], "we");
  if (run.log == NULL) die(argv[1]);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) die("pipe2");
  const pid_t program = fork();
  if (program < 0) die("fork");
  if (program == 0) {
    char byte;
    close(ends[1]);
    if (read(ends[0], &byte, 1) != 1) die("wait for the tracer");
    execv(argv[3], argv + 3);
    die(argv[3]);
  }
  close(ends[0]);
  const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE |
                       PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
  if (ptrace(PTRACE_SEIZE, program, NULL, (void*)options) != 0) die("seize");
  meet(program);
  if (ptrace(PTRACE_INTERRUPT, program, NULL, NULL) != 0) die("interrupt");
  if (write(ends[1], "1", 1) != 1) die("write");
  const int status = trace(program);
  if (fclose(run.log) != 0) die(argv[1]);
  return status;
}
