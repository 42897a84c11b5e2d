/* Runs the commands of a script one after another, and measures those that it is told to.

     driver SCRIPT

   A line of the script is LABEL, MODE and then a command, all separated by tabs:
     time       prints LABEL, wall, user and system time in microseconds and the largest resident
                size in KiB of its processes; ends everything when the command fails
     quiet      ends everything when the command fails, but prints nothing
     any        may fail
     await      instead of a command a file with a process id: waits until that process has ended
                and prints the same with 0 as wall time, so that its CPU time is not lost
     quiet-await  as await, but prints nothing
     memory:DIR as time, in a new memory cgroup DIR; the last number is the cgroup's peak in KiB
     each:N:M   N processes run the command M times each, at the same time; {} is the process's
                number.  Printed once, as if it were one command.
   Standard input and output of the commands are /dev/null. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most_words = 64, longest_command_s = 120 };

struct command {
  const char* label;
  const char* mode;
  char* words[most_words];
};

static int null_fd = -1;

static _Noreturn void die(const char* what, const char* object) {
  fprintf(stderr, "driver: %s %s: %s\n", what, object, strerror(errno));
  exit(1);
}

static long microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static long of(struct timeval time) {
  return time.tv_sec * 1000000L + time.tv_usec;
}

static void print(const char* label, long wall, const struct rusage* used, long memory) {
  printf("%s\t%ld\t%ld\t%ld\t%ld\n", label, wall, of(used->ru_utime), of(used->ru_stime), memory);
}

/* Starts the command, in the cgroup whose cgroup.procs is open as `join` unless that is -1. */
static pid_t spawn(char** words, int join) {
  const pid_t pid = vfork();
  if (pid < 0) die("vfork", words[0]);
  if (pid != 0) return pid;
  dup2(null_fd, 0);
  dup2(null_fd, 1);
  if (join >= 0 && write(join, "0", 1) != 1) _exit(126);
  execv(words[0], words);
  _exit(127);
}

/* Its wall time; how it ended in `status`. */
static long run(char** words, int join, int* status, struct rusage* used) {
  alarm(longest_command_s);
  const long start = microseconds();
  const pid_t pid = spawn(words, join);
  if (wait4(pid, status, 0, used) != pid) die("wait4", words[0]);
  const long wall = microseconds() - start;
  alarm(0);
  return wall;
}

static void must_succeed(const struct command* command, int status) {
  if (status == 0) return;
  fprintf(stderr, "driver: %s: status %#x of", command->label, status);
  for (int i = 0; command->words[i] != NULL; ++i) fprintf(stderr, " %s", command->words[i]);
  fputs("\n", stderr);
  exit(1);
}

static void do_time(const struct command* command) {
  struct rusage used;
  int status = 0;
  const long wall = run((char**)command->words, -1, &status, &used);
  must_succeed(command, status);
  print(command->label, wall, &used, used.ru_maxrss);
}

static void do_quiet(const struct command* command, int may_fail) {
  struct rusage used;
  int status = 0;
  run((char**)command->words, -1, &status, &used);
  if (!may_fail) must_succeed(command, status);
}

static long read_number(const char* path) {
  char text[32] = "";
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  return length > 0 ? atol(text) : -1;
}

/* Waits until the process has ended and is no zombie either: ours are reaped here (the driver is a
   subreaper: what a runtime leaves running becomes its child), others by whoever has them. */
static struct rusage wait_for_end(pid_t pid, const char* file) {
  struct rusage used = {0};
  const int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (pidfd < 0) return used;
  struct pollfd end = {.fd = pidfd, .events = POLLIN};
  if (poll(&end, 1, 10000) != 1) die("wait for", file);
  close(pidfd);
  /* Not at once where somebody traces it, or where it is another's child. */
  for (int tries = 0; kill(pid, 0) == 0 && tries < 10000; ++tries) {
    if (wait4(pid, NULL, WNOHANG, &used) != pid) usleep(1000);
  }
  return used;
}

static void do_await(const struct command* command, int prints) {
  const char* file = command->words[0];
  const struct rusage used = wait_for_end((pid_t)read_number(file), file);
  if (prints) print(command->label, 0, &used, 0);
}

static long peak_kib(const char* directory) {
  char path[4096];
  snprintf(path, sizeof path, "%s/memory.max_usage_in_bytes", directory);
  const long v1 = read_number(path);
  if (v1 >= 0) return v1 / 1024;
  snprintf(path, sizeof path, "%s/memory.peak", directory);
  return read_number(path) / 1024;
}

static void do_memory(const struct command* command) {
  const char* directory = command->mode + strlen("memory:");
  char path[4096];
  if (mkdir(directory, 0755) != 0) die("mkdir", directory);
  snprintf(path, sizeof path, "%s/cgroup.procs", directory);
  const int join = open(path, O_WRONLY | O_CLOEXEC);
  if (join < 0) die("open", path);
  struct rusage used;
  int status = 0;
  const long wall = run((char**)command->words, join, &status, &used);
  close(join);
  const long peak = peak_kib(directory);
  rmdir(directory); /* what is left in it goes with the bench's other cgroups */
  must_succeed(command, status);
  print(command->label, wall, &used, peak);
}

static void put_number(struct command* command, int number, char texts[][4096]) {
  for (int i = 0; command->words[i] != NULL; ++i) {
    char* found = strstr(command->words[i], "{}");
    if (found == NULL) continue;
    snprintf(texts[i], 4096, "%.*s%d%s", (int)(found - command->words[i]), command->words[i],
             number, found + 2);
    command->words[i] = texts[i];
  }
}

static _Noreturn void work(struct command command, int number, int count) {
  static char texts[most_words][4096];
  put_number(&command, number, texts);
  for (int i = 0; i < count; ++i) do_quiet(&command, 0);
  _exit(0);
}

static void do_each(const struct command* command) {
  int workers = 0, count = 0;
  if (sscanf(command->mode, "each:%d:%d", &workers, &count) != 2) die("read", command->mode);
  struct rusage before, after, used = {0};
  getrusage(RUSAGE_CHILDREN, &before);
  fflush(stdout);
  const long start = microseconds();
  for (int i = 0; i < workers; ++i) {
    const pid_t pid = fork();
    if (pid < 0) die("fork", command->label);
    if (pid == 0) work(*command, i, count);
  }
  for (int i = 0; i < workers; ++i) {
    int status = 0;
    if (wait(&status) < 0) die("wait", command->label);
    must_succeed(command, status);
  }
  const long wall = microseconds() - start;
  getrusage(RUSAGE_CHILDREN, &after);
  timersub(&after.ru_utime, &before.ru_utime, &used.ru_utime);
  timersub(&after.ru_stime, &before.ru_stime, &used.ru_stime);
  print(command->label, wall, &used, after.ru_maxrss);
}

static void do_line(const struct command* command) {
  if (strcmp(command->mode, "time") == 0) {
    do_time(command);
  } else if (strcmp(command->mode, "quiet") == 0) {
    do_quiet(command, 0);
  } else if (strcmp(command->mode, "any") == 0) {
    do_quiet(command, 1);
  } else if (strcmp(command->mode, "await") == 0) {
    do_await(command, 1);
  } else if (strcmp(command->mode, "quiet-await") == 0) {
    do_await(command, 0);
  } else if (strncmp(command->mode, "memory:", 7) == 0) {
    do_memory(command);
  } else if (strncmp(command->mode, "each:", 5) == 0) {
    do_each(command);
  } else {
    die("what is", command->mode);
  }
}

static struct command cut(char* line) {
  struct command command = {.label = "", .mode = ""};
  line[strcspn(line, "\n")] = '\0';
  command.label = strsep(&line, "\t");
  if (line != NULL) command.mode = strsep(&line, "\t");
  for (int i = 0; i < most_words - 1 && line != NULL; ++i) command.words[i] = strsep(&line, "\t");
  return command;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fputs("usage: driver SCRIPT; driver.c says what is in it\n", stderr);
    return 2;
  }
  FILE* script = fopen(argv[1], "re");
  if (script == NULL) die("open", argv[1]);
  null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  char* line = NULL;
  size_t size = 0;
  while (getline(&line, &size, script) > 0) {
    const struct command command = cut(line);
    if (command.words[0] == NULL) die("read", argv[1]);
    do_line(&command);
  }
  return 0;
}
