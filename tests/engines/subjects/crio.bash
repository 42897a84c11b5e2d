# Pods as the kubelet makes them, by CRI-O with the drop-in that users copy.

subject_crio() {
  needs crio "$crio" "$cri_ctl" /usr/lib/cni/bridge conmon podman || return 0
  start_crio
  remover=remove_cri
  import_crio >/dev/null
  check "crio config: the drop-in declares the handler" handler_declared
  run_parts cri/pods cri/userns
  check "a container with the handler's smallest memory limit" smallest_limit
  stop_daemon crio
}

handler_setting() {
  "$crio" config 2>/dev/null | sed -n "/^\[crio.runtime.runtimes.$runtime\]/,/^\[/s/^$1 = //p" |
    tr -d '"'
}

handler_declared() {
  prints "$(crio_path)" handler_setting runtime_path
}

smallest_limit() {
  local limit
  limit=$(handler_setting container_min_memory | tr -d B | numfmt --from=iec-i)
  resources='"memory_limit_in_bytes": '$limit
  make_pod
  prints "$limit" cgroup_setting "$(cri_pid)" memory memory.limit_in_bytes memory.max
  prints pod crictl exec "$main" hostname
}
