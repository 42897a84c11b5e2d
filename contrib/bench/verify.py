"""Whether the floor really makes the container that the configuration asks for: what a process
sees under it beside what it sees under coracle."""

import difflib
import re
import subprocess

import workloads
from bench import end_lines

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


def output(bench, bundle, view, command):
    """What the container shows, line by line, and how the command ended."""
    done = subprocess.run(bench.view(view).command(command), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    masked = bundle.config["linux"]["maskedPaths"]
    lines = [normal(line, bundle.container, masked) for line in done.stdout.splitlines()]
    return [*lines, f"status {done.returncode}"]


def answer_to_run(bench, runtime, config, view):
    bundle = bench.bundle(runtime, config, view,
                          ["/bin/sh", "-c", question(bench.configs.of(config))])
    return output(bench, bundle, view, runtime.run(bundle))


def answer_to_exec(bench, runtime, config, view):
    """The newcomer's process id is its own affair."""
    words = ["/bin/sh", "-c", question(bench.configs.of(config)).replace("echo $$", "true")]
    bundle = bench.bundle(runtime, config, view, workloads.SLEEP,
                          lambda configuration: configuration.update({"exec": words}))
    bench.drive(view, [("", "quiet", runtime.detach(bundle))])
    lines = output(bench, bundle, view, runtime.exec(bundle))
    bench.drive(view, [("", *line) for line in end_lines(runtime, bundle)])
    return lines


def verify(bench, views):
    """Prints what differs; whether nothing does."""
    coracle = bench.programs[0]
    floor = next(runtime for runtime in bench.programs if runtime.name == "floor")
    same = True
    for view in views:
        for config in configs_of(bench, view):
            for name, answer in (("run", answer_to_run), ("exec", answer_to_exec)):
                first, second = (answer(bench, runtime, config, view)
                                 for runtime in (coracle, floor))
                lines = list(difflib.unified_diff(first, second, coracle.name, floor.name,
                                                  lineterm="", n=0))
                print(f"{name} {config} on {view}: " + ("differs" if lines else "the same inside"))
                print("".join(f"    {line}\n" for line in lines), end="")
                same = same and not lines
    return same
