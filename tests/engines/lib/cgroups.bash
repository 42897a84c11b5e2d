# The cgroups that hold a run, seen as roots from inside: one below the root of each hierarchy, or,
# where there is cgroup v2 alone, below the cgroup that the run was started in.

cgroup_name=coracle-engines-$$

# The cgroup that is left to others when the run makes some of its own.
cgroup_base=

only_v2() {
  [[ -e /sys/fs/cgroup/cgroup.controllers ]]
}

# Where systemd is PID 1 and has cgroup v2, it keeps all of that but what it has delegated: goes on
# in a scope of its own.  in_own_scope PROGRAM ARG...
in_own_scope() {
  only_v2 && [[ -d /run/systemd/system && -z ${CORACLE_ENGINES_SCOPE-} ]] || return 0
  CORACLE_ENGINES_SCOPE=1 exec systemd-run --scope --quiet --collect --property=Delegate=yes \
    --unit="$cgroup_name" "$@"
}

# Without those that other mounts hide.
cgroup_mounts() {
  local mount
  for mount in $(awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/self/mounts | sort -u); do
    [[ ! -e $mount/cgroup.procs ]] || echo "$mount"
  done
}

run_cgroups() {
  local mount
  if only_v2; then
    echo "$cgroup_base/$cgroup_name"
    return
  fi
  for mount in $(cgroup_mounts); do
    echo "$mount/$cgroup_name"
  done
}

make_cgroups() {
  local directory
  ! only_v2 || leave_own_cgroup
  for directory in $(run_cgroups); do
    mkdir "$directory"
    init_cpuset "$directory"
  done
  ! only_v2 || mkdir "$cgroup_base/$cgroup_name/init"
}

# Only the root may hold processes and hand controllers down: in another, this shell moves to one
# below.
leave_own_cgroup() {
  cgroup_base=/sys/fs/cgroup
  if [[ -e $cgroup_base/cgroup.type || -n ${CORACLE_ENGINES_SCOPE-} ]]; then
    cgroup_base+=$(sed -n 's/^0:://p' /proc/self/cgroup)
    cgroup_base=${cgroup_base%/}
    mkdir "$cgroup_base/$cgroup_name-caller"
    echo $$ >"$cgroup_base/$cgroup_name-caller/cgroup.procs"
  fi
  delegate_controllers "$cgroup_base"
}

# A v1 cpuset starts empty, and takes no process then.
init_cpuset() {
  local file
  for file in cpuset.cpus cpuset.mems; do
    [[ ! -e $1/$file || -e $1/cgroup.controllers ]] || cat "$1/../$file" >"$1/$file"
  done
}

# enter_cgroups COMMAND...: executes it in a cgroup namespace of which the run's are the roots.
enter_cgroups() {
  local directory
  for directory in $(run_cgroups); do
    echo $BASHPID >"$directory/cgroup.procs"
  done
  # A v2 cgroup that hands controllers down may hold no process itself.
  exec unshare --cgroup bash -c '[[ ! -d $0/init ]] || echo $$ >"$0/init/cgroup.procs"; exec "$@"' \
    "$(run_cgroups | head -n 1)" "$@"
}

# Their processes are killed by then, but some may still be on their way out.
remove_cgroups() {
  local directory try
  for directory in $(run_cgroups); do
    for try in {1..100}; do
      find "$directory" -depth -type d -exec rmdir {} + 2>/dev/null || true
      [[ -e $directory ]] || break
      sleep 0.1
    done
    [[ $try -lt 100 ]] || echo "tests/engines/run: $directory stays behind" >&2
  done
  # A scope goes with this shell.
  [[ -d $cgroup_base/$cgroup_name-caller && -z ${CORACLE_ENGINES_SCOPE-} ]] || return 0
  local controller
  for controller in $(cat "$cgroup_base/cgroup.subtree_control"); do
    echo "-$controller" >"$cgroup_base/cgroup.subtree_control"
  done
  echo $$ >"$cgroup_base/cgroup.procs"
  rmdir "$cgroup_base/$cgroup_name-caller"
}

# delegate_controllers DIRECTORY: to the cgroups below it.
delegate_controllers() {
  local controller
  for controller in $(cat "$1/cgroup.controllers"); do
    echo "+$controller" >"$1/cgroup.subtree_control"
  done
}

# cgroup_setting PID CONTROLLER V1-FILE V2-FILE: what the process's cgroup says.
cgroup_setting() {
  local directory=/sys/fs/cgroup file=$4
  only_v2 || { directory+=/$2 file=$3; }
  cat "$directory$(cgroup_path "$2" "$1")/$file"
}

# cgroup_parent NAME: a cgroup for an engine to put containers into, as it wants it to be named.
cgroup_parent() {
  if by_systemd; then echo "$1.slice"; else echo "/$1"; fi
}

# cgroup_path CONTROLLER PID
cgroup_path() {
  awk -F: -v name="$1" '$1 == 0 { v2 = $3 }
    { n = split($2, names, ","); for (i = 1; i <= n; i++) if (names[i] == name) v1 = $3 }
    END { print v1 != "" ? v1 : v2 }' "/proc/$2/cgroup"
}

# What follows is for the inside, where the run's cgroups are the roots, but for systemd's.

# Mounts /sys anew, for the run's own network devices, with the host's layout of cgroups.
mount_sys() {
  local unified security
  unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
  security=$(awk '$3 == "securityfs" { print $2; exit }' /proc/self/mounts)
  # What lies below the old one would stay in the list of mounts, out of reach; Podman 5 unmounts
  # what it finds there.
  umount --recursive --lazy /sys
  mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
  # There engines see that AppArmor is on.
  [[ -z $security ]] || mount -t securityfs securityfs "$security"
  if [[ $unified == /sys/fs/cgroup ]]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    by_systemd || delegate_controllers /sys/fs/cgroup
    return
  fi
  mount -t tmpfs -o mode=755 cgroups /sys/fs/cgroup
  mount_v1_hierarchies
  if [[ -n $unified ]]; then
    mkdir /sys/fs/cgroup/unified
    mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
  fi
}

mount_v1_hierarchies() {
  local id controllers directory
  while IFS=: read -r id controllers _; do
    [[ $id != 0 && -n $controllers ]] || continue
    directory=/sys/fs/cgroup/${controllers#name=}
    mkdir "$directory"
    mount -t cgroup -o "$controllers" cgroup "$directory"
  done </proc/self/cgroup
}
