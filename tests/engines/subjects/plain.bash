# Docker without remapping, coracle as default runtime.

subject_plain() {
  needs plain dockerd containerd docker || return 0
  start_containerd plain
  start_dockerd plain
  use_docker plain
  import_busybox >/dev/null
  local part
  for part in "$here"/subjects/plain/*.bash; do
    # shellcheck source=/dev/null
    source "$part"
  done
  stop_daemon plain-dockerd
  stop_daemon plain-containerd
}
