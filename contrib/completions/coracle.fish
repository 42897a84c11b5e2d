# Completion of coracle(8) for fish.  Made from contrib/docs/coracle.fish.in and the runtime's
# table of commands by `cmake --build BUILD --target docs`.

# The options of a command as argparse wants them, the global ones for ''.
function __coracle_specs
    switch $argv[1]
        case ''
            string split ' ' 'debug log= log-format= root= systemd-cgroup cgroup-manager= rootless= timings= h/help v/version'
        case 'checkpoint'
            string split ' ' 'image-path= work-path= tcp-established ext-unix-sk shell-job file-locks manage-cgroups-mode= network-lock= empty-ns=+ auto-dedup lazy-pages parent-path= leave-running pre-dump tcp-skip-in-flight link-remap page-server= status-fd= h/help'
        case 'create'
            string split ' ' 'b/bundle= f/config= console-socket= pidfd-socket= pid-file= no-pivot no-new-keyring preserve-fds= h/help'
        case 'delete'
            string split ' ' 'f/force r/regex h/help'
        case 'events'
            string split ' ' 'interval= stats h/help'
        case 'exec'
            string split ' ' 'console-socket= pidfd-socket= cwd= e/env=+ t/tty u/user= g/additional-gids=+ p/process= d/detach pid-file= process-label= apparmor= no-new-privs c/cap=+ preserve-fds= cgroup=+ ignore-paused h/help'
        case 'features'
            string split ' ' 'h/help'
        case 'kill'
            string split ' ' 'a/all r/regex h/help'
        case 'list'
            string split ' ' 'f/format= q/quiet h/help'
        case 'mounts'
            string split ' ' 'h/help'
        case 'pause'
            string split ' ' 'h/help'
        case 'ps'
            string split ' ' 'f/format= h/help'
        case 'resume'
            string split ' ' 'h/help'
        case 'restore'
            string split ' ' 'image-path= work-path= tcp-established ext-unix-sk shell-job file-locks manage-cgroups-mode= network-lock= empty-ns=+ auto-dedup lazy-pages b/bundle= console-socket= d/detach pid-file= no-subreaper no-pivot tcp-close lsm-profile= lsm-mount-context= h/help'
        case 'run'
            string split ' ' 'b/bundle= f/config= console-socket= pidfd-socket= pid-file= no-pivot no-new-keyring preserve-fds= d/detach keep no-subreaper h/help'
        case 'spec'
            string split ' ' 'b/bundle= rootless h/help'
        case 'start'
            string split ' ' 'h/help'
        case 'state'
            string split ' ' 'h/help'
        case 'update'
            string split ' ' 'r/resources= blkio-weight= cpu-period= cpu-quota= cpu-burst= cpu-share= cpu-rt-period= cpu-rt-runtime= cpuset-cpus= cpuset-mems= memory= cpu-idle= memory-reservation= memory-swap= pids-limit= l3-cache-schema= mem-bw-schema= kernel-memory= kernel-memory-tcp= h/help'
    end
end

# The command and what follows it, as far as typed; first the value of --root, which may be empty.
function __coracle_words
    set -l words (commandline -opc)
    set -e words[1]
    # An option that still waits for its value is not there yet.
    argparse --stop-nonopt (__coracle_specs '') -- $words 2>/dev/null
    or argparse --stop-nonopt (__coracle_specs '') -- $words[1..-2] 2>/dev/null
    or return
    set -q _flag_root; or set -l _flag_root ''
    printf '%s\n' "$_flag_root" $argv
end

# Whether command $argv[1] ('' for none) is being typed, and $argv[2] arguments of it are there.
function __coracle_at
    set -l wanted $argv
    set -l words (__coracle_words)
    or return
    test "$words[2]" = "$wanted[1]"
    or return
    set -q wanted[2]
    or return 0
    set -e words[1..2]
    argparse (__coracle_specs $wanted[1]) -- $words 2>/dev/null
    or return
    test (count $argv) -eq $wanted[2]
end

function __coracle_containers
    set -l program (commandline -opc)[1]
    command -q $program
    or return
    set -l root (__coracle_words)[1]
    set -l options
    test -n "$root"
    and set options --root $root
    $program $options list -q 2>/dev/null
end

function __coracle_signals
    string split ' ' 'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH POLL PWR SYS'
end

complete -c coracle -f
complete -c coracle -n '__coracle_at \'\'' -l debug -d 'write debug lines to the log'
complete -c coracle -n '__coracle_at \'\'' -l log -r -F -d 'append errors to this file, not to stderr'
complete -c coracle -n '__coracle_at \'\'' -l log-format -x -a 'text json' -d '"text" or "json"'
complete -c coracle -n '__coracle_at \'\'' -l root -x -a '(__fish_complete_directories (commandline -ct))' -d 'where the state of containers lives (default: /run/coracle, or $XDG_RUNTIME_DIR/coracle for the unprivileged)'
complete -c coracle -n '__coracle_at \'\'' -l systemd-cgroup -d 'let systemd manage cgroups'
complete -c coracle -n '__coracle_at \'\'' -l cgroup-manager -x -a 'cgroupfs systemd disabled' -d 'who makes cgroups: we, "cgroupfs" (the default); "systemd"; or nobody, "disabled", so that a container stays in those of its caller'
complete -c coracle -n '__coracle_at \'\'' -l rootless -x -a 'true false auto' -d 'do not fail on cgroups that may not be written: "true", "false" or "auto"'
complete -c coracle -n '__coracle_at \'\'' -l timings -r -F -d 'write how long each phase took, for a trace viewer, to this file'
complete -c coracle -n '__coracle_at \'\'' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at \'\'' -l version -s v -d 'print the version'
complete -c coracle -n '__coracle_at \'\'' -a checkpoint -d 'save a running container as image files'
complete -c coracle -n '__coracle_at \'\'' -a create -d 'create a container'
complete -c coracle -n '__coracle_at \'\'' -a delete -d 'delete any resources held by the container'
complete -c coracle -n '__coracle_at \'\'' -a events -d 'display what a container uses, and when it runs out of memory'
complete -c coracle -n '__coracle_at \'\'' -a exec -d 'run a further process in a container'
complete -c coracle -n '__coracle_at \'\'' -a features -d 'show the enabled features'
complete -c coracle -n '__coracle_at \'\'' -a kill -d 'send a signal (default: SIGTERM) to the container\'s init process'
complete -c coracle -n '__coracle_at \'\'' -a list -d 'lists containers started with the given root'
complete -c coracle -n '__coracle_at \'\'' -a mounts -d 'add mounts to a running container, or remove them'
complete -c coracle -n '__coracle_at \'\'' -a pause -d 'suspend all processes inside a container'
complete -c coracle -n '__coracle_at \'\'' -a ps -d 'display the processes inside a container'
complete -c coracle -n '__coracle_at \'\'' -a resume -d 'resume all processes that have been paused'
complete -c coracle -n '__coracle_at \'\'' -a restore -d 'make a container from the image files of a checkpoint'
complete -c coracle -n '__coracle_at \'\'' -a run -d 'create and run a container'
complete -c coracle -n '__coracle_at \'\'' -a spec -d 'create a new specification file'
complete -c coracle -n '__coracle_at \'\'' -a start -d 'executes the user defined process in a created container'
complete -c coracle -n '__coracle_at \'\'' -a state -d 'output the state of a container'
complete -c coracle -n '__coracle_at \'\'' -a update -d 'update container resource constraints'
complete -c coracle -n '__coracle_at checkpoint' -l image-path -x -a '(__fish_complete_directories (commandline -ct))' -d 'where CRIU\'s image files are (default: ./checkpoint)'
complete -c coracle -n '__coracle_at checkpoint' -l work-path -x -a '(__fish_complete_directories (commandline -ct))' -d 'where CRIU writes its log and other files (default: the image path)'
complete -c coracle -n '__coracle_at checkpoint' -l tcp-established -d 'allow established TCP connections'
complete -c coracle -n '__coracle_at checkpoint' -l ext-unix-sk -d 'allow unix sockets that lead out of the container'
complete -c coracle -n '__coracle_at checkpoint' -l shell-job -d 'allow a terminal that is the host\'s'
complete -c coracle -n '__coracle_at checkpoint' -l file-locks -d 'dump and restore file locks'
complete -c coracle -n '__coracle_at checkpoint' -l manage-cgroups-mode -x -a 'soft full strict ignore' -d '"soft", "full", "strict" or "ignore" (default: CRIU\'s, soft)'
complete -c coracle -n '__coracle_at checkpoint' -l network-lock -x -a 'iptables nftables skip' -d 'what stops packets meanwhile: "iptables", "nftables" or "skip" (default: CRIU\'s)'
complete -c coracle -n '__coracle_at checkpoint' -l empty-ns -x -a 'network' -d 'leave the new namespace empty: "network", which is always left so'
complete -c coracle -n '__coracle_at checkpoint' -l auto-dedup -d 'free in parent images what later ones replace'
complete -c coracle -n '__coracle_at checkpoint' -l lazy-pages -d 'fetch memory when it is first touched: userfaultfd(2)'
complete -c coracle -n '__coracle_at checkpoint' -l parent-path -x -a '(__fish_complete_directories (commandline -ct))' -d 'images of an earlier pre-dump, relative to the image path'
complete -c coracle -n '__coracle_at checkpoint' -l leave-running -d 'let the container run on'
complete -c coracle -n '__coracle_at checkpoint' -l pre-dump -d 'dump memory alone, and let the container run on'
complete -c coracle -n '__coracle_at checkpoint' -l tcp-skip-in-flight -d 'leave out connections not yet accepted'
complete -c coracle -n '__coracle_at checkpoint' -l link-remap -d 'link files that were removed while open'
complete -c coracle -n '__coracle_at checkpoint' -l page-server -x -d 'send memory there; with --lazy-pages serve it there'
complete -c coracle -n '__coracle_at checkpoint' -l status-fd -x -d 'descriptor that gets a NUL byte when lazy pages are served'
complete -c coracle -n '__coracle_at checkpoint' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at checkpoint 0' -a '(__coracle_containers)'
complete -c coracle -n '__coracle_at create' -l bundle -s b -x -a '(__fish_complete_directories (commandline -ct))' -d 'the bundle\'s directory'
complete -c coracle -n '__coracle_at create' -l config -s f -r -F -d 'the configuration, in place of the bundle\'s config.json'
complete -c coracle -n '__coracle_at create' -l console-socket -r -F -d 'unix socket that receives the terminal\'s master end'
complete -c coracle -n '__coracle_at create' -l pidfd-socket -r -F -d 'unix socket that receives a pidfd of the container\'s init'
complete -c coracle -n '__coracle_at create' -l pid-file -r -F -d 'write the process id of init there'
complete -c coracle -n '__coracle_at create' -l no-pivot -d 'change the root without pivot_root, for a rootfs on a ramdisk'
complete -c coracle -n '__coracle_at create' -l no-new-keyring -d 'keep the caller\'s session keyring'
complete -c coracle -n '__coracle_at create' -l preserve-fds -x -d 'pass this many descriptors above stdio and $LISTEN_FDS'
complete -c coracle -n '__coracle_at create' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at delete' -l force -s f -d 'kill the container first if it still runs'
complete -c coracle -n '__coracle_at delete' -l regex -s r -d 'delete all containers whose id matches this regular expression'
complete -c coracle -n '__coracle_at delete' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at delete 0' -a '(__coracle_containers)'
complete -c coracle -n '__coracle_at events' -l interval -x -d 'time between statistics, like 1s or 100ms'
complete -c coracle -n '__coracle_at events' -l stats -d 'print statistics once and exit'
complete -c coracle -n '__coracle_at events' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at events 0' -a '(__coracle_containers)'
complete -c coracle -n '__coracle_at exec 0' -l console-socket -r -F -d 'unix socket that receives the terminal\'s master end'
complete -c coracle -n '__coracle_at exec 0' -l pidfd-socket -r -F -d 'unix socket that receives a pidfd of the process'
complete -c coracle -n '__coracle_at exec 0' -l cwd -x -a '(__fish_complete_directories (commandline -ct))' -d 'working directory in the container'
complete -c coracle -n '__coracle_at exec 0' -l env -s e -x -d 'environment variable'
complete -c coracle -n '__coracle_at exec 0' -l tty -s t -d 'give it a terminal'
complete -c coracle -n '__coracle_at exec 0' -l user -s u -x -d 'run as this user'
complete -c coracle -n '__coracle_at exec 0' -l additional-gids -s g -x -d 'additional group'
complete -c coracle -n '__coracle_at exec 0' -l process -s p -r -F -d 'process.json to run'
complete -c coracle -n '__coracle_at exec 0' -l detach -s d -d 'return once the process runs'
complete -c coracle -n '__coracle_at exec 0' -l pid-file -r -F -d 'write the process id there'
complete -c coracle -n '__coracle_at exec 0' -l process-label -x -d 'SELinux label of the process'
complete -c coracle -n '__coracle_at exec 0' -l apparmor -x -d 'AppArmor profile of the process'
complete -c coracle -n '__coracle_at exec 0' -l no-new-privs -d 'set no_new_privs'
complete -c coracle -n '__coracle_at exec 0' -l cap -s c -x -d 'add a capability, like CAP_NET_RAW'
complete -c coracle -n '__coracle_at exec 0' -l preserve-fds -x -d 'pass this many descriptors above stdio and $LISTEN_FDS'
complete -c coracle -n '__coracle_at exec 0' -l cgroup -x -d 'sub-cgroup of the container\'s to run in'
complete -c coracle -n '__coracle_at exec 0' -l ignore-paused -d 'also in a paused container'
complete -c coracle -n '__coracle_at exec 0' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at exec 0' -a '(__coracle_containers)'
complete -c coracle -n '__coracle_at features' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at kill' -l all -s a -d 'signal all processes of the container'
complete -c coracle -n '__coracle_at kill' -l regex -s r -d 'signal all containers whose id matches this regular expression'
complete -c coracle -n '__coracle_at kill' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at kill 0' -a '(__coracle_containers)'
complete -c coracle -n '__coracle_at kill 1' -a '(__coracle_signals)'
complete -c coracle -n '__coracle_at list' -l format -s f -x -a 'table json' -d '"table" or "json"'
complete -c coracle -n '__coracle_at list' -l quiet -s q -d 'print ids alone'
complete -c coracle -n '__coracle_at list' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at mounts' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at mounts 0' -x -a 'add remove'
complete -c coracle -n '__coracle_at mounts 1' -a '(__coracle_containers)'
complete -c coracle -n '__coracle_at mounts 2' -r -F
complete -c coracle -n '__coracle_at pause' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at pause 0' -a '(__coracle_containers)'
complete -c coracle -n '__coracle_at ps 0' -l format -s f -x -a 'table json' -d '"table" or "json"'
complete -c coracle -n '__coracle_at ps 0' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at ps 0' -a '(__coracle_containers)'
complete -c coracle -n '__coracle_at resume' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at resume 0' -a '(__coracle_containers)'
complete -c coracle -n '__coracle_at restore' -l image-path -x -a '(__fish_complete_directories (commandline -ct))' -d 'where CRIU\'s image files are (default: ./checkpoint)'
complete -c coracle -n '__coracle_at restore' -l work-path -x -a '(__fish_complete_directories (commandline -ct))' -d 'where CRIU writes its log and other files (default: the image path)'
complete -c coracle -n '__coracle_at restore' -l tcp-established -d 'allow established TCP connections'
complete -c coracle -n '__coracle_at restore' -l ext-unix-sk -d 'allow unix sockets that lead out of the container'
complete -c coracle -n '__coracle_at restore' -l shell-job -d 'allow a terminal that is the host\'s'
complete -c coracle -n '__coracle_at restore' -l file-locks -d 'dump and restore file locks'
complete -c coracle -n '__coracle_at restore' -l manage-cgroups-mode -x -a 'soft full strict ignore' -d '"soft", "full", "strict" or "ignore" (default: CRIU\'s, soft)'
complete -c coracle -n '__coracle_at restore' -l network-lock -x -a 'iptables nftables skip' -d 'what stops packets meanwhile: "iptables", "nftables" or "skip" (default: CRIU\'s)'
complete -c coracle -n '__coracle_at restore' -l empty-ns -x -a 'network' -d 'leave the new namespace empty: "network", which is always left so'
complete -c coracle -n '__coracle_at restore' -l auto-dedup -d 'free in parent images what later ones replace'
complete -c coracle -n '__coracle_at restore' -l lazy-pages -d 'fetch memory when it is first touched: userfaultfd(2)'
complete -c coracle -n '__coracle_at restore' -l bundle -s b -x -a '(__fish_complete_directories (commandline -ct))' -d 'the bundle\'s directory'
complete -c coracle -n '__coracle_at restore' -l console-socket -r -F -d 'unix socket that receives the terminal\'s master end'
complete -c coracle -n '__coracle_at restore' -l detach -s d -d 'return once the container runs'
complete -c coracle -n '__coracle_at restore' -l pid-file -r -F -d 'write the process id of init there'
complete -c coracle -n '__coracle_at restore' -l no-subreaper -d 'do not adopt the container\'s orphans'
complete -c coracle -n '__coracle_at restore' -l no-pivot -d 'accepted; CRIU has its own way to change the root'
complete -c coracle -n '__coracle_at restore' -l tcp-close -d 'restore established TCP connections as closed'
complete -c coracle -n '__coracle_at restore' -l lsm-profile -x -d 'security profile in place of the one that was dumped'
complete -c coracle -n '__coracle_at restore' -l lsm-mount-context -x -d 'label of mounts in place of the one that was dumped'
complete -c coracle -n '__coracle_at restore' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at run' -l bundle -s b -x -a '(__fish_complete_directories (commandline -ct))' -d 'the bundle\'s directory'
complete -c coracle -n '__coracle_at run' -l config -s f -r -F -d 'the configuration, in place of the bundle\'s config.json'
complete -c coracle -n '__coracle_at run' -l console-socket -r -F -d 'unix socket that receives the terminal\'s master end'
complete -c coracle -n '__coracle_at run' -l pidfd-socket -r -F -d 'unix socket that receives a pidfd of the container\'s init'
complete -c coracle -n '__coracle_at run' -l pid-file -r -F -d 'write the process id of init there'
complete -c coracle -n '__coracle_at run' -l no-pivot -d 'change the root without pivot_root, for a rootfs on a ramdisk'
complete -c coracle -n '__coracle_at run' -l no-new-keyring -d 'keep the caller\'s session keyring'
complete -c coracle -n '__coracle_at run' -l preserve-fds -x -d 'pass this many descriptors above stdio and $LISTEN_FDS'
complete -c coracle -n '__coracle_at run' -l detach -s d -d 'return once the container runs'
complete -c coracle -n '__coracle_at run' -l keep -d 'do not delete the container when it has ended'
complete -c coracle -n '__coracle_at run' -l no-subreaper -d 'do not adopt the container\'s orphans'
complete -c coracle -n '__coracle_at run' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at spec' -l bundle -s b -x -a '(__fish_complete_directories (commandline -ct))' -d 'the bundle\'s directory'
complete -c coracle -n '__coracle_at spec' -l rootless -d 'one that runs without privileges'
complete -c coracle -n '__coracle_at spec' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at start' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at start 0' -a '(__coracle_containers)'
complete -c coracle -n '__coracle_at state' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at state 0' -a '(__coracle_containers)'
complete -c coracle -n '__coracle_at update' -l resources -s r -r -F -d 'linux.resources as JSON, - for stdin; no other limit counts then'
complete -c coracle -n '__coracle_at update' -l blkio-weight -x -d '10 to 1000'
complete -c coracle -n '__coracle_at update' -l cpu-period -x -d 'the time that --cpu-quota is a part of'
complete -c coracle -n '__coracle_at update' -l cpu-quota -x -d 'processor time in one period; -1 for all of it'
complete -c coracle -n '__coracle_at update' -l cpu-burst -x -d 'what may be saved from earlier periods'
complete -c coracle -n '__coracle_at update' -l cpu-share -x -d 'weight beside other containers'
complete -c coracle -n '__coracle_at update' -l cpu-rt-period -x -d 'the period of --cpu-rt-runtime'
complete -c coracle -n '__coracle_at update' -l cpu-rt-runtime -x -d 'time for real-time processes in one period'
complete -c coracle -n '__coracle_at update' -l cpuset-cpus -x -d 'processors to use, like 0-3,7'
complete -c coracle -n '__coracle_at update' -l cpuset-mems -x -d 'memory nodes to use'
complete -c coracle -n '__coracle_at update' -l memory -x -d 'limit in bytes or like 64M; -1 for none'
complete -c coracle -n '__coracle_at update' -l cpu-idle -x -a '1 0' -d '"1": run only when nobody else wants to (SCHED_IDLE), "0": as others do'
complete -c coracle -n '__coracle_at update' -l memory-reservation -x -d 'soft limit'
complete -c coracle -n '__coracle_at update' -l memory-swap -x -d 'limit on memory and swap together; -1 for none'
complete -c coracle -n '__coracle_at update' -l pids-limit -x -d 'processes; -1 for any number'
complete -c coracle -n '__coracle_at update' -l l3-cache-schema -x -d 'like L3:0=ff;1=f0'
complete -c coracle -n '__coracle_at update' -l mem-bw-schema -x -d 'like MB:0=50;1=70'
complete -c coracle -n '__coracle_at update' -l help -s h -d 'show this help'
complete -c coracle -n '__coracle_at update 0' -a '(__coracle_containers)'
complete -c coracle -n "__coracle_at ''" -a help -d 'show a help text'
