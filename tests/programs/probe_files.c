// The probe's commands about files and mounts.
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "probe.h"

// Copies the file to stdout as it is, or prints "cat=ERRNO".
static void cat(struct words words) {
  const int fd = open(words.args[1], O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    print_errno("cat");
    return;
  }
  char text[65536];
  ssize_t length;
  while ((length = read(fd, text, sizeof text)) > 0) fwrite(text, 1, (size_t)length, stdout);
  if (length < 0) print_errno("cat");
  close(fd);
}

static void line(struct words words) {
  const int fd = open(words.args[1], O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    print_errno(words.args[1]);
    return;
  }
  char text[4096];
  const ssize_t length = read(fd, text, sizeof text - 1);
  if (length < 0) {
    print_errno(words.args[1]);
  } else {
    text[length] = '\0';
    text[strcspn(text, "\n")] = '\0';
    printf("%s=%s\n", words.args[1], text);
  }
  close(fd);
}

static void mountinfo(struct words words) {
  char* const file[] = {words.args[0], "/proc/self/mountinfo", NULL};
  cat((struct words){.count = 2, .args = (char**)file});
}

// One mount, the last one made there: its fields of /proc/self/mountinfo by name.
static void print_mount(char* fields) {
  char* rest = strstr(fields, " - ");
  if (!rest) return;
  *rest = '\0';
  char root[PATH_MAX] = "", at[PATH_MAX] = "", options[1024] = "", tags[1024] = "";
  sscanf(fields, "%*d %*d %*s %4095s %4095s %1023s %1023[^\n]", root, at, options, tags);
  char type[256] = "", source[PATH_MAX] = "", super[1024] = "";
  sscanf(rest + 3, "%255s %4095s %1023s", type, source, super);
  printf("mount.root=%s\nmount.options=%s\nmount.tags=%s\n", root, options, tags);
  printf("mount.type=%s\nmount.source=%s\nmount.super=%s\n", type, source, super);
}

static void mount_at(struct words words) {
  FILE* mounts = fopen("/proc/self/mountinfo", "re");
  if (!mounts) {
    print_errno("mount");
    return;
  }
  char text[8192], found[8192] = "";
  while (fgets(text, sizeof text, mounts)) {
    char at[PATH_MAX] = "";
    sscanf(text, "%*d %*d %*s %*s %4095s", at);
    if (strcmp(at, words.args[1]) == 0) strcpy(found, text);
  }
  fclose(mounts);
  if (found[0]) {
    print_mount(found);
  } else {
    printf("mount=none\n");
  }
}

static const char* type_name(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return "directory";
    case S_IFLNK:
      return "link";
    case S_IFCHR:
      return "char";
    case S_IFBLK:
      return "block";
    case S_IFIFO:
      return "fifo";
    default:
      return "socket";
  }
}

static void do_stat(struct words words) {
  struct stat facts;
  if (lstat(words.args[1], &facts)) {
    print_errno("stat");
    return;
  }
  printf("type=%s\nmode=%04o\nuid=%u\ngid=%u\n", type_name(facts.st_mode), facts.st_mode & 07777,
         facts.st_uid, facts.st_gid);
  printf("size=%lld\nrdev=%u:%u\n", (long long)facts.st_size, major(facts.st_rdev),
         minor(facts.st_rdev));
}

static void do_readlink(struct words words) {
  char target[PATH_MAX];
  const ssize_t length = readlink(words.args[1], target, sizeof target - 1);
  if (length < 0) {
    print_errno("link");
    return;
  }
  target[length] = '\0';
  printf("link=%s\n", target);
}

static int by_name(const struct dirent** a, const struct dirent** b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static void ls(struct words words) {
  struct dirent** entries;
  const int count = scandir(words.args[1], &entries, NULL, by_name);
  if (count < 0) print_errno("ls");
  for (int i = 0; i < count; ++i) {
    const char* name = entries[i]->d_name;
    if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) printf("entry=%s\n", name);
  }
}

static void do_write(struct words words) {
  const int fd = open(words.args[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    print_errno("write");
    return;
  }
  print_result("write", write(fd, words.args[2], strlen(words.args[2])));
  close(fd);
}

// A file of that name in the directory, or the file itself, opened for writing.
static void readonly(struct words words) {
  struct stat facts;
  char path[PATH_MAX];
  const int is_directory = stat(words.args[1], &facts) == 0 && S_ISDIR(facts.st_mode);
  snprintf(path, sizeof path, "%s%s", words.args[1], is_directory ? "/.probe-write" : "");
  const int fd = open(path, O_WRONLY | O_CLOEXEC | (is_directory ? O_CREAT : 0), 0600);
  print_result("writable", fd);
  if (fd < 0) return;
  close(fd);
  if (is_directory) unlink(path);
}

static void touch(struct words words) {
  print_result("touch", open(words.args[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
}

static void do_open(struct words words) {
  print_result("open.read", open(words.args[1], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  print_result("open.write", open(words.args[1], O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

static void do_mkdir(struct words words) {
  print_result("mkdir", mkdir(words.args[1], 0777));
}

static void do_chown(struct words words) {
  print_result("chown",
               chown(words.args[1], (uid_t)atoi(words.args[2]), (gid_t)atoi(words.args[3])));
}

static void do_chmod(struct words words) {
  print_result("chmod", chmod(words.args[1], (mode_t)strtol(words.args[2], NULL, 8)));
}

static void do_mknod(struct words words) {
  const mode_t type = words.args[2][0] == 'b' ? S_IFBLK : S_IFCHR;
  const dev_t device = makedev((unsigned)atoi(words.args[3]), (unsigned)atoi(words.args[4]));
  print_result("mknod", mknod(words.args[1], type | 0600, device));
}

static void do_mount(struct words words) {
  print_result("do-mount", mount(words.args[1], words.args[2], words.args[3], 0, NULL));
}

static void do_umount(struct words words) {
  print_result("umount", umount2(words.args[1], 0));
}

static void do_statfs(struct words words) {
  struct statfs facts;
  if (statfs(words.args[1], &facts)) {
    print_errno("statfs");
    return;
  }
  printf("fs.type=0x%lx\nfs.bytes=%llu\n", (unsigned long)facts.f_type,
         (unsigned long long)facts.f_blocks * (unsigned long long)facts.f_bsize);
}

const struct command file_commands[] = {
    {"cat", 1, cat},
    {"line", 1, line},
    {"mountinfo", 0, mountinfo},
    {"mount", 1, mount_at},
    {"stat", 1, do_stat},
    {"readlink", 1, do_readlink},
    {"ls", 1, ls},
    {"write", 2, do_write},
    {"readonly", 1, readonly},
    {"touch", 1, touch},
    {"open", 1, do_open},
    {"mkdir", 1, do_mkdir},
    {"chown", 3, do_chown},
    {"chmod", 2, do_chmod},
    {"mknod", 4, do_mknod},
    {"do-mount", 3, do_mount},
    {"umount", 1, do_umount},
    {"statfs", 1, do_statfs},
    {0},
};
