# The cgroups that hold a run: one below the root of each hierarchy, seen as roots from inside.

cgroup_name=coracle-engines-$$

# Without those that other mounts hide.
cgroup_mounts() {
  local mount
  for mount in $(awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/self/mounts | sort -u); do
    [[ ! -e $mount/cgroup.procs ]] || echo "$mount"
  done
}

make_cgroups() {
  local mount
  for mount in $(cgroup_mounts); do
    mkdir "$mount/$cgroup_name"
    init_cpuset "$mount/$cgroup_name"
  done
}

# A v1 cpuset starts empty, and takes no process then.
init_cpuset() {
  local file
  for file in cpuset.cpus cpuset.mems; do
    [[ ! -e $1/$file || -e $1/cgroup.controllers ]] || cat "$1/../$file" >"$1/$file"
  done
}

enter_cgroups() {
  local mount
  for mount in $(cgroup_mounts); do
    echo $BASHPID >"$mount/$cgroup_name/cgroup.procs"
  done
}

# Their processes are killed by then, but some may still be on their way out.
remove_cgroups() {
  local mount try
  for mount in $(cgroup_mounts); do
    for try in {1..100}; do
      find "$mount/$cgroup_name" -depth -type d -exec rmdir {} + 2>/dev/null || true
      [[ -e $mount/$cgroup_name ]] || break
      sleep 0.1
    done
    [[ $try -lt 100 ]] || echo "tests/engines/run: $mount/$cgroup_name stays behind" >&2
  done
}

# What follows is for the inside, where the run's cgroups are the roots.

# Mounts /sys anew, for the run's own network devices, with the host's layout of cgroups.
mount_sys() {
  local unified
  unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
  mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
  if [[ $unified == /sys/fs/cgroup ]]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    delegate_controllers
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

# A v2 cgroup that hands controllers down may hold no process itself.
delegate_controllers() {
  local controller
  mkdir /sys/fs/cgroup/init
  echo $$ >/sys/fs/cgroup/init/cgroup.procs
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
  done
}
