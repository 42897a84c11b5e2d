# With --systemd-cgroup it is systemd that makes containers' cgroups.  It is told process ids, and
# made the cgroups that it answers with below the machine's root: such a run has neither a PID nor a
# cgroup namespace of its own, and ends by itself what it started.

by_systemd() {
  [[ $cgroup_manager == systemd ]]
}

# Scopes that engines ask for.
container_scopes() {
  systemctl list-units --all --plain --no-legend --full --type=scope \
    'docker-*' 'libpod-*' 'ctr-*' 'limited-*' 'cri-containerd-*' 'crio-*' | awk '{ print $1 }' | sort
}

# end_processes SCOPES: what the run started, in its own scope and in scopes that are not of SCOPES.
end_processes() {
  local procs pids
  procs=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/cgroup.procs
  mapfile -t pids < <(grep --invert-match --line-regexp "$$" "$procs")
  [[ ${#pids[@]} -eq 0 ]] || kill -s KILL "${pids[@]}" 2>/dev/null || true
  comm -13 <(echo "$1") <(container_scopes) | xargs --no-run-if-empty systemctl stop
  # A slice outlives its last scope.
  systemctl stop 'engines*.slice' 'case*.slice'
}

# What follows is for the inside.

# mount_run: an empty /run, in which systemd, the system's bus and users' sessions are still reached
# by those whom systemd is to serve.
mount_run() {
  local new=$scratch/run directory
  mkdir "$new"
  mount -t tmpfs -o mode=755 run "$new"
  if by_systemd; then
    for directory in systemd dbus user; do
      mkdir "$new/$directory"
      mount --rbind "/run/$directory" "$new/$directory"
    done
  fi
  mount --no-mtab --move "$new" /run  # there is none in it
}

# Whose sessions systemd keeps: the first ordinary user with a manager that is always there.
lingering_user() {
  local user
  for user in /var/lib/systemd/linger/*; do
    [[ ! -e $user ]] || { echo "${user##*/}" && return; }
  done
}
