/* The floor's container side: does the lines of a plan one by one, in the container's process. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "floor.h"

static char* arguments[most_words];
static char* environment[most_words];
static struct sock_fprog filter;
static const char* masked_directory; /* the first one: it holds the mount that all others show */

void die(const char* what, const char* object) {
  dprintf(2, "floor: %s %s: %s\n", what, object, strerror(errno));
  _exit(125);
}

void check(long result, const char* what, const char* object) {
  if (result < 0) die(what, object);
}

unsigned long hex(const char* text) {
  return strtoul(text, NULL, 16);
}

void write_text(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  check(fd, "open", path);
  check(write(fd, text, strlen(text)), "write", path);
  close(fd);
}

/* The file is a program that a runtime compiled: struct sock_filter after struct sock_filter. */
static void read_filter(const char* file) {
  static struct sock_filter code[BPF_MAXINSNS];
  const int fd = open(file, O_RDONLY | O_CLOEXEC);
  check(fd, "open", file);
  const ssize_t length = read(fd, code, sizeof code);
  check(length, "read", file);
  close(fd);
  filter.len = (unsigned short)((size_t)length / sizeof code[0]);
  filter.filter = code;
}

void read_plan(struct plan* plan, const char* path) {
  static char text[1 << 20];
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  check(fd, "open", path);
  const ssize_t length = read(fd, text, sizeof text - 1);
  check(length, "read", path);
  close(fd);
  char* rest = text;
  for (char* line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';) {
    if (plan->count == most_lines) die("too long:", path);
    struct line* into = &plan->lines[plan->count++];
    for (int i = 0; i < most_fields && line != NULL; ++i) {
      const char* field = strsep(&line, "\t");
      into->field[i] = strcmp(field, "-") == 0 ? NULL : field;
    }
    if (strcmp(into->field[0], "seccomp") == 0) read_filter(into->field[1]);
  }
}

static void become_mapped_root(void) {
  check(setgroups(0, NULL), "setgroups", "none");
  check(setresgid(0, 0, 0), "setresgid", "0");
  check(setresuid(0, 0, 0), "setresuid", "0");
}

static void bring_loopback_up(void) {
  struct ifreq request = {.ifr_name = "lo"};
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  check(fd, "socket", "");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  check(ioctl(fd, SIOCSIFFLAGS, &request), "ioctl", "lo");
  close(fd);
}

/* A file, for a mount to cover. */
static void make_file(const char* path) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  check(fd, "open", path);
  close(fd);
}

/* Covers a file with /dev/null and a directory with an empty one; all with the same. */
static void mask(const char* path) {
  if (mount("/dev/null", path, NULL, MS_BIND, NULL) == 0 || errno == ENOENT) return;
  if (errno != ENOTDIR) die("mask", path);
  if (masked_directory != NULL) {
    check(mount(masked_directory, path, NULL, MS_BIND, NULL), "mask", path);
    return;
  }
  check(mount("tmpfs", path, "tmpfs", MS_RDONLY, NULL), "mask", path);
  masked_directory = path;
}

static void protect(const char* path, unsigned long flags) {
  if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) != 0) {
    if (errno != ENOENT) die("bind", path);
    return;
  }
  check(mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL), "remount", path);
}

static void pivot_into(const char* root) {
  check(chdir(root), "chdir", root);
  check(syscall(SYS_pivot_root, ".", "."), "pivot_root", root);
  check(umount2(".", MNT_DETACH), "umount", "the old root");
  check(chdir("/"), "chdir", "/");
}

static void set_limit(const char* const* field) {
  const struct rlimit limit = {.rlim_cur = strtoul(field[2], NULL, 10),
                               .rlim_max = strtoul(field[3], NULL, 10)};
  check(setrlimit((__rlimit_resource_t)atoi(field[1]), &limit), "setrlimit", field[1]);
}

static void drop_bounding(unsigned long kept, int last) {
  for (int i = 0; i <= last; ++i) {
    if ((kept >> i & 1) == 0) check(prctl(PR_CAPBSET_DROP, i), "drop", "a capability");
  }
}

static void set_capabilities(const char* const* field) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  for (int i = 0; i < 2; ++i) {
    data[i].effective = (unsigned)(hex(field[1]) >> (32 * i));
    data[i].permitted = (unsigned)(hex(field[2]) >> (32 * i));
    data[i].inheritable = (unsigned)(hex(field[3]) >> (32 * i));
  }
  check(syscall(SYS_capset, &header, data), "capset", "");
}

static void raise_ambient(unsigned long set) {
  for (unsigned long i = 0; i < 64; ++i) {
    if ((set >> i & 1) != 0)
      check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0), "raise", "a capability");
  }
}

static void load_filter(unsigned long flags) {
  check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter), "seccomp", "");
}

static void set_user(const char* const* field) {
  gid_t groups[64];
  size_t count = 0;
  char list[512];
  snprintf(list, sizeof list, "%s", field[3] == NULL ? "" : field[3]);
  for (char *rest = list, *word; (word = strsep(&rest, ",")) != NULL && *word != '\0';)
    groups[count++] = (gid_t)atoi(word);
  const uid_t uid = (uid_t)atoi(field[1]);
  const gid_t gid = (gid_t)atoi(field[2]);
  check(setgroups(count, groups), "setgroups", list);
  check(setresgid(gid, gid, gid), "setresgid", field[2]);
  check(setresuid(uid, uid, uid), "setresuid", field[1]);
}

static void add_word(char** words, const char* word) {
  int count = 0;
  while (words[count] != NULL) ++count;
  if (count == most_words - 1) die("too many words at", word);
  words[count] = (char*)(size_t)word;
}

static void wait_at(const struct gates* gates) {
  char byte;
  if (gates->up >= 0) check(write(gates->up, "", 1), "write", "the host's side");
  if (gates->fifo >= 0) check(read(gates->fifo, &byte, 1), "read", "the gate");
}

static void execute(const char* path, const struct gates* gates) {
  wait_at(gates);
  execve(path, arguments, environment);
  die("execute", path);
}

static int is(const char* const* field, const char* word) {
  return strcmp(field[0], word) == 0;
}

static void do_files(const char* const* field) {
  if (is(field, "mount")) {
    check(mount(field[1], field[2], field[3], hex(field[4]), field[5]), "mount", field[2]);
  } else if (is(field, "mkdir")) {
    if (mkdir(field[1], 0755) != 0 && errno != EEXIST) die("mkdir", field[1]);
  } else if (is(field, "file")) {
    make_file(field[1]);
  } else if (is(field, "mknod")) {
    const dev_t device = makedev((unsigned)atoi(field[2]), (unsigned)atoi(field[3]));
    check(mknod(field[1], S_IFCHR | 0666, device), "mknod", field[1]);
  } else if (is(field, "symlink")) {
    check(symlink(field[1], field[2]), "symlink", field[2]);
  } else if (is(field, "write")) {
    write_text(field[1], field[2]);
  } else if (is(field, "mask")) {
    mask(field[1]);
  } else if (is(field, "readonly")) {
    protect(field[1], hex(field[2]));
  } else if (is(field, "pivot")) {
    pivot_into(field[1]);
  } else if (is(field, "chdir")) {
    check(chdir(field[1]), "chdir", field[1]);
  }
}

static void do_process(const char* const* field, const struct gates* gates) {
  if (is(field, "root")) {
    become_mapped_root();
  } else if (is(field, "session")) {
    check(setsid(), "setsid", "");
  } else if (is(field, "unshare")) {
    check(unshare((int)hex(field[1])), "unshare", field[1]);
  } else if (is(field, "hostname")) {
    check(sethostname(field[1], strlen(field[1])), "sethostname", field[1]);
  } else if (is(field, "loopback")) {
    bring_loopback_up();
  } else if (is(field, "umask")) {
    umask((mode_t)strtoul(field[1], NULL, 8));
  } else if (is(field, "rlimit")) {
    set_limit(field);
  } else if (is(field, "bounding")) {
    drop_bounding(hex(field[1]), atoi(field[2]));
  } else if (is(field, "capset")) {
    set_capabilities(field);
  } else if (is(field, "ambient")) {
    raise_ambient(hex(field[1]));
  } else if (is(field, "no_new_privs")) {
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl", "no_new_privs");
  } else if (is(field, "seccomp")) {
    load_filter(hex(field[2]));
  } else if (is(field, "keep_caps")) {
    check(prctl(PR_SET_KEEPCAPS, 1), "prctl", "keepcaps");
  } else if (is(field, "user")) {
    set_user(field);
  } else if (is(field, "arg")) {
    add_word(arguments, field[1]);
  } else if (is(field, "env")) {
    add_word(environment, field[1]);
  } else if (is(field, "execute")) {
    execute(field[1], gates);
  }
}

void run_init(const struct plan* plan, const struct gates* gates) {
  char byte;
  if (gates->host >= 0) check(read(gates->host, &byte, 1), "read", "the host's side");
  for (int i = 0; i < plan->count; ++i) {
    do_files(plan->lines[i].field);
    do_process(plan->lines[i].field, gates);
  }
  die("execute", "nothing: the plan names no program");
}
