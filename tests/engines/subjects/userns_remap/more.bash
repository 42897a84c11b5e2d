# With --userns-remap=default: what the tutorials do not show, and users meet.

new_device() {
  prints "a,e5" run --device /dev/fuse:/dev/fff -- stat -c '%t,%T' /dev/fff
}

proc_is_protected() {
  refuses "Permission denied|Read-only" run -- sh -c 'echo 1 >/proc/sys/kernel/panic'
  refuses "Permission denied|Operation not permitted" run -- sh -c 'mknod /disk b 8 0'
}

shared_with() {
  start --ipc shareable -- sh -c 'nc -l -p 8000 -e echo inside; sleep 1000'
  eventually prints inside run --network "container:$box" -- nc 127.0.0.1 8000
  matches "sleep 1000|nc -l" run --pid "container:$box" -- ps
  prints "$(docker exec "$box" readlink /proc/self/ns/ipc)" \
    run --ipc "container:$box" -- readlink /proc/self/ns/ipc
}

named_volume() {
  run --volume "$box:/data" -- sh -c 'echo kept >/data/file'
  prints kept run --volume "$box:/data" -- cat /data/file
  prints "$remap_base" stat --format %u "$remap_data/volumes/$box/_data/file"
  docker volume rm "$box"
}

copies_and_commits() {
  start -- sleep 1000
  echo sent >sent
  docker cp sent "$box:/sent"
  prints sent docker exec "$box" cat /sent
  docker exec "$box" chown 1000 /sent
  docker commit "$box" "$box"
  image=$box prints 1000 run -- stat -c %u /sent
  docker rmi "$box"
}

private_source() {
  mkdir -p closed/open
  chmod 700 closed
  echo read >closed/open/file
  prints read run --volume "$PWD/closed/open:/data:ro" -- cat /data/file
}

check "--device /dev/fuse:/dev/fff: the node is found by its numbers" new_device
check "--device /dev/fuse" prints "a,e5" run --device /dev/fuse -- stat -c '%t,%T' /dev/fuse
check "sysctls of the host and device nodes are out of reach" proc_is_protected
check "network, processes and memory of another container" shared_with
check "a named volume belongs to the container's root" named_volume
check "docker cp and docker commit keep owners" copies_and_commits
check "a volume below a directory of mode 0700" private_source
check "a file of another user is nobody's" prints 65534 run --volume /etc/shadow:/s -- stat -c %u /s
check "/dev/stderr of a user can be opened" \
  prints "" run --user 1000 -- sh -c 'echo x >/dev/stderr'
check "--read-only with --tmpfs" run --read-only --tmpfs /work -- touch /work/file
check "--sysctl of the network" \
  prints 77 run --sysctl net.core.somaxconn=77 -- cat /proc/sys/net/core/somaxconn
check "--hostname" prints somewhere run --hostname somewhere -- hostname
check "--network none" prints lo run --network none -- ls /sys/class/net
check "--shm-size" matches " 8\.0M.* /dev/shm" run --shm-size 8m -- df -h /dev/shm
check "--cap-add NET_ADMIN is for its own network" \
  run --cap-add NET_ADMIN -- ip link add other type bridge
check "seccomp is in force" prints "Seccomp:	2" run -- grep ^Seccomp: /proc/self/status
check "--security-opt no-new-privileges" prints "NoNewPrivs:	1" \
  run --security-opt no-new-privileges -- grep NoNewPrivs /proc/self/status
check "--cgroupns private" matches ":/$" \
  run --cgroupns private -- grep -E ':(pids|):' /proc/self/cgroup
check "--init" matches "docker-init|tini" run --init -- cat /proc/1/cmdline
