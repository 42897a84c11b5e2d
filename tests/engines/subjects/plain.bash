# Docker without remapping, coracle as default runtime.

subject_plain() {
  needs plain dockerd containerd docker || return 0
  start_containerd plain
  start_dockerd plain
  use_docker plain
  import_busybox >/dev/null
  run_parts plain/exit plain/terminals plain/life plain/resources plain/namespaces plain/security \
    plain/mounts
  stop_daemon plain-dockerd
  stop_daemon plain-containerd
}
