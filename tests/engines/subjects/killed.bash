# Engines that are killed in the middle of 50 starts come back, and nothing of ours is left.

subject_killed() {
  needs killed dockerd containerd docker || return 0
  busybox_tree "$scratch/busybox"
  check "SIGKILL of dockerd in the middle of 50 starts" engines_come_back dockerd
  long_check "SIGKILL of containerd in the middle of 50 starts" engines_come_back containerd
  long_check "SIGKILL of both in the middle of 50 starts" engines_come_back dockerd containerd
  check "SIGKILL of every runtime in the middle of 50 starts" runtimes_killed
  if command -v podman >/dev/null; then
    hide_unified
    install_podman_dropin
    long_check "SIGKILL of podman and conmon in the middle of 50 starts" podman_killed
    show_unified
  fi
}

# What the containers of this side run, to be found by.
own_sleep() {
  sleeping="7${number}0"
  [[ $runtime == coracle ]] || sleeping="7${number}1"
}

# Each side has engines of its own to kill.
own_engines() {
  own_sleep
  start_containerd "$box"
  start_own_dockerd
  use_docker "$box"
  import_busybox >/dev/null
}

start_own_dockerd() {
  start_dockerd "$box" --bridge none --iptables=false --cgroup-parent "$(cgroup_parent "$box")"
}

# 50 starts at once, of which the killing meets some in every stage.
fifty_starts() {
  clients=()
  local i
  for i in {1..50}; do
    start --name "$box-$i" -- sleep "$sleeping" 2>/dev/null &
    clients+=($!)
  done
  in_the_middle "$(docker_state)"
}

docker_state() {
  echo "/run/engines/$box/docker/runtime-runc/moby"
}

# in_the_middle ROOT: when the runtime knows some of them, but not all run.  Fifty at once leave
# little time to who waits for the moment: so that goes before, and looks without starting anything.
in_the_middle() (
  renice --priority -20 --pid $BASHPID >/dev/null
  shopt -s nullglob
  within 120 known "$1" $((1 + RANDOM % 15))
  [[ $(pgrep --count --full "^sleep $sleeping" || true) -lt 50 ]]
)

# known ROOT NUMBER: or more; "@" is in no container's name.
known() {
  local states=("$1"/[^@]*/)
  [[ ${#states[@]} -ge $2 ]]
}

engines_come_back() {
  own_engines
  fifty_starts
  local name
  for name in "$@"; do
    kill -s KILL "${daemon_pids[$box-$name]}"
  done
  for name in "$@"; do
    stop_daemon "$box-$name" KILL
  done
  [[ " $* " != *" containerd "* ]] || start_containerd "$box"
  [[ " $* " != *" dockerd "* ]] || start_own_dockerd
  wait "${clients[@]}" || true
  works
  leaves_nothing
}

runtimes_killed() {
  own_engines
  fifty_starts
  local i
  for i in {1..10}; do
    pkill -KILL "^$runtime" || true
    sleep 0.1
  done
  wait "${clients[@]}" || true
  works
  leaves_nothing
}

works() {
  within 120 prints alive run -- echo alive  # dockerd finds a new containerd after a while
  docker ps --all --quiet | xargs --no-run-if-empty \
    timeout $((120 * patience)) /usr/bin/docker --host "$docker_host" rm --force >/dev/null
  prints "" docker ps --all --quiet
}

# A containerd that was killed forgets the starts that it was at, with their shims, which hold
# created containers; a shim does not repeat a delete that was killed.  Whatever they leave, delete
# --force clears.
leaves_nothing() {
  pkill -KILL --full "^/usr/bin/containerd-shim.* -address /run/engines/$box/" || true
  force_deletion "$(docker_state)"
  within 120 nothing_left || { echo "left:" && what_is_left | head --lines 20 && false; }
}

# force_deletion ROOT: of every container below it.
force_deletion() {
  local state
  for state in "$1"/[^@]*/; do
    [[ -d $state ]] || continue
    "$(runtime_path)" --root "$1" delete --force "$(basename "$state")"
  done
}

nothing_left() {
  [[ -z $(what_is_left) ]]
}

# Processes, state, cgroups.
what_is_left() {
  pgrep --full --list-full "^sleep $sleeping" || true
  pgrep --full --list-full "^$(runtime_path) .*/$box/" || true
  find "/run/engines/$box/docker" -maxdepth 3 -path '*runtime-runc/moby/[^@]*'
  find /sys/fs/cgroup -path "*$(cgroup_parent "$box")/*" -type d
}

# Without a daemon it is podman itself and conmon that die.
podman_killed() {
  own_sleep
  use_podman "$scratch/$box"
  tar --create --directory "$scratch/busybox" --numeric-owner . | podman import - localhost/busybox
  local i clients=()
  for i in {1..50}; do
    p_start --name "$box-$i" --network none --cgroup-parent "$(cgroup_parent "$box")" -- sleep "$sleeping" 2>/dev/null &
    clients+=($!)
  done
  in_the_middle "/run/$runtime"
  for i in {1..10}; do
    pkill -KILL --full "^(/usr/bin/)?(podman|conmon) .*$scratch/$box/" || true
    sleep 0.1
  done
  wait "${clients[@]}" || true
  prints alive p_run --network none -- echo alive
  within 120 podman rm --all --force --time 0  # of a container that it was at, /dev/shm is busy
  prints "" podman ps --all --quiet
  force_deletion "/run/$runtime"  # it forgets the starts that it was at
  within 120 podman_left_nothing || { echo "left:" && what_podman_left | head --lines 20 && false; }
}

podman_left_nothing() {
  [[ -z $(what_podman_left) ]]
}

# The cgroups of conmon are podman's own.
what_podman_left() {
  pgrep --full --list-full "^sleep $sleeping" || true
  find /sys/fs/cgroup -path "*$(cgroup_parent "$box")/*" -type d -not -name '*conmon*'
}
