/* The floor: makes the system calls that a container's configuration needs, and nothing else.

     floor run PLAN                 runs the plan's program, and leaves nothing
     floor create PLAN DIR PIDFILE  leaves it waiting before its program; DIR is made
     floor detach PLAN DIR PIDFILE  leaves it running
     floor start DIR                lets it go on
     floor exec PLAN DIR            runs the plan's program inside
     floor state DIR                prints its process, that one's state, and whether it is frozen
     floor kill DIR SIGNAL
     floor list ROOT                the same as state for every directory in ROOT
     floor delete PLAN DIR          removes what `create` made; the process must have ended

   The plan is a list of system calls with their arguments (floor_plan.py makes it from a
   config.json), so that what is measured has no choices to make and no text to understand. */
#include "floor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct plan plan;

static const struct line* find(const char* word) {
  for (int i = 0; i < plan.count; ++i) {
    if (strcmp(plan.lines[i].field[0], word) == 0) return &plan.lines[i];
  }
  return NULL;
}

static const char* in(const char* directory, const char* name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  return path;
}

/* The program of the line's file decides which devices the cgroup may use. */
static void attach_device_filter(int cgroup, const char* file) {
  static char code[65536];
  const int fd = open(file, O_RDONLY | O_CLOEXEC);
  check(fd, "open", file);
  const ssize_t length = read(fd, code, sizeof code);
  check(length, "read", file);
  close(fd);
  union bpf_attr load = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE};
  load.insns = (unsigned long)code;
  load.insn_cnt = (unsigned)length / sizeof(struct bpf_insn);
  load.license = (unsigned long)"GPL";
  const long program = syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
  check(program, "bpf load", file);
  union bpf_attr attach = {.target_fd = (unsigned)cgroup};
  attach.attach_bpf_fd = (unsigned)program;
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  check(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach), "bpf attach", file);
  close((int)program);
}

static void set_limits(void) {
  for (int i = 0; i < plan.count; ++i) {
    const char* const* field = plan.lines[i].field;
    if (strcmp(field[0], "limit") == 0) write_text(field[1], field[2]);
  }
}

/* Makes the cgroups; the one of version 2 as a descriptor, or -1. */
static int make_cgroups(void) {
  int unified = -1;
  for (int i = 0; i < plan.count; ++i) {
    const char* const* field = plan.lines[i].field;
    if (strcmp(field[0], "cgroup") == 0) {
      check(mkdir(field[1], 0755), "mkdir", field[1]);
    } else if (strcmp(field[0], "cgroup2") == 0) {
      check(mkdir(field[1], 0755), "mkdir", field[1]);
      unified = open(field[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      check(unified, "open", field[1]);
    } else if (strcmp(field[0], "devices") == 0) {
      attach_device_filter(unified, field[1]);
    }
  }
  return unified;
}

static int has_v1_cgroups(void) {
  return find("cgroup") != NULL;
}

static void join_v1_cgroups(const char* pid) {
  for (int i = 0; i < plan.count; ++i) {
    const char* const* field = plan.lines[i].field;
    if (strcmp(field[0], "cgroup") == 0) write_text(in(field[1], "cgroup.procs"), pid);
  }
}

static void remove_cgroups(void) {
  for (int i = 0; i < plan.count; ++i) {
    const char* const* field = plan.lines[i].field;
    if (strncmp(field[0], "cgroup", 6) != 0) continue;
    check(rmdir(field[1]), "rmdir", field[1]);
  }
}

static pid_t clone_init(unsigned long flags, int cgroup) {
  struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
  if (cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = (unsigned)cgroup;
  }
  const long pid = syscall(SYS_clone3, &args, sizeof args);
  check(pid, "clone3", "");
  return (pid_t)pid;
}

static void write_id_maps(pid_t pid) {
  const struct line* uids = find("uid_map");
  if (uids == NULL) return;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
  write_text(path, uids->field[1]);
  snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
  write_text(path, find("gid_map")->field[1]);
}

static void make_pair(int pair[2]) {
  check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair", "");
}

/* The container's process, on its way or waiting at `fifo`; `up` says when it is there. */
static pid_t make_container(int fifo, int up) {
  const int unified = make_cgroups();
  set_limits();
  const int waits = find("uid_map") != NULL || has_v1_cgroups();
  int pair[2] = {-1, -1};
  if (waits) make_pair(pair);
  const pid_t pid = clone_init(hex(find("clone")->field[1]), unified);
  if (pid == 0) {
    const struct gates gates = {.host = pair[1], .up = up, .fifo = fifo};
    run_init(&plan, &gates);
  }
  if (!waits) return pid;
  char text[16];
  snprintf(text, sizeof text, "%d", pid);
  join_v1_cgroups(text);
  write_id_maps(pid);
  check(write(pair[0], "", 1), "write", "the container's side");
  return pid;
}

static int wait_for(pid_t pid) {
  int status = 0;
  check(wait4(pid, &status, 0, NULL), "wait4", "");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(void) {
  const int status = wait_for(make_container(-1, -1));
  remove_cgroups();
  return status;
}

static void save_pid(const char* path, pid_t pid) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  check(fd, "open", path);
  check(dprintf(fd, "%d", pid), "write", path);
  close(fd);
}

/* The file that tells whether the plan's cgroup is frozen; "" where it has none. */
static const char* freezer(void) {
  for (int i = 0; i < plan.count; ++i) {
    const char* const* field = plan.lines[i].field;
    if (strcmp(field[0], "cgroup2") == 0) return in(field[1], "cgroup.freeze");
    if (strcmp(field[0], "cgroup") == 0 && strstr(field[1], "/freezer/") != NULL)
      return in(field[1], "freezer.self_freezing");
  }
  return "";
}

/* All that `state` needs: the process and its freezer. */
static void save_state(const char* directory, pid_t pid) {
  const int fd = open(in(directory, "pid"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  check(fd, "open", directory);
  check(dprintf(fd, "%d %s", pid, freezer()), "write", directory);
  close(fd);
}

static int create(const char* directory, const char* pid_file, int waits) {
  check(mkdir(directory, 0700), "mkdir", directory);
  int fifo = -1;
  if (waits) {
    check(mkfifo(in(directory, "gate"), 0600), "mkfifo", directory);
    fifo = open(in(directory, "gate"), O_RDWR | O_CLOEXEC);
    check(fifo, "open", directory);
  }
  int up[2];
  make_pair(up);
  const pid_t pid = make_container(fifo, up[1]);
  close(up[1]);
  char byte;
  if (read(up[0], &byte, 1) != 1) return wait_for(pid);
  save_state(directory, pid);
  save_pid(pid_file, pid);
  return 0;
}

static int start(const char* directory) {
  const int gate = open(in(directory, "gate"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  check(gate, "open", directory);
  check(write(gate, "", 1), "write", directory);
  return 0;
}

static pid_t pid_of(const char* directory) {
  char text[16] = "";
  const int fd = open(in(directory, "pid"), O_RDONLY | O_CLOEXEC);
  check(fd, "open", directory);
  check(read(fd, text, sizeof text - 1), "read", directory);
  close(fd);
  return atoi(text);
}

static int enter(const char* directory) {
  const int target = (int)syscall(SYS_pidfd_open, pid_of(directory), 0);
  check(target, "pidfd_open", directory);
  const struct line* unified = find("cgroup2");
  int cgroup = -1;
  if (unified != NULL) {
    cgroup = open(unified->field[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(cgroup, "open", unified->field[1]);
  }
  join_v1_cgroups("0");
  set_limits();
  check(setns(target, (int)hex(find("enter")->field[1])), "setns", directory);
  const pid_t pid = clone_init(0, cgroup);
  if (pid == 0) {
    const struct gates gates = {.host = -1, .up = -1, .fifo = -1};
    run_init(&plan, &gates);
  }
  return wait_for(pid);
}

/* What of a file fits into `text`, as a string; "" without the file. */
static void read_text(const char* path, char* text, size_t size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t length = fd < 0 ? 0 : read(fd, text, size - 1);
  if (fd >= 0) close(fd);
  text[length < 0 ? 0 : length] = '\0';
}

/* "PID STATE FROZEN", as /proc/PID/stat and the freezer have them; "PID gone" without the process. */
static void print_state(const char* directory) {
  char saved[4096], path[64], status[512], frozen[16];
  read_text(in(directory, "pid"), saved, sizeof saved);
  const int pid = atoi(saved);
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  read_text(path, status, sizeof status);
  const char* end = strrchr(status, ')');
  if (end == NULL) {
    printf("%d gone\n", pid);
    return;
  }
  const char* freezer = strchr(saved, ' ');
  read_text(freezer == NULL ? "" : freezer + 1, frozen, sizeof frozen);
  printf("%d %c %.1s\n", pid, end[2], frozen);
}

static int list(const char* root) {
  DIR* stream = opendir(root);
  if (stream == NULL) die("open", root);
  for (const struct dirent* entry; (entry = readdir(stream)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", root, entry->d_name);
    print_state(path);
  }
  closedir(stream);
  return 0;
}

static int kill_container(const char* directory, const char* signal) {
  const int target = (int)syscall(SYS_pidfd_open, pid_of(directory), 0);
  check(target, "pidfd_open", directory);
  check(syscall(SYS_pidfd_send_signal, target, atoi(signal), NULL, 0), "kill", directory);
  return 0;
}

static int delete (const char* directory) {
  if (kill(pid_of(directory), 0) == 0) die("delete", "a container that runs");
  remove_cgroups();
  if (unlink(in(directory, "gate")) != 0 && errno != ENOENT) die("unlink", directory);
  check(unlink(in(directory, "pid")), "unlink", directory);
  check(rmdir(directory), "rmdir", directory);
  return 0;
}

int main(int argc, char** argv) {
  const char* word = argc > 2 ? argv[1] : "";
  if (argc == 3 && strcmp(word, "start") == 0) return start(argv[2]);
  if (argc == 3 && strcmp(word, "list") == 0) return list(argv[2]);
  if (argc == 4 && strcmp(word, "kill") == 0) return kill_container(argv[2], argv[3]);
  if (argc == 3 && strcmp(word, "state") == 0) {
    print_state(argv[2]);
    return 0;
  }
  if (argc < 3) {
    fputs("usage: floor COMMAND ARGUMENT...; floor.c says which\n", stderr);
    return 125;
  }
  read_plan(&plan, argv[2]);
  if (argc == 3 && strcmp(word, "run") == 0) return run();
  if (argc == 5 && strcmp(word, "create") == 0) return create(argv[3], argv[4], 1);
  if (argc == 5 && strcmp(word, "detach") == 0) return create(argv[3], argv[4], 0);
  if (argc == 4 && strcmp(word, "exec") == 0) return enter(argv[3]);
  if (argc == 4 && strcmp(word, "delete") == 0) return delete (argv[3]);
  die("what is", word);
}
