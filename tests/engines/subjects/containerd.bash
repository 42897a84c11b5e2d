# containerd without Docker: ctr, and the shim io.containerd.runc.v2 with our binary's name.

subject_containerd() {
  needs containerd containerd ctr || return 0
  start_containerd ctr
  use_containerd ctr
  oci_archive "$scratch/busybox.tar"
  ctr image import "$scratch/busybox.tar" >/dev/null
  run_parts containerd/tasks containerd/namespaces
  stop_daemon ctr-containerd
}
