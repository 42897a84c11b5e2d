# containerd without Docker: ctr, and the shim io.containerd.runc.v2 with our binary's name.

subject_containerd() {
  needs containerd containerd ctr || return 0
  start_containerds ctr
  run_parts containerd/tasks containerd/namespaces
  stop_containerds ctr
}
