# What ctr's options ask of the runtime.

ctr_base=400000
ctr_maps=(--uidmap "0:$ctr_base:65536" --gidmap "0:$ctr_base:65536")

# What it keeps of a container is for no other runtime.
run_by_this_side() {
  ctr_start "$@" -- sleep 1000
  matches "\"id\": *\"$box\"" "$(runtime_path)" --root /run/containerd/runc/default state "$box"
}

mapped() {
  ctr_start "${ctr_maps[@]}" -- sleep 1000
  prints "0 $ctr_base 65536" ctr_exec sh -c 'echo $(cat /proc/self/uid_map)'
  prints root ctr_exec whoami
  prints "$ctr_base" awk '$1 == "Uid:" { print $2 }' "/proc/$(ctr_pid)/status"
  prints 0 ctr_exec stat -c %u /bin/busybox
}

mapped_once() {
  ctr_once "${ctr_maps[@]}" "$@"
}

host_network() {
  prints "$(readlink /proc/self/ns/net)" ctr_once --net-host -- readlink /proc/self/ns/net
}

joined() {
  ctr_start -- sleep 1000
  local pid first=$box
  pid=$(ctr_pid)
  box=$first-2
  prints "$(readlink "/proc/$pid/ns/net") $(readlink "/proc/$pid/ns/ipc")" \
    ctr_once --with-ns "network:/proc/$pid/ns/net" --with-ns "ipc:/proc/$pid/ns/ipc" -- \
    sh -c 'echo $(readlink /proc/self/ns/net) $(readlink /proc/self/ns/ipc)'
  box=$first
}

memory_limit() {
  local cgroup=/engines/$box
  ! by_systemd || cgroup=engines.slice:limited:$box
  ctr_start --memory-limit 33554432 --cgroup "$cgroup" -- sleep 1000
  matches "/engines(/|\.slice/limited-)$box" cgroup_path memory "$(ctr_pid)"
  prints 33554432 cgroup_setting "$(ctr_pid)" memory memory.limit_in_bytes memory.max
}

bind() {
  echo content >file
  prints content ctr_once --mount "type=bind,src=$PWD,dst=/data,options=rbind:ro" -- cat /data/file
  refuses "Read-only" \
    ctr_once --mount "type=bind,src=$PWD,dst=/data,options=rbind:ro" -- touch /data/new
}

pid_file() {
  ctr_start --pid-file "$PWD/pid" -- sleep 1000
  prints "$(ctr_pid)" cat pid
}

ctr_directory() {
  mkdir rootfs
  cp -r "$scratch/busybox/." rootfs
  prints hello ctr run --rm --runc-binary "$(runtime_path)" --env PATH=/bin --rootfs "$PWD/rootfs" "$box" \
    echo hello
}

check "each side's own runtime runs it" run_by_this_side
check "each side's own runtime runs it with --uidmap" run_by_this_side "${ctr_maps[@]}"
check "each side's own runtime runs it with --no-pivot" run_by_this_side --no-pivot
check "--uidmap, --gidmap: root inside, the first id of the range outside" mapped
check "--uidmap with --read-only" \
  refuses "Read-only" mapped_once --read-only -- touch /file
check "--uidmap with --privileged: capabilities for its own namespaces" \
  mapped_once --privileged -- hostname other
check "--net-host" host_network
check "--with-ns: network and IPC of another container" joined
check "--privileged: the devices' cgroup is open" ctr_once --privileged -- \
  sh -c 'mknod /tmp/fuse c 10 229 && : </tmp/fuse'
check "--read-only" refuses "Read-only" ctr_once --read-only -- touch /file
check "--memory-limit and --cgroup" memory_limit
check "--mount" bind
check "--cap-drop" matches "CapEff:.*00000000a80425f[0-9a-e]" \
  ctr_once --cap-drop CAP_CHOWN -- grep CapEff /proc/self/status
check "--seccomp" prints "Seccomp:	2" ctr_once --seccomp -- grep ^Seccomp: /proc/self/status
check "--device" prints "a,e5" ctr_once --device /dev/fuse -- stat -c '%t,%T' /dev/fuse
check "--rootfs-propagation shared" ctr_once --rootfs-propagation shared -- true
check "--no-pivot" prints hello ctr_once --no-pivot -- echo hello
check "--pid-file" pid_file
check "--rootfs: a directory that is no image" ctr_directory
