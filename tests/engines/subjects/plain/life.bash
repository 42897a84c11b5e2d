# What the engine does with containers that run.

counting='i=0; while :; do i=$((i + 1)); echo $i >/count; sleep 0.05; done'

pause_and_unpause() {
  start -- sh -c "$counting"
  eventually test -s "/proc/$(host_pid)/root/count"
  docker pause "$box"
  has_status paused
  local before
  before=$(count_of host_pid)
  sleep 0.5
  prints "$before" count_of host_pid
  refuses "paused" docker exec "$box" true
  docker unpause "$box"
  eventually counts_to $((before + 1)) host_pid
}

killed_while_paused() {
  start -- sleep 1000
  docker pause "$box"
  docker kill "$box"
  eventually has_status exited
}

restart_policy() {
  start --restart on-failure:2 -- sh -c 'echo started; exit 1'
  eventually has_status exited
  prints 2 field .RestartCount
}

restart_always() {
  start --restart always -- sh -c 'sleep 0.3'
  eventually restarted
}

restarted() {
  [[ $(field .RestartCount) -ge 1 ]]
}

restart_unless_stopped() {
  start --restart unless-stopped -- sh -c 'sleep 0.3'
  eventually restarted
  docker stop --time 0 "$box"
  sleep 1
  has_status exited
}

restart_no() {
  start --restart no -- sh -c 'exit 1'
  eventually has_status exited
  sleep 1
  prints 0 field .RestartCount
}

restart_command() {
  start -- sh -c 'trap "exit 0" TERM; echo started; while :; do sleep 0.1; done'
  eventually logged started
  docker restart "$box"
  [[ $(docker logs "$box" | grep --count started) -eq 2 ]]
}

stats() {
  start --memory 100m -- sleep 1000
  matches '^[1-9][0-9.]*[KM]iB / 100MiB 1$' \
    docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' "$box"
}

logs() {
  start -- sh -c 'echo one; echo two >&2; sleep 1000'
  eventually logged two
  docker logs "$box" >out 2>err
  prints one cat out
  prints two cat err
}

copies_into() {
  start -- sleep 1000
  echo sent >sent
  docker cp sent "$box:/sent"
  prints sent docker exec "$box" cat /sent
  docker exec "$box" sh -c 'echo back >/back'
  docker cp "$box:/back" back
  prints back cat back
}

commits() {
  start -- sh -c 'echo committed >/new; sleep 1000'
  eventually docker exec "$box" test -s /new
  docker commit "$box" "$box"
  image=$box prints committed run -- cat /new
  docker rmi "$box"
}

diffs() {
  start -- sh -c 'echo x >/added; rm /etc/plain-file; sleep 1000'
  eventually docker exec "$box" test -s /added
  prints $'A /added\nC /etc\nD /etc/plain-file' sorted docker diff "$box"
}

sorted() {
  "$@" | sort
}

health() {
  start --health-cmd 'test -e /healthy' --health-interval 0.5s --health-retries 2 -- sleep 1000
  eventually health_is unhealthy
  docker exec "$box" touch /healthy
  eventually health_is healthy
}

health_is() {
  [[ $(field .State.Health.Status) == "$1" ]]
}

# A process that has lost its parent becomes the init's child, which reaps it.
init_reaps() {
  start --init -- sh -c '(sleep 0.2 &) ; sleep 1000'
  matches "docker-init|tini" docker exec "$box" cat /proc/1/cmdline
  sleep 0.5
  fails docker exec "$box" sh -c 'grep "^State:.Z" /proc/[0-9]*/status'
}

top_shows() {
  start -- sleep 1000
  matches "sleep 1000" docker top "$box"
  matches "[^ ]+ .*sleep 1000" docker top "$box" faux
}

exec_in_place() {
  start --hostname place --env GREETING=hi --workdir /tmp -- sleep 1000
  prints "place hi /tmp" docker exec "$box" sh -c 'echo $(hostname) $GREETING $PWD'
  prints "uid=1000(user) gid=1000(user) groups=1000(user)" docker exec --user user "$box" id
  prints "you /etc" docker exec --env GREETING=you --workdir /etc "$box" sh -c 'echo $GREETING $PWD'
  matches "CapEff:.00000(03|1)f[ef]" \
    docker exec --privileged "$box" grep CapEff /proc/self/status
}

create_then_start() {
  box_command create --name "$box" -- sh -c 'echo once; exit 3'
  has_status created
  exits 3 docker start --attach "$box"
  exits 3 docker start --attach "$box"
}

removed_whole() {
  start -- sleep 1000
  local id path
  id=$(field .Id)
  path=$(cgroup_path memory "$(host_pid)")
  docker rm --force "$box"
  [[ -z $(find /run/engines /sys/fs/cgroup -name "*$id*" -not -path '*/netns/*') && -n $path ]]
}

check "pause stops every process, exec is refused, unpause goes on" pause_and_unpause
check "a paused container can be killed" killed_while_paused
check "restart policy on-failure:2 starts it three times" restart_policy
check "restart policy always starts it again" restart_always
check "restart policy unless-stopped starts it again, until docker stop" restart_unless_stopped
check "restart policy no" restart_no
check "docker restart" restart_command
check "docker stats shows memory and its limit" stats
check "docker logs has both outputs" logs
check "docker cp, both ways, while it runs" copies_into
check "docker commit, and run of the new image" commits
check "docker diff" diffs
check "health checks: unhealthy, then healthy" health
check "--init: docker-init is process 1 and reaps" init_reaps
check "docker top, with options of ps too" top_shows
check "exec: environment, directory, user, privileges" exec_in_place
check "create, start --attach, start again" create_then_start
check "rm --force leaves no state and no cgroup" removed_whole
