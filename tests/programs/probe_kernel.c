// The probe's commands about namespaces, the kernel's settings and system calls.
#include <dirent.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <linux/mempolicy.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

static void hostname(struct words words) {
  (void)words;
  struct utsname names;
  uname(&names);
  printf("hostname=%s\n", names.nodename);
}

static void domainname(struct words words) {
  (void)words;
  struct utsname names;
  uname(&names);
  printf("domainname=%s\n", names.domainname);
}

static void machine(struct words words) {
  (void)words;
  struct utsname names;
  uname(&names);
  printf("machine=%s\n", names.machine);
}

// "net.ipv4.ip_forward" -> the text of /proc/sys/net/ipv4/ip_forward
static void show_sysctl(struct words words) {
  char path[PATH_MAX];
  const int prefix = snprintf(path, sizeof path, "/proc/sys/%s", words.args[1]);
  for (char* c = path + 10; c < path + prefix; ++c) {
    if (*c == '.') *c = '/';
  }
  FILE* file = fopen(path, "re");
  char value[4096];
  if (!file || !fgets(value, sizeof value, file)) {
    print_errno(words.args[1]);
  } else {
    printf("%s=%s", words.args[1], value);
  }
  if (file) fclose(file);
}

static void mempolicy(struct words words) {
  (void)words;
  int mode = 0;
  unsigned long nodes[16] = {0};
  if (syscall(SYS_get_mempolicy, &mode, nodes, sizeof nodes * 8, NULL, 0)) {
    print_errno("mempolicy");
    return;
  }
  printf("mempolicy.mode=%d\nmempolicy.flags=0x%x\nmempolicy.nodes=0x%lx\n",
         mode & ~MPOL_MODE_FLAGS, mode & MPOL_MODE_FLAGS, nodes[0]);
}

static void keyring(struct words words) {
  (void)words;
  const long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
  if (id < 0) {
    print_errno("keyring");
    return;
  }
  char text[512] = "";
  syscall(SYS_keyctl, KEYCTL_DESCRIBE, id, text, sizeof text - 1);
  printf("keyring.id=%ld\nkeyring=%s\n", id, text);
}

// "seccomp NUMBER [ARGUMENT...]": calls it, with pointers NULL, and prints what came back.
static void call(struct words words) {
  long values[6] = {0};
  for (int i = 2; i < words.count && i < 8; ++i) values[i - 2] = strtol(words.args[i], NULL, 0);
  fflush(stdout);
  const long result = syscall(strtol(words.args[1], NULL, 0), values[0], values[1], values[2],
                              values[3], values[4], values[5]);
  char key[64];
  snprintf(key, sizeof key, "syscall.%s", words.args[1]);
  print_result(key, result);
}

static int not_dotted(const struct dirent* entry) {
  return entry->d_name[0] != '.';
}

static void ns(struct words words) {
  (void)words;
  struct dirent** entries;
  const int count = scandir("/proc/self/ns", &entries, not_dotted, alphasort);
  if (count < 0) print_errno("ns");
  for (int i = 0; i < count; ++i) {
    char path[PATH_MAX], target[256];
    snprintf(path, sizeof path, "/proc/self/ns/%s", entries[i]->d_name);
    const ssize_t length = readlink(path, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = '\0';
    printf("ns.%s=%s\n", entries[i]->d_name, target);
  }
}

static void show_time(struct words words) {
  (void)words;
  struct timespec monotonic, boottime;
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  clock_gettime(CLOCK_BOOTTIME, &boottime);
  printf("monotonic=%lld\nboottime=%lld\n", (long long)monotonic.tv_sec,
         (long long)boottime.tv_sec);
}

static void lo(struct words words) {
  (void)words;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_name = "lo"};
  if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request)) {
    print_errno("lo");
    return;
  }
  printf("lo=%s\n", request.ifr_flags & IFF_UP ? "up" : "down");
  close(fd);
}

static void links(struct words words) {
  (void)words;
  struct if_nameindex* list = if_nameindex();
  for (struct if_nameindex* link = list; link && link->if_index; ++link) {
    printf("link=%s\n", link->if_name);
  }
  if_freenameindex(list);
}

static void pids(struct words words) {
  (void)words;
  printf("pid=%d\nppid=%d\n", getpid(), getppid());
}

const struct command kernel_commands[] = {
    {"hostname", 0, hostname},
    {"domainname", 0, domainname},
    {"machine", 0, machine},
    {"sysctl", 1, show_sysctl},
    {"mempolicy", 0, mempolicy},
    {"keyring", 0, keyring},
    {"seccomp", 1, call},
    {"ns", 0, ns},
    {"time", 0, show_time},
    {"lo", 0, lo},
    {"links", 0, links},
    {"pids", 0, pids},
    {0},
};
