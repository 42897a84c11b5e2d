"""Whether the floor really makes the container that the configuration asks for: what a process
sees under it beside what it sees under coracle."""

import difflib
import re
import subprocess

CONFIGS = ("minimal", "docker", "docker-userns", "binds-3", "small")
# What is asked inside, a part each; PROTECTED and MASKED are the configuration's paths.
PARTS = {
    "mounts": "cat /proc/self/mountinfo",
    "process": "grep -E '^(Cap|NoNewPrivs|Seccomp|Uid|Gid|Groups)' /proc/self/status; id;"
               " ulimit -n; umask; pwd; echo $$; cat /proc/self/oom_score_adj /proc/self/limits",
    "namespaces": "cat /proc/self/cgroup /proc/self/uid_map /proc/self/gid_map; hostname;"
                  " cat /sys/class/net/*/flags",
    "dev": "stat -c '%N %A %t,%T' /dev/* /dev/pts/ptmx",
    "devices": "for name in null zero full random urandom; do head -c 1 /dev/$name | wc -c; done;"
               " mknod /tmp/memory c 1 1 && cat /tmp/memory | wc -c; rm -f /tmp/memory;"
               " mknod /tmp/zero c 1 5 && head -c 1 /tmp/zero | wc -c; rm -f /tmp/zero",
    "masked": "for path in MASKED; do stat -c '%n %F %s' $path; done 2>&1;"
              " for path in MASKED; do ls $path | wc -l; cat $path | wc -c; done 2>/dev/null",
    "read-only": "for path in PROTECTED; do test -w $path && echo writable $path;"
                 " true >$path/new && echo made $path/new; done 2>/dev/null; true",
    "limit": "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max"
             " 2>/dev/null",
    "sysctl": "cat SYSCTLS",
    "environment": "cat /proc/self/environ",
}


def configs_of(bench, view):
    """The limit needs a view whose cgroups count memory."""
    counted = [hierarchy.name for hierarchy in bench.cgroups.all]
    counts = "memory" in counted if view == "v1" else "memory" not in counted
    return CONFIGS + (("limited",) if counts and bench.cgroups.memory_directory() else ())


def question(config):
    linux = config["linux"]
    words = {"MASKED": linux["maskedPaths"], "PROTECTED": [*linux["readonlyPaths"], "/bin"],
             "SYSCTLS": ["/proc/sys/" + name.replace(".", "/") for name in linux.get("sysctl", {})]}
    script = " ".join(f"echo '== {name}'; {text};" for name, text in PARTS.items()
                      if name != "sysctl" or words["SYSCTLS"])
    for word, paths in words.items():
        script = script.replace(word, " ".join(paths))
    return script


def normal(line, container, masked):
    """Without the numbers that are another's in every container, and without how a path is masked:
    runtimes differ in whose null device it is, and in whether it may be written to."""
    line = line.replace(container, "ID")
    mount = re.fullmatch(r"\d+ \d+ (?:0:\d+|(\d+:\d+)) (\S+) (\S+) (.*)", line)
    if not mount:
        return line
    device, root, destination, rest = mount.groups()
    if destination in masked:
        return f"{destination} masked by {'a file' if root == '/null' else 'a directory'}"
    return f"{device or '0:*'} {root} {destination} {rest}"


def answer(bench, runtime, config, view):
    """What the container shows, line by line, and how it ended."""
    bundle = bench.bundle(runtime, config, view,
                          ["/bin/sh", "-c", question(bench.configs.of(config))])
    done = subprocess.run(bench.view(view).command(runtime.run(bundle)), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    masked = bundle.config["linux"]["maskedPaths"]
    lines = [normal(line, bundle.container, masked) for line in done.stdout.splitlines()]
    return [*lines, f"status {done.returncode}"]


def compare(bench, one, other, config, view):
    """The differences as a unified diff's lines; none: they are the same."""
    first, second = (answer(bench, runtime, config, view) for runtime in (one, other))
    return list(difflib.unified_diff(first, second, one.name, other.name, lineterm="", n=0))


def verify(bench, views):
    """Prints what differs; whether nothing does."""
    coracle = bench.programs[0]
    floor = next(runtime for runtime in bench.programs if runtime.name == "floor")
    same = True
    for view in views:
        for config in configs_of(bench, view):
            lines = compare(bench, coracle, floor, config, view)
            print(f"{config} on {view}: " + ("the same inside" if not lines else "differs"))
            print("".join(f"    {line}\n" for line in lines), end="")
            same = same and not lines
    return same
