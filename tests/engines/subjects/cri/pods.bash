# Pods without user namespaces.

pod_runs() {
  make_pod "${users-}"
  prints pod crictl exec "$main" hostname
  refuses "executable file not found in .PATH" crictl exec "$main" no-such-program
  eventually matches started crictl logs "$main"
  matches CONTAINER_RUNNING crictl inspect "$main"
}

pod_stops() {
  make_pod "${users-}"
  local pid
  pid=$(cri_pid)
  crictl stop --timeout 1 "$main"
  matches CONTAINER_EXITED crictl inspect "$main"
  [[ ! -e /proc/$pid ]]
  crictl stopp "$pod"
  crictl rmp "$pod"
}

host_network() {
  make_pod '"network": 2'
  prints "$(readlink /proc/self/ns/net)" crictl exec "$main" readlink /proc/self/ns/net
}

pod_updates() {
  make_pod
  crictl update --memory 67108864 "$main"
  prints 67108864 cgroup_setting "$(cri_pid)" memory memory.limit_in_bytes memory.max
}

pod_stats() {
  make_pod
  eventually matches "$main" crictl stats --output json "$main"
}

privileged() {
  make_pod "" true
  matches "CapEff:.00000(03|1)f[ef]" crictl exec "$main" grep CapEff /proc/self/status
}

shared_processes() {
  make_pod '"pid": 0'
  matches "sleep 1000000" crictl exec "$main" ps
}

check "a pod: exec, its errors, logs" pod_runs
check "a pod: stop and removal" pod_stops
check "a pod on the host's network" host_network
check "a pod that shares its processes" shared_processes
check "update of the memory limit" pod_updates
check "stats" pod_stats
check "a privileged pod" privileged
