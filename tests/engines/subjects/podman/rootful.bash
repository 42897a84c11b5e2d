# What needs root.

host_uid() {
  awk '$1 == "Uid:" { print $2 }' "/proc/$(p_field .State.Pid)/status"
}

userns_auto() {
  p_start --userns auto -- sleep 1000
  [[ $(host_uid) -ge 2147483647 ]]
  prints 0 podman exec "$box" id -u
  matches " 1024$" podman exec "$box" cat /proc/self/uid_map
}

own_maps() {
  p_start --uidmap 0:500000:1000 --uidmap 1000:501000:1 --gidmap 0:500000:2000 -- sleep 1000
  prints 500000 host_uid
  # What the second line says; Podman 5 makes one of the two.
  prints 501000 podman exec "$box" \
    awk '$1 <= 1000 && 1000 < $1 + $3 { print $2 + 1000 - $1 }' /proc/self/uid_map
}

idmapped_volume() {
  mkdir -p data
  echo content >data/file
  prints "0 content" p_run --uidmap 0:500000:1000 --volume "$PWD/data:/data:idmap" -- \
    sh -c 'echo $(stat -c %u /data/file) $(cat /data/file)'
}

chowned_volume() {
  mkdir -p data
  p_run --uidmap 0:500000:1000 --volume "$PWD/data:/data:U" -- touch /data/file
  prints 500000 stat --format %u data/file
}

limits() {
  p_start --memory 64m --cpus 0.5 --pids-limit 50 -- sleep 1000
  local pid
  pid=$(p_field .State.Pid)
  prints 67108864 cgroup_setting "$pid" memory memory.limit_in_bytes memory.max
  podman update --cpus 0.25 "$box"
  matches "^25000" cgroup_setting "$pid" cpu cpu.cfs_quota_us cpu.max
  prints 67108864 cgroup_setting "$pid" memory memory.limit_in_bytes memory.max
}

stats() {
  p_start -- sleep 1000
  matches "^$box [1-9][0-9.]*[kM]B / .* 1$" \
    podman stats --no-stream --no-reset --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' "$box"
}

paused() {
  p_start -- sleep 1000
  podman pause "$box"
  p_has_status paused
  podman unpause "$box"
  prints inside podman exec "$box" echo inside
}

bridged() {
  p_start -- sh -c 'while :; do nc -l -p 8000 -e echo bridged; done'
  eventually tcp_says "$(p_field .NetworkSettings.IPAddress)" 8000 bridged
}

tcp_says() {
  [[ $(timeout $((5 * patience)) bash -c "cat </dev/tcp/$1/$2" 2>/dev/null) == "$3" ]]
}

out_of_memory() {
  p_start --memory 16m --memory-swap 16m -- \
    sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; status=$?; sleep 1; exit $status'
  eventually p_has_status exited
  prints 137 p_field .State.ExitCode
}

top_columns() {
  p_start --userns auto -- sleep 1000
  matches "root +21474[0-9]+ +sleep" podman top "$box" user huser comm
}

play_kube() {
  sed "s/NAME/pod-$box/" >pod.yaml <<'YAML'
apiVersion: v1
kind: Pod
metadata:
  name: NAME
spec:
  containers:
  - name: main
    image: localhost/busybox:latest
    imagePullPolicy: Never
    command: [sleep, "100"]
    securityContext:
      runAsUser: 1000
YAML
  podman play kube --quiet pod.yaml
  prints 1000 podman exec "pod-$box-main" id -u
  podman play kube --down pod.yaml
}

restored() {
  p_start -- sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/count; sleep 0.1; done'
  eventually counts_to 20 p_field .State.Pid
  podman container checkpoint "$box"
  p_has_status exited
  podman container restore "$box"
  counts_to 20 p_field .State.Pid  # one that is started anew counts from 1
  eventually counts_to $(($(count_of p_field .State.Pid) + 5)) p_field .State.Pid
}

# Podman wants to be below the root of all hierarchies for it, v2 too.
split_cgroups() {
  local mount
  for mount in $(cgroup_mounts); do
    mkdir "$mount/$box"
    init_cpuset "$mount/$box"
    echo $BASHPID >"$mount/$box/cgroup.procs"
  done
  p_start --cgroups split -- sleep 1000
  matches "/$box/(libpod-payload|container)" cat "/proc/$(p_field .State.Pid)/cgroup"
}

check "--userns=auto: a range of its own" userns_auto
check "--uidmap and --gidmap, several lines" own_maps
check "--uidmap with a volume :idmap" idmapped_volume
check "--uidmap with a volume :U" chowned_volume
check "--memory, --cpus, --pids-limit; update of one leaves the others" limits
check "an allocation over the limit is killed" out_of_memory
check "stats" stats
check "pause and unpause" paused
check "--network bridge: reached at its address" bridged
check "top: users inside and outside" top_columns
if needs "play kube" catatonit; then check "play kube" play_kube; fi
show_unified
check "--cgroups=split" split_cgroups
hide_unified
check "--device" prints "a,e5" p_run --device /dev/fuse -- stat -c '%t,%T' /dev/fuse
check "--device under another name, in a user namespace" prints "a,e5" \
  p_run --userns auto --device /dev/fuse:/dev/fff -- stat -c '%t,%T' /dev/fff
check "--userns=auto --read-only --tmpfs" \
  p_run --userns auto --read-only --tmpfs /work -- touch /work/file
check "--userns=auto --privileged" p_run --userns auto --privileged -- true
check "--userns=auto --network host" p_run --userns auto --network host -- true
check "--userns=auto --pid host" p_run --userns auto --pid host -- true
if needs "container checkpoint and restore" criu; then
  check "container checkpoint and restore" restored
fi
