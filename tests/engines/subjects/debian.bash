# A whole Debian system in a remapped container: many owners, set-uid programs, package tools.

subject_debian() {
  needs debian dockerd containerd docker || return 0
  if ! $full || [[ ! -e $debian_tar ]]; then
    skip "a Debian system under --userns-remap" "takes a tree by debootstrap: run with --full"
    return 0
  fi
  start_containerd debian
  start_dockerd debian --userns-remap=default
  use_docker debian
  docker import - debian <"$debian_tar" >/dev/null
  image=debian
  check "bash, and who it is" prints "root 0" run -- bash -c 'echo $(whoami) $(id -u)'
  check "owners and modes are those of the tree" owners_kept
  check "useradd, chown and su inside" other_user_inside
  check "a set-uid program gives the container's root, and no more" set_uid
  check "dpkg writes" dpkg_writes
  check "ps faux inside and docker top outside" processes
  unset image
  stop_daemon debian-dockerd
  stop_daemon debian-containerd
}

owners_kept() {
  prints "root:shadow 640" run -- stat -c '%U:%G %a' /etc/shadow
  prints "root:root 4755" run -- stat -c '%U:%G %a' /usr/bin/su
  prints "root:root 1777" run -- stat -c '%U:%G %a' /tmp
}

other_user_inside() {
  prints "someone 1234 someone" run -- bash -c 'useradd --uid 1234 --create-home someone &&
    su someone -c "touch ~/file && echo \$(whoami) \$(id -u) \$(stat -c %U ~/file)"'
}

set_uid() {
  start --user 1000 -- bash -c 'sleep 1000'
  docker exec --user root "$box" bash -c 'cp /usr/bin/sleep /setuid && chmod 4755 /setuid'
  local sleeping=4321
  [[ $runtime == coracle ]] || sleeping=4322
  docker exec --detach "$box" /setuid $sleeping
  local base
  base=$(awk '$1 == 0 { print $2 }' "/proc/$(host_pid)/uid_map")
  eventually set_uid_runs_as "$base"
}

set_uid_runs_as() {
  [[ $(pgrep --full --uid "$((base + 1000))" --euid "$1" "^/setuid $sleeping") ]]
}

dpkg_writes() {
  run -- bash -c 'dpkg --purge --force-remove-essential --force-depends hostname &&
    ! dpkg --status hostname 2>/dev/null | grep "^Status: install ok"'
}

processes() {
  start -- bash -c 'sleep 1000 & wait'
  matches "sleep 1000" docker top "$box" faux
  prints "bash sleep" docker exec "$box" bash -c \
    'for p in /proc/[0-9]*; do read -r name <"$p/comm"; echo "$name"; done | sort | uniq |
      grep -E "^(bash|sleep)$" | xargs'
}
