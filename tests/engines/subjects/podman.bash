# Podman as root, with coracle by the drop-in that users copy.

subject_podman() {
  needs podman podman conmon || return 0
  hide_unified
  install_podman_dropin
  # Ranges for --userns=auto.
  echo containers:2147483647:1048576 | tee -a /etc/subgid >>/etc/subuid
  use_podman "$scratch/podman"
  import_podman >/dev/null
  run_parts podman/containers podman/rootful
  show_unified
}
