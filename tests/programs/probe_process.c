// The probe's commands about its own process: credentials, limits, signals, descriptors.
#include <dirent.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

extern char** environ;

static void ids(struct words words) {
  (void)words;
  printf("uid=%d\ngid=%d\neuid=%d\negid=%d\ngroups=", getuid(), getgid(), geteuid(), getegid());
  gid_t groups[NGROUPS_MAX];
  const int count = getgroups(NGROUPS_MAX, groups);
  for (int i = 0; i < count; ++i) printf("%s%u", i ? "," : "", groups[i]);
  printf("\n");
}

// Prints the lines of /proc/self/status whose names start with `prefix`.
static void print_status(const char* prefix) {
  FILE* status = fopen("/proc/self/status", "re");
  if (!status) {
    print_errno("status");
    return;
  }
  char line[4096];
  while (fgets(line, sizeof line, status)) {
    char* value = strchr(line, ':');
    if (!value || strncmp(line, prefix, strlen(prefix)) != 0) continue;
    *value++ = '\0';
    value += strspn(value, " \t");
    printf("%s=%s", line, value);
  }
  fclose(status);
}

static void status(struct words words) {
  print_status(words.args[1]);
}

static void caps(struct words words) {
  (void)words;
  print_status("Cap");
}

static void env(struct words words) {
  (void)words;
  for (char** entry = environ; *entry; ++entry) printf("env.%s\n", *entry);
}

static void args(struct words words) {
  for (int i = 0; i < words.count; ++i) printf("arg.%d=%s\n", i, words.args[i]);
}

static void cwd(struct words words) {
  (void)words;
  char path[PATH_MAX];
  if (getcwd(path, sizeof path)) {
    printf("cwd=%s\n", path);
  } else {
    print_errno("cwd");
  }
}

static void show_umask(struct words words) {
  (void)words;
  printf("umask=%04o\n", umask(0));
}

static void rlimit(struct words words) {
  static const struct {
    const char* name;
    int resource;
  } table[] = {{"AS", RLIMIT_AS},           {"CORE", RLIMIT_CORE},
               {"CPU", RLIMIT_CPU},         {"DATA", RLIMIT_DATA},
               {"FSIZE", RLIMIT_FSIZE},     {"LOCKS", RLIMIT_LOCKS},
               {"MEMLOCK", RLIMIT_MEMLOCK}, {"MSGQUEUE", RLIMIT_MSGQUEUE},
               {"NICE", RLIMIT_NICE},       {"NOFILE", RLIMIT_NOFILE},
               {"NPROC", RLIMIT_NPROC},     {"RSS", RLIMIT_RSS},
               {"RTPRIO", RLIMIT_RTPRIO},   {"RTTIME", RLIMIT_RTTIME},
               {"STACK", RLIMIT_STACK},     {"SIGPENDING", RLIMIT_SIGPENDING}};
  for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
    if (strcmp(table[i].name, words.args[1]) != 0) continue;
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)table[i].resource, &limit)) print_errno("rlimit");
    printf("soft=%lld\nhard=%lld\n", (long long)limit.rlim_cur, (long long)limit.rlim_max);
  }
}

static void fds(struct words words) {
  (void)words;
  DIR* dir = opendir("/proc/self/fd");
  if (!dir) {
    print_errno("fds");
    return;
  }
  for (struct dirent* entry; (entry = readdir(dir));) {
    if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(dir)) continue;
    char target[PATH_MAX];
    const ssize_t length = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = '\0';
    printf("fd.%s=%s\n", entry->d_name, target);
  }
  closedir(dir);
}

static void sched(struct words words) {
  (void)words;
  struct {
    unsigned size, policy;
    unsigned long long flags;
    int nice;
    unsigned priority;
    unsigned long long runtime, deadline, period;
    unsigned util_min, util_max;
  } attr = {0};
  if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0)) {
    print_errno("sched");
    return;
  }
  printf("policy=%u\nflags=%llu\nnice=%d\npriority=%u\n", attr.policy, attr.flags, attr.nice,
         attr.priority);
  printf("runtime=%llu\ndeadline=%llu\nperiod=%llu\n", attr.runtime, attr.deadline, attr.period);
}

static void affinity(struct words words) {
  (void)words;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set)) {
    print_errno("affinity");
    return;
  }
  printf("affinity=");
  int printed = 0;
  for (size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) printf("%s%zu", printed++ ? "," : "", cpu);
  }
  printf("\n");
}

static void ioprio(struct words words) {
  (void)words;
  const long value = syscall(SYS_ioprio_get, 1, 0);
  printf("ioprio.class=%ld\nioprio.priority=%ld\n", value >> 13, value & 0x1fff);
}

static void show_personality(struct words words) {
  (void)words;
  printf("personality=0x%x\n", (unsigned)personality(0xffffffff));
}

static void tty(struct words words) {
  (void)words;
  printf("isatty=%d%d%d\n", isatty(0), isatty(1), isatty(2));
  char name[PATH_MAX];
  if (ttyname_r(0, name, sizeof name) == 0) printf("ttyname=%s\n", name);
  struct winsize size;
  if (ioctl(0, TIOCGWINSZ, &size) == 0) printf("rows=%u\ncolumns=%u\n", size.ws_row, size.ws_col);
  printf("session.leader=%d\nforeground=%d\n", getsid(0) == getpid(), tcgetpgrp(0) == getpgid(0));
}

static void do_sleep(struct words words) {
  fflush(stdout);
  sleep((unsigned)atoi(words.args[1]));
}

static void do_exit(struct words words) {
  exit(atoi(words.args[1]));
}

static void do_signal(struct words words) {
  fflush(stdout);
  signal(atoi(words.args[1]), SIG_DFL);
  kill(getpid(), atoi(words.args[1]));
}

// Prints "ready=1", then each signal caught; ends on TERM.
static void wait_signal(struct words words) {
  (void)words;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  printf("ready=1\n");
  for (int caught = 0; caught != SIGTERM;) {
    fflush(stdout);
    if (sigwait(&all, &caught) == 0) printf("caught=%s\n", sigabbrev_np(caught));
  }
}

static void signals(struct words words) {
  (void)words;
  print_status("Sig");
}

static void read_stdin(struct words words) {
  (void)words;
  char text[4096];
  const ssize_t length = read(0, text, sizeof text - 1);
  if (length < 0) {
    print_errno("stdin");
    return;
  }
  text[length] = '\0';
  printf("stdin=%s\n", text);
}

static void print_stderr(struct words words) {
  fprintf(stderr, "%s\n", words.args[1]);
}

// One message for each word to $NOTIFY_SOCKET; "," stands for a line end.  sd_notify(3)
static void notify(struct words words) {
  const char* path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (path) strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (int i = 1; i < words.count; ++i) {
    for (char* comma = words.args[i]; (comma = strchr(comma, ',')) != NULL;) *comma = '\n';
    const size_t length = strlen(words.args[i]);
    const ssize_t sent =
        sendto(fd, words.args[i], length, 0, (const struct sockaddr*)&address, sizeof address);
    print_result("notify", sent < 0 ? -1 : 0);
  }
  close(fd);
}

const struct command process_commands[] = {
    {"ids", 0, ids},
    {"caps", 0, caps},
    {"status", 1, status},
    {"env", 0, env},
    {"args", 0, args},
    {"cwd", 0, cwd},
    {"umask", 0, show_umask},
    {"rlimit", 1, rlimit},
    {"fds", 0, fds},
    {"sched", 0, sched},
    {"affinity", 0, affinity},
    {"ioprio", 0, ioprio},
    {"personality", 0, show_personality},
    {"tty", 0, tty},
    {"sleep", 1, do_sleep},
    {"exit", 1, do_exit},
    {"signal", 1, do_signal},
    {"wait-signal", 0, wait_signal},
    {"notify", 1, notify},
    {"signals", 0, signals},
    {"stdin", 0, read_stdin},
    {"stderr", 1, print_stderr},
    {0},
};
