# Capabilities, seccomp, privileges, and what is hidden.

capability_lines() {
  run "$@" -- grep ^Cap /proc/self/status
}

has_capabilities() {
  matches "CapEff:.$1" capability_lines "${@:2}"
}

# What a profile allows is seen by what it forbids.
own_profile() {
  cat >profile.json <<'JSON'
{"defaultAction": "SCMP_ACT_ALLOW",
 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
JSON
  refuses "Operation not permitted" run --security-opt "seccomp=$PWD/profile.json" -- mkdir /new
  run -- mkdir /new
}

killing_profile() {
  cat >profile.json <<'JSON'
{"defaultAction": "SCMP_ACT_ALLOW",
 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"}]}
JSON
  exits 159 run --security-opt "seccomp=$PWD/profile.json" -- mkdir /new
}

all_devices() {
  run --privileged -- test -c /dev/kmsg -a -c /dev/fuse
}

device_allowed() {
  prints "10,229" run --device /dev/fuse:/dev/fff -- stat -c '%t,%T' /dev/fff 2>/dev/null ||
    prints "a,e5" run --device /dev/fuse:/dev/fff -- stat -c '%t,%T' /dev/fff
  run --device /dev/fuse:/dev/fff -- sh -c ': </dev/fff'
}

device_refused() {
  refuses "Operation not permitted" \
    run --cap-add MKNOD -- sh -c 'mknod /tmp/fuse c 10 229 && : </tmp/fuse'
}

device_rule() {
  run --device-cgroup-rule 'c 10:229 rw' -- sh -c 'mknod /tmp/fuse c 10 229 && : </tmp/fuse'
}

check "default capabilities" has_capabilities 00000000a80425fb
check "--cap-drop ALL" has_capabilities 0000000000000000 --cap-drop ALL
check "--cap-drop ALL --cap-add NET_ADMIN" \
  has_capabilities 0000000000001000 --cap-drop ALL --cap-add NET_ADMIN
check "--cap-add ALL: as many as the machine has" has_capabilities "00000(03|1)f[ef]" --cap-add ALL
check "--user: no effective capabilities" has_capabilities 0000000000000000 --user 1000
check "--user 1000:1000" prints "1000 1000" run --user 1000:1000 -- sh -c 'echo $(id -u) $(id -g)'
check "--user by name, with --group-add" \
  prints "uid=1000(user) gid=1000(user) groups=5(tty),1000(user)" \
  sorted run --user user --group-add tty -- id
check "seccomp: the default profile is in force" \
  prints "Seccomp:	2" run -- grep ^Seccomp: /proc/self/status
check "seccomp: the default profile refuses unshare" \
  refuses "Operation not permitted" run -- unshare -u true
check "seccomp: unconfined" prints "Seccomp:	0" \
  run --security-opt seccomp=unconfined -- grep ^Seccomp: /proc/self/status
check "seccomp: a profile of one's own refuses mkdir" own_profile
check "seccomp: a profile of one's own kills" killing_profile
check "no-new-privileges" prints "NoNewPrivs:	1" \
  run --security-opt no-new-privileges -- grep NoNewPrivs /proc/self/status
check "--privileged: all devices" all_devices
check "--privileged: all capabilities that the machine has" \
  has_capabilities "00000(03|1)f[ef]" --privileged
check "--privileged: /sys can be written" run --privileged -- sh -c ": >>/sys/kernel/mm/ksm/run"
check "hidden: /proc/keys is empty" prints "" run -- cat /proc/keys
check "hidden: /proc/sys is read-only" refuses "Read-only" run -- sh -c 'echo 1 >/proc/sys/vm/swappiness'
check "hidden: /sys is read-only" refuses "Read-only" run -- sh -c ": >/sys/kernel/mm/ksm/run"
check "hidden: /sys/fs/cgroup is read-only" refuses "Read-only" run -- mkdir /sys/fs/cgroup/new
check "--device under another name can be opened" device_allowed
check "a device that was not given cannot be opened" device_refused
check "--device-cgroup-rule" device_rule
