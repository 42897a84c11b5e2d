/* Runs a program as on an older kernel: `without NAME,... PROGRAM ARGS` makes the named system
   calls fail with ENOSYS.  Two names are of clone3(2) under conditions: `into-cgroup` lets it fail
   with EINVAL where it is asked for CLONE_INTO_CGROUP, `room-for-one` the first time with EAGAIN
   where it is asked for CLONE_PARENT.  Exits with the program's status. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
  const char* name;
  unsigned number;
} calls[] = {
    {"clone3", SYS_clone3},
    {"openat2", SYS_openat2},
    {"open_tree", SYS_open_tree},
    {"move_mount", SYS_move_mount},
    {"mount_setattr", SYS_mount_setattr},
    {"close_range", SYS_close_range},
    {"pidfd_getfd", SYS_pidfd_getfd},
    {"fsopen", SYS_fsopen},
    {"execveat", SYS_execveat},
};

static const char into_cgroup[] = "into-cgroup";
static const char room_for_one[] = "room-for-one";

static void die(const char* what) {
  fprintf(stderr, "without: %s: %s\n", what, strerror(errno));
  exit(99);
}

static unsigned number_of(const char* name) {
  for (size_t i = 0; i < sizeof calls / sizeof *calls; ++i)
    if (strcmp(calls[i].name, name) == 0) return calls[i].number;
  fprintf(stderr, "without: unknown system call %s\n", name);
  exit(99);
}

static int load(char* names) {
  struct sock_filter program[64];
  unsigned short length = 0;
  int notify = 0;
  program[length++] =
      (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (char* name = strtok(names, ","); name != NULL; name = strtok(NULL, ",")) {
    const int asks = strcmp(name, into_cgroup) == 0 || strcmp(name, room_for_one) == 0;
    const unsigned number = asks ? SYS_clone3 : number_of(name);
    notify |= asks;
    program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
    program[length++] = (struct sock_filter)BPF_STMT(
        BPF_RET | BPF_K, asks ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ERRNO | ENOSYS);
  }
  program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const struct sock_fprog filter = {.len = length, .filter = program};
  if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) die("no_new_privs");
  const long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                          notify ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0, &filter);
  if (fd < 0) die("load filter");
  return notify ? (int)fd : -1;
}

static void send_fd(int socket, int fd) {
  char byte = 0;
  char control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec bytes = {&byte, 1};
  struct msghdr header = {.msg_iov = &bytes, .msg_iovlen = 1};
  if (fd >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    struct cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(part), &fd, sizeof fd);
  }
  if (sendmsg(socket, &header, 0) < 0) die("sendmsg");
}

static int receive_fd(int socket) {
  char byte = 0;
  int fd = -1;
  char control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec bytes = {&byte, 1};
  struct msghdr header = {
      .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(socket, &header, MSG_CMSG_CLOEXEC) < 0) die("recvmsg");
  const struct cmsghdr* part = CMSG_FIRSTHDR(&header);
  if (part != NULL) memcpy(&fd, CMSG_DATA(part), sizeof fd);
  return fd;
}

static int error_for(const struct clone_args* args, const char* names) {
  static int refused;
  if ((args->flags & CLONE_INTO_CGROUP) != 0 && strstr(names, into_cgroup)) return -EINVAL;
  if ((args->flags & CLONE_PARENT) != 0 && strstr(names, room_for_one) && !refused++)
    return -EAGAIN;
  return 0;
}

/* Answers one clone3. */
static void answer(int listener, const char* names) {
  struct seccomp_notif question;
  memset(&question, 0, sizeof question);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0) return; /* its caller was killed */
  struct clone_args args;
  memset(&args, 0, sizeof args);
  const struct iovec to = {&args, sizeof args};
  const struct iovec from = {
      (void*)(uintptr_t)question.data.args[0],
      question.data.args[1] < sizeof args ? question.data.args[1] : sizeof args};
  if (process_vm_readv((pid_t)question.pid, &to, 1, &from, 1, 0) < 0) die("read clone_args");
  struct seccomp_notif_resp response = {.id = question.id, .error = error_for(&args, names)};
  if (response.error == 0) response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static int supervise(int listener, pid_t child, const char* names) {
  const int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
  if (pidfd < 0) die("pidfd_open");
  while (1) {
    struct pollfd polled[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
    if (poll(polled, 2, -1) < 0 && errno != EINTR) die("poll");
    if ((polled[1].revents & POLLIN) != 0) answer(listener, names);
    if (polled[0].revents != 0) break;
  }
  int status = 0;
  if (waitpid(child, &status, 0) < 0) die("waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: without NAME,... PROGRAM [ARGS]\n");
    return 99;
  }
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) die("socketpair");
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    const int listener = load(argv[1]);
    send_fd(sockets[1], listener);
    if (listener >= 0) close(listener);
    execv(argv[2], argv + 2);
    die(argv[2]);
  }
  close(sockets[1]);
  return supervise(receive_fd(sockets[0]), child, argv[1]);
}
