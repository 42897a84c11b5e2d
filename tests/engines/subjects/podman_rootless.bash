# Podman as an ordinary user with a range of subordinate ids.

subject_podman_rootless() {
  needs podman_rootless podman conmon newuidmap setpriv || return 0
  hide_unified
  install_podman_dropin
  make_walker
  use_podman "$scratch/walker" setpriv --reuid walker --regid walker --init-groups \
    env HOME=/usr/walker XDG_RUNTIME_DIR=/run/user/6000 USER=walker
  chown walker:walker "$scratch/walker"
  choose_network
  import_podman >/dev/null
  run_parts podman/containers podman/rootless
  podman_network=()
  show_unified
}

# Containers with a network need a helper, which may not be installed.  Podman 5 would take pasta,
# which wants the host's routes to copy, and a run has none.
choose_network() {
  if ! command -v slirp4netns >/dev/null; then
    podman_network=(--network none)
  elif [[ $(/usr/bin/podman --version) != *" version 4."* ]]; then
    printf '[network]\ndefault_rootless_network_cmd = "slirp4netns"\n' \
      >/etc/containers/containers.conf.d/rootless-network.conf
  fi
}

# A user with 65536 ids, a home, a runtime directory, and devices as udev would leave them.
make_walker() {
  useradd --uid 6000 --create-home --home-dir /usr/walker walker
  sed -i '/^walker:/d' /etc/subuid /etc/subgid
  echo walker:700000:65536 | tee -a /etc/subgid >>/etc/subuid
  install --directory --owner walker --group walker --mode 700 /run/user/6000
  local device
  for device in /dev/fuse /dev/net/tun; do
    [[ -c $device ]] || continue
    cp --archive "$device" "$scratch/${device##*/}"
    chmod 666 "$scratch/${device##*/}"
    mount --bind "$scratch/${device##*/}" "$device"
  done
}
