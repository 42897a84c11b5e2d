# What works with and without root.

p_exec() {
  p_start -- sleep 1000
  prints inside podman exec "$box" echo inside
  exits 7 podman exec "$box" sh -c 'exit 7'
  refuses "executable file not found in .PATH" podman exec "$box" no-such-program
  prints "1000 /tmp" podman exec --user 1000 --workdir /tmp "$box" sh -c 'echo $(id -u) $PWD'
}

json_error() {
  refuses '^[^=]*executable file.* not found in .PATH[^=]*$' p_run -- no-such-program
}

p_stop() {
  p_start -- sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done'
  eventually p_logged ready
  podman stop --time 20 "$box"
  prints 5 p_field .State.ExitCode
}

p_kill() {
  p_start -- sleep 1000
  podman kill "$box"
  eventually p_has_status exited
  prints 137 p_field .State.ExitCode
}

p_terminal() {
  export podman_home scratch
  declare -p podman_as podman_network >arrays
  export -f podman podman_runtime pod_command p_run
  on_terminal p_run_with_arrays -it -- sh -c 'tty; until [ "$(stty size)" = "24 80" ]; do sleep 0.1; done
    echo "si""zed"; read line; exit "$line"'
  shows /dev/pts/0
  shows sized
  press '4\n'
  terminal_exits 4
}

# Arrays are not exported.
p_run_with_arrays() {
  # shellcheck source=/dev/null
  source ./arrays
  p_run "$@"
}
export -f p_run_with_arrays

p_piped() {
  head --bytes 3000000 /dev/zero | p_run -i -- wc -c
}

p_health() {
  p_start --health-cmd 'test -e /healthy' --health-interval disable --health-retries 1 -- sleep 1000
  exits 1 podman healthcheck run "$box"
  podman exec "$box" touch /healthy
  podman healthcheck run "$box"
}

pod() {
  podman pod create "${podman_network[@]}" --name "pod-$box" --share net,ipc,uts
  podman run --detach --name "$box" --pod "pod-$box" localhost/busybox \
    sh -c 'nc -l -p 8000 -e echo inside; sleep 1000'
  podman run --detach --name "$box-2" --pod "pod-$box" localhost/busybox sleep 1000
  eventually prints inside podman exec "$box-2" nc 127.0.0.1 8000
  prints "$(podman exec "$box" readlink /proc/self/ns/ipc)" \
    podman exec "$box-2" readlink /proc/self/ns/ipc
  podman pod stop --time 0 "pod-$box"
}

p_commits() {
  p_start -- sh -c 'echo committed >/new; sleep 1000'
  eventually podman exec "$box" test -s /new
  matches "A /new" podman diff "$box"
  podman commit --quiet "$box" "localhost/$box"
  prints committed podman run --rm "localhost/$box" cat /new
  podman rmi "localhost/$box"
}

p_copies() {
  p_start -- sleep 1000
  podman exec "$box" sh -c 'echo back >/back'
  podman cp "$box:/back" - | tar --extract --to-stdout back | grep back
}

p_volume() {
  p_run --volume "$box:/data" -- sh -c 'echo kept >/data/file'
  prints kept p_run --volume "$box:/data" -- cat /data/file
  podman volume rm "$box"
}

p_logs() {
  p_start -- sh -c 'echo one; echo two; sleep 1000'
  eventually p_logged two
  prints $'one\ntwo' podman logs "$box"
}

p_init() {
  p_start --init -- sleep 1000
  prints 1 podman exec "$box" sh -c 'grep -c "catatonit\|docker-init\|init" /proc/1/cmdline'
}

check "run prints what the program prints" prints hello p_run -- echo hello
check "exit status 7" exits 7 p_run -- sh -c 'exit 7'
check "exit status 126: may not be executed" refuses_with 126 "permission denied" \
  p_run -- /etc/plain-file
check "exit status 127: not in PATH" refuses_with 127 "executable file.* not found in .PATH" \
  p_run -- no-such-program
check "exit status 127: a path that does not exist" \
  refuses_with 127 "no such file or directory" p_run -- /no/such/program
check "a runtime's error comes by its JSON log, without prefix" json_error
check "exec: output, statuses, user, directory" p_exec
check "stop: SIGTERM reaches the program" p_stop
check "kill" p_kill
check "-it: a terminal with the client's size" p_terminal
check "-i: a pipe of 3 MB" prints 3000000 p_piped
check "logs" p_logs
check "healthcheck run" p_health
check "commit and diff" p_commits
check "cp out of a container" p_copies
check "a named volume keeps what is written" p_volume
check "--user" prints "1000 1000" p_run --user 1000:1000 -- sh -c 'echo $(id -u) $(id -g)'
check "--hostname" prints somewhere p_run --hostname somewhere -- hostname
check "--read-only" refuses "Read-only" p_run --read-only -- touch /file
check "--tmpfs" matches "tmpfs .*size=1024k" p_run --tmpfs /work:size=1m -- grep /work /proc/mounts
check "--cap-drop all" matches "CapEff:.0000000000000000" \
  p_run --cap-drop all -- grep CapEff /proc/self/status
check "seccomp is in force" prints "Seccomp:	2" p_run -- grep ^Seccomp: /proc/self/status
check "--security-opt no-new-privileges" prints "NoNewPrivs:	1" \
  p_run --security-opt no-new-privileges -- grep NoNewPrivs /proc/self/status
check "--network none" prints lo p_run --network none -- ls /sys/class/net
check "--network host" prints "$(readlink /proc/self/ns/net)" \
  p_run --network host -- readlink /proc/self/ns/net
check "--pid host" prints "$(readlink /proc/self/ns/pid)" \
  p_run --pid host -- readlink /proc/self/ns/pid
if [[ -d /dev/mqueue ]]; then
  check "--ipc host" prints "$(readlink /proc/self/ns/ipc)" \
    p_run --ipc host -- readlink /proc/self/ns/ipc
else
  skip "--ipc host" "podman wants /dev/mqueue for it"
fi
check "--ulimit" prints 512 p_run --ulimit nofile=512:512 --ulimit nproc=100:100 -- sh -c 'ulimit -n'
check "--sysctl" prints 77 \
  p_run --sysctl net.core.somaxconn=77 -- cat /proc/sys/net/core/somaxconn
check "--shm-size" matches " 8\.0M.* /dev/shm" p_run --shm-size 8m -- df -h /dev/shm
check "--privileged" p_run --privileged -- true
check "--cgroups=disabled: the container stays in podman's cgroup" \
  prints "$(cat /proc/self/cgroup)" \
  p_run --cgroups disabled --cgroupns host -- cat /proc/self/cgroup
if needs "--init, and pods" catatonit; then
  check "--init" p_init
  check "a pod: shared network, IPC and UTS namespaces" pod
fi
skip "--systemd=always" "no guest with systemd here"
