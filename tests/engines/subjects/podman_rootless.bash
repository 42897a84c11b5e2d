# Podman as an ordinary user with a range of subordinate ids.

subject_podman_rootless() {
  needs podman_rootless podman conmon newuidmap setpriv || return 0
  hide_unified
  install_podman_dropin
  if by_systemd; then find_walker || return 0; else make_walker; fi
  local home=/usr/walker session=/run/user/$walker_id
  install --directory --owner "$walker" --group "$walker" $home
  use_podman "$scratch/walker" setpriv --reuid "$walker" --regid "$walker" --init-groups \
    env HOME=$home XDG_RUNTIME_DIR="$session" DBUS_SESSION_BUS_ADDRESS="unix:path=$session/bus" \
    USER="$walker"
  chown "$walker:$walker" "$scratch/walker"
  open_devices
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

# A user with 65536 ids and a runtime directory, without a session.
make_walker() {
  walker=walker walker_id=6000 walker_base=700000
  useradd --uid $walker_id --no-create-home $walker
  sed -i "/^$walker:/d" /etc/subuid /etc/subgid
  echo $walker:$walker_base:65536 | tee -a /etc/subgid >>/etc/subuid
  install --directory --owner $walker --group $walker --mode 700 /run/user/$walker_id
}

# Only one whom the machine knows has a session.
find_walker() {
  walker=$(lingering_user)
  [[ -n $walker ]] || { skip podman_rootless "no user with a session that lingers"; return 1; }
  walker_id=$(id -u "$walker")
  walker_base=$(awk -F: -v user="$walker" '$1 == user { print $2 }' /etc/subuid)
}

# As udev would leave them.
open_devices() {
  local device
  for device in /dev/fuse /dev/net/tun; do
    [[ -c $device ]] || continue
    cp --archive "$device" "$scratch/${device##*/}"
    chmod 666 "$scratch/${device##*/}"
    mount --bind "$scratch/${device##*/}" "$device"
  done
}
