# With --userns-remap=default: the tutorials' steps.

sees() {
  prints "$1" run "${@:2}"
}

opt_is_nobodys() {
  prints 65534 run --volume /opt:/opt -- stat -c %u /opt
  refuses "Permission denied" run --volume /opt:/opt -- touch /opt/new
}

bin_is_safe() {
  refuses "Permission denied" run --volume /bin:/host/bin -- rm "/host/bin/victim-$runtime"
  [[ -e /bin/victim-$runtime ]]
}

bin_is_open() {
  run --userns host --volume /bin:/host/bin -- rm "/host/bin/victim-host-$runtime"
  [[ ! -e /bin/victim-host-$runtime ]]
}

other_user() {
  start --user 1000:1000 -- sleep 1000
  prints "1000 1000" docker exec "$box" sh -c 'echo $(id -u) $(id -g)'
  prints $((remap_base + 1000)) host_status Uid
  prints $((remap_base + 1000)) host_status Gid
}

host_privileged() {
  prints "$(readlink /proc/self/ns/user)" \
    run --userns host --privileged -- readlink /proc/self/ns/user
  matches "CapEff:.00000(03|1)f[ef]" \
    run --userns host --privileged -- grep CapEff /proc/self/status
}

host_network() {
  prints "$(readlink /proc/self/ns/net)" \
    run --userns host --network host -- readlink /proc/self/ns/net
}

host_processes() {
  prints "$(readlink /proc/self/ns/pid)" run --userns host --pid host -- readlink /proc/self/ns/pid
}

exec_ps() {
  start -- sleep 1000
  matches "1 root .*sleep 1000" docker exec "$box" ps
  local seconds=4323
  [[ $runtime == coracle ]] || seconds=4324
  docker exec --detach "$box" sleep $seconds
  eventually runs_as_remapped "sleep $seconds"
}

# The service user of the range shows as its number.
runs_as_remapped() {
  ps --user "$remap_base" --format args | grep --quiet --fixed-strings "$1"
}

top_faux() {
  start -- sleep 1000
  matches "$remap_base .*sleep 1000" docker top "$box"
  matches "$remap_base .*sleep 1000" docker top "$box" faux
}

# As it was typed in 2016; today's procps reads "ps" as options of its own.
top_ps_faux() {
  start -- sleep 1000
  matches "sleep 1000" docker top "$box" ps faux
}

check "whoami and id are root inside" sees "root 0 0" -- sh -c 'echo $(whoami) $(id -u) $(id -g)'
check "the host sees the first subordinate id of dockremap" remapped_to "$remap_base"
check "uid_map is the dockremap line of /etc/subuid" \
  sees "0 $(awk -F: '$1 == "dockremap" { print $2, $3 }' /etc/subuid)" -- \
  sh -c 'echo $(cat /proc/self/uid_map)'
check "gid_map is the dockremap line of /etc/subgid" \
  sees "0 $(awk -F: '$1 == "dockremap" { print $2, $3 }' /etc/subgid)" -- \
  sh -c 'echo $(cat /proc/self/gid_map)'
check "data is below DATA/UID.GID" test -d "$remap_data/overlay2"
check "docker info shows the remapped root directory" \
  prints "$remap_data" docker info --format '{{.DockerRootDir}}'
check "-v /opt:/opt shows nobody, and touch is denied" opt_is_nobodys
check "-v /bin:/host/bin: rm is denied" bin_is_safe
check "-v /bin:/host/bin: rm works with --userns=host" bin_is_open
check "--user 1000:1000 is the subordinate id 1000 outside" other_user
check "--privileged is refused by the engine" \
  refuses "incompatible with user namespaces" run --privileged -- true
check "--network=host is refused by the engine" \
  refuses "user namespaces" run --network host -- true
check "--pid=host is refused by the engine" refuses "user namespaces" run --pid host -- true
check "--userns=host --privileged" host_privileged
check "--userns=host --network=host" host_network
check "--userns=host --pid=host" host_processes
check "--userns=host: no user namespace of its own" \
  sees "$(readlink /proc/self/ns/user)" --userns host -- readlink /proc/self/ns/user
check "ls -ln /: root's inside" matches "[^0-9]0 +0 .* bin" run -- ls -ln /
check "ls -ln /: the owners on disk with --userns=host" \
  matches "$remap_base +$remap_base .* bin" run --userns host -- ls -ln /
check "exec: ps shows root inside, the subordinate id outside" exec_ps
check "docker top, docker top NAME faux" top_faux
check "docker top NAME ps faux" top_ps_faux
check "a service writes its own volume" service_stores "$remap_base"
check "a service as -u 1000 does not" service_fails --user 1000
