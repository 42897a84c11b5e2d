# Limits, set and changed, and that they bite.

limited() {
  start --memory 64m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 --pids-limit 50 \
    --cpuset-cpus 0 -- sleep 1000
  prints 67108864 cgroup_value memory memory.limit_in_bytes memory.max
  prints 33554432 cgroup_value memory memory.soft_limit_in_bytes memory.low
  matches "^50000" cgroup_value cpu cpu.cfs_quota_us cpu.max
  matches "^(512|20|59)$" cgroup_value cpu cpu.shares cpu.weight
  prints 50 cgroup_value pids pids.max pids.max
  prints 0 cgroup_value cpuset cpuset.cpus cpuset.cpus
}

updated() {
  start --memory 64m -- sleep 1000
  docker update --memory 128m --memory-swap 128m --cpus 0.25 --pids-limit 77 --cpuset-cpus 1 "$box"
  prints 134217728 cgroup_value memory memory.limit_in_bytes memory.max
  matches "^25000" cgroup_value cpu cpu.cfs_quota_us cpu.max
  prints 77 cgroup_value pids pids.max pids.max
  prints 1 cgroup_value cpuset cpuset.cpus cpuset.cpus
}

updated_alone() {
  start --memory 64m -- sleep 1000
  docker update "$1" "$box"
  prints 67108864 cgroup_value memory memory.limit_in_bytes memory.max
}

out_of_memory() {
  start --memory 16m --memory-swap 16m -- \
    sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; status=$?; sleep 1; exit $status'
  eventually has_status exited
  prints "true 137" field '.State.OOMKilled}} {{.State.ExitCode'
}

fork_bomb() {
  start --pids-limit 20 -- sh -c \
    'sh -c "while :; do sleep 1000 & done"; sleep 1000'
  eventually logged "can't fork"
  local processes
  processes=$(cgroup_value pids pids.current pids.current)
  [[ $processes -gt 1 && $processes -le 20 ]]
}

parent_cgroup() {
  start --cgroup-parent "$(cgroup_parent "engines-$box")" -- sleep 1000
  matches "/engines-$box(\.slice)?/" cgroup_path memory "$(host_pid)"
}

swap_off() {
  start --memory 64m --memory-swap 64m --oom-kill-disable -- sleep 1000
  matches "oom_kill_disable 1" cgroup_value memory memory.oom_control memory.max
}

check "limits of memory, cpu, cpuset and pids are the cgroup's" limited
check "docker update of them all" updated
check "docker update of the cpu alone leaves memory" updated_alone --cpus=0.5
check "docker update of the pids alone leaves memory" updated_alone --pids-limit=30
check "an allocation over the limit is killed, and shows OOMKilled" out_of_memory
check "a fork bomb stops at the pids limit" fork_bomb
check "--cgroup-parent" parent_cgroup
[[ -e /sys/fs/cgroup/cgroup.controllers ]] || check "--oom-kill-disable" swap_off
check "--ulimit" prints 512:256 run --ulimit nofile=256:512 -- sh -c 'echo $(ulimit -Hn):$(ulimit -n)'
check "--shm-size" matches " 8\.0M.* /dev/shm" run --shm-size 8m -- df -h /dev/shm
check "--sysctl" prints 77 run --sysctl net.core.somaxconn=77 -- cat /proc/sys/net/core/somaxconn
check "--oom-score-adj" prints 400 run --oom-score-adj 400 -- cat /proc/self/oom_score_adj
check "--blkio-weight is taken or refused, never half" \
  prints fine run --blkio-weight 300 -- echo fine
check "--device-read-bps" prints fine run --device-read-bps /dev/vda:1mb -- echo fine
