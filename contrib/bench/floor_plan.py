"""config.json -> a plan for floor.c: the system calls that this configuration needs, in order.

What the floor cannot do is refused, so that it never does less than the runtimes beside it.
Where runtimes agree on something that the specification leaves to them (the loopback interface
is up, there is a session of its own, HOME is set, /dev has its links), the floor does that too."""

import os
import struct

MOUNT_FLAGS = {
    "ro": 1, "nosuid": 2, "nodev": 4, "noexec": 8, "remount": 32, "bind": 4096,
    "rbind": 4096 | 16384, "relatime": 1 << 21, "strictatime": 1 << 24, "noatime": 1 << 10,
}
IGNORED = {"rw", "private", "rprivate"}  # what a new mount is in a private tree anyway
RDONLY, REMOUNT, BIND, REC, SLAVE = 1, 32, 4096, 16384, 1 << 19
LOCKED = 2 | 4 | 8  # nosuid, nodev, noexec: a remount in a user namespace must keep them

CLONE = {
    "mount": 0x20000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000,
    "network": 0x40000000, "cgroup": 0x2000000,
}
CAPABILITIES = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP
    LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE
    SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME
    SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
    WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE""".split()
RLIMITS = """CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE
    RTPRIO RTTIME""".split()
DEVICES = {"null": (1, 3), "random": (1, 8), "full": (1, 7), "tty": (5, 0), "zero": (1, 5),
           "urandom": (1, 9)}
LINKS = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0",
         "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
# What a container may use of /dev whatever its configuration says.  Spec: config-linux.md
ALWAYS_ALLOWED = [("c", None, None, "m"), ("b", None, None, "m"), ("c", 1, 3, "rwm"),
                  ("c", 1, 5, "rwm"), ("c", 1, 7, "rwm"), ("c", 1, 8, "rwm"), ("c", 1, 9, "rwm"),
                  ("c", 5, 0, "rwm"), ("c", 5, 2, "rwm"), ("c", 136, None, "rwm")]


class Unsupported(Exception):
    """The configuration asks for something that floor.c cannot do."""


def has_namespace(config, kind):
    return any(n["type"] == kind for n in config["linux"]["namespaces"])


def clone_flags(config):
    kinds = [n["type"] for n in config["linux"]["namespaces"]]
    return sum(CLONE[kind] for kind in kinds if kind != "cgroup")


def device_rules(config):
    """(allow, type, major, minor, access), the first to the last; a later one overrules."""
    rules = []
    for rule in config["linux"].get("resources", {}).get("devices", []):
        rules.append((rule["allow"], rule.get("type", "a"), rule.get("major"), rule.get("minor"),
                      rule.get("access", "rwm")))
    return rules + [(True, *rule) for rule in ALWAYS_ALLOWED]


def instruction(code, dst=0, src=0, offset=0, value=0):
    return struct.pack("<BBhi", code, dst | src << 4, offset, value)


def device_filter(rules):
    """A BPF_PROG_TYPE_CGROUP_DEVICE program: the last rule that matches decides; none: refused."""
    out = [instruction(0x61, 2, 1, 0), instruction(0x54, 2, value=0xffff),  # r2 = type
           instruction(0x61, 3, 1, 0), instruction(0x74, 3, value=16),      # r3 = access
           instruction(0x61, 4, 1, 4), instruction(0x61, 5, 1, 8)]          # r4, r5 = numbers
    for allow, kind, major, minor, access in reversed(rules):
        bits = sum({"m": 1, "r": 2, "w": 4}[letter] for letter in access)
        tests = []
        if kind != "a":
            tests.append((2, {"b": 1, "c": 2}[kind]))
        tests += [(r, n) for r, n in ((4, major), (5, minor)) if n is not None]
        body = []
        if bits != 7:  # an allowed access must be covered, a refused one only touched
            body = [instruction(0xbc, 1, 3),
                    instruction(0x54, 1, value=~bits & 7 if allow else bits),
                    instruction(0x55 if allow else 0x15, 1, offset=len(tests) + 2, value=0)]
        for i, (register, number) in enumerate(tests):
            body.append(instruction(0x55, register, offset=len(tests) - i + 1, value=number))
        out += body + [instruction(0xb7, 0, value=int(allow)), instruction(0x95)]
        if not tests and bits == 7:
            return b"".join(out)
    return b"".join(out + [instruction(0xb7, 0, value=0), instruction(0x95)])


def device_lines(config, directory):
    """The same rules as version 1 takes them: all refused, then what is allowed."""
    lines = []
    for allow, kind, major, minor, access in device_rules(config):
        numbers = ":".join("*" if n is None else str(n) for n in (major, minor))
        text = "a" if kind == "a" else f"{kind} {numbers} {access}"
        lines.append(("limit", f"{directory}/devices.{'allow' if allow else 'deny'}", text))
    return lines


def resource_lines(config, cgroups):
    resources = dict(config["linux"].get("resources", {}))
    resources.pop("devices", None)
    limit = resources.pop("memory", {}).get("limit")
    if any(value for value in resources.values()):
        raise Unsupported(f"resources {resources}")
    if limit is None:
        return []
    if cgroups.unified:
        return [("limit", f"{cgroups.unified}/memory.max", limit)]
    return [("limit", f"{cgroups.v1['memory']}/memory.limit_in_bytes", limit)]


def cgroup_lines(config, cgroups, filter_file):
    if cgroups.unified:
        with open(filter_file, "wb") as out:
            out.write(device_filter(device_rules(config)))
        return [("cgroup2", cgroups.unified), ("devices", filter_file),
                *resource_lines(config, cgroups)]
    lines = [("cgroup", directory) for directory in cgroups.v1.values()]
    if "cpuset" in cgroups.v1:
        for name, text in cgroups.cpuset.items():
            lines.append(("limit", f"{cgroups.v1['cpuset']}/{name}", text))
    return lines + device_lines(config, cgroups.v1["devices"]) + resource_lines(config, cgroups)


def id_map_lines(config):
    linux = config["linux"]
    lines = []
    for word, key in (("uid_map", "uidMappings"), ("gid_map", "gidMappings")):
        ranges = [f"{m['containerID']} {m['hostID']} {m['size']}" for m in linux[key]]
        if len(ranges) != 1:
            raise Unsupported(f"{key}: {len(ranges)} ranges")
        lines.append((word, ranges[0]))
    return lines


def options_of(mount):
    flags, data = 0, []
    for option in mount.get("options", []):
        if option in MOUNT_FLAGS:
            flags |= MOUNT_FLAGS[option]
        elif option not in IGNORED:
            data.append(option)
    return flags, ",".join(data)


class Mounts:
    """The mounts of a configuration, one after another."""

    def __init__(self, config, cgroups):
        self.config, self.cgroups = config, cgroups
        self.root = config["root"]["path"]
        self.lines = []
        self.flags_at = {}  # flags of what is mounted at a destination
        self.empty = []     # destinations below which nothing is there yet

    def add(self, mount):
        flags, data = options_of(mount)
        target = self.root + mount["destination"]
        self.make_target(mount, target)
        if mount["type"] == "cgroup":
            self.add_cgroup(target, flags)
        elif flags & BIND:
            self.bind(mount["source"], target, flags)
        else:
            self.lines.append(("mount", mount["source"], target, mount["type"], f"{flags:x}",
                               data or "-"))
            if mount["type"] in ("tmpfs", "mqueue"):
                self.empty.append(mount["destination"])
        self.flags_at[mount["destination"]] = flags

    def make_target(self, mount, target):
        """Only what a mount has hidden is missing: the bench makes the rest in the root."""
        if any(mount["destination"].startswith(place + "/") for place in self.empty):
            self.lines.append(("mkdir", target))

    def bind(self, source, target, flags):
        self.lines.append(("mount", source, target, "-", f"{flags & (BIND | REC):x}", "-"))
        if flags & ~(BIND | REC):
            self.lines.append(("mount", "-", target, "-", f"{flags & ~REC | REMOUNT:x}", "-"))

    def add_cgroup(self, target, flags):
        own = has_namespace(self.config, "cgroup")
        if self.cgroups.unified:
            if not own and has_namespace(self.config, "user"):
                self.bind(self.cgroups.unified, target, flags | BIND)
            else:
                self.lines.append(("mount", "cgroup", target, "cgroup2", f"{flags:x}", "-"))
            return
        read_only, flags = flags & RDONLY, flags & ~RDONLY
        self.lines.append(("mount", "tmpfs", target, "tmpfs", f"{flags:x}", "mode=755"))
        for name, directory in self.cgroups.v1.items():
            place = f"{target}/{os.path.basename(self.cgroups.mounts[name])}"
            self.lines.append(("mkdir", place))
            if own:
                source = "systemd" if name == "systemd" else "cgroup"
                self.lines.append(("mount", source, place, "cgroup", f"{flags | read_only:x}",
                                   self.cgroups.options[name]))
            else:
                self.bind(directory, place, flags | read_only | BIND)
        if read_only:
            flags |= RDONLY | REMOUNT | BIND
            self.lines.append(("mount", "-", target, "-", f"{flags:x}", "-"))


def device_node_lines(config, root):
    lines = []
    for name, (major, minor) in DEVICES.items():
        if has_namespace(config, "user"):
            lines += [("file", f"{root}/dev/{name}"),
                      ("mount", f"/dev/{name}", f"{root}/dev/{name}", "-", f"{BIND:x}", "-")]
        else:
            lines.append(("mknod", f"{root}/dev/{name}", major, minor))
    lines += [("symlink", text, f"{root}/dev/{name}") for name, text in LINKS.items()]
    if os.path.exists("/proc/kcore"):
        lines.append(("symlink", "/proc/kcore", f"{root}/dev/core"))
    return lines


def protection_lines(config, mounts):
    linux, root = config["linux"], mounts.root
    lines = []
    for path in linux.get("readonlyPaths", []):
        above = max((p for p in mounts.flags_at if path.startswith(p + "/")), key=len, default=None)
        lines.append(("readonly", root + path, f"{mounts.flags_at.get(above, 0) & LOCKED:x}"))
    return lines + [("mask", root + path) for path in linux.get("maskedPaths", [])]


def capability_set(names):
    return sum(1 << CAPABILITIES.index(name.removeprefix("CAP_")) for name in names)


def last_capability():
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        return int(file.read())


def privilege_lines(process, filter_file):
    """Without no_new_privs a filter needs CAP_SYS_ADMIN, with it it comes last."""
    sets = {name: capability_set(names) for name, names in process.get("capabilities", {}).items()}
    user = process["user"]
    groups = ",".join(str(gid) for gid in sorted(set(user.get("additionalGids", []))))
    seccomp = [("seccomp", filter_file, "0")] if filter_file else []
    last = process.get("noNewPrivileges", False)
    lines = [] if last else seccomp
    lines.append(("bounding", f"{sets.get('bounding', 0):x}", last_capability()))
    if user["uid"] != 0:
        lines.append(("keep_caps",))
    lines += [("user", user["uid"], user["gid"], groups or "-"),
              ("capset", *(f"{sets.get(name, 0):x}" for name in
                           ("effective", "permitted", "inheritable")))]
    # The kernel takes what is inheritable too, and runtimes leave the rest away.
    ambient = sets.get("ambient", 0) & sets.get("inheritable", 0)
    if ambient:
        lines.append(("ambient", f"{ambient:x}"))
    return lines + ([("no_new_privs",), *seccomp] if last else [])


def oom_lines(process):
    """Written by the host before it clones: a mapped root may not, and the number is inherited."""
    if "oomScoreAdj" not in process:
        return []
    return [("limit", "/proc/self/oom_score_adj", process["oomScoreAdj"])]


def process_lines(process, filter_file):
    lines = []
    for limit in process.get("rlimits", []):
        number = RLIMITS.index(limit["type"].removeprefix("RLIMIT_"))
        lines.append(("rlimit", number, limit["soft"], limit["hard"]))
    lines += privilege_lines(process, filter_file)
    if process.get("cwd", "/") != "/":
        lines.append(("chdir", process["cwd"]))
    lines += [("arg", word) for word in process["args"]]
    environment = process.get("env", [])
    if not any(word.startswith("HOME=") for word in environment):
        environment = [*environment, "HOME=/"]
    lines += [("env", word) for word in environment]
    return lines + [("execute", process["args"][0])]


def container_lines(config, cgroups, filter_file):
    lines = [("mount", "-", "/", "-", f"{SLAVE | REC:x}", "-"),
             ("mount", config["root"]["path"], config["root"]["path"], "-", f"{BIND | REC:x}", "-")]
    if has_namespace(config, "user"):
        lines.append(("root",))
    lines += [("session",), ("umask", "0")]
    if has_namespace(config, "cgroup"):
        lines.append(("unshare", f"{CLONE['cgroup']:x}"))
    if config.get("hostname"):
        lines.append(("hostname", config["hostname"]))
    if has_namespace(config, "network"):
        lines.append(("loopback",))
    mounts = Mounts(config, cgroups)
    for mount in config["mounts"]:
        mounts.add(mount)
    lines += mounts.lines + device_node_lines(config, mounts.root)
    for name, text in config["linux"].get("sysctl", {}).items():
        lines.append(("write", f"/proc/sys/{name.replace('.', '/')}", text))
    lines += protection_lines(config, mounts)
    lines.append(("pivot", config["root"]["path"]))
    if config["root"].get("readonly"):
        lines.append(("mount", "-", "/", "-", f"{REMOUNT | BIND | RDONLY:x}", "-"))
    return lines + [("umask", "22"), *process_lines(config["process"], filter_file)]


def render(lines):
    for line in lines:
        if any(c in str(field) for field in line for c in "\t\n"):
            raise Unsupported(f"a tab or a new line in {line}")
    return "".join("\t".join(map(str, line)) + "\n" for line in lines)


def container_plan(config, cgroups, filter_file, device_file):
    """For `floor run`, `create`, `detach` and `delete`.  `filter_file`: the compiled seccomp
    program or None; `device_file`: where the device filter of version 2 is written to."""
    if config.get("hooks") or config["process"].get("terminal"):
        raise Unsupported("hooks or a terminal")
    lines = cgroup_lines(config, cgroups, device_file) + oom_lines(config["process"])
    lines.append(("clone", f"{clone_flags(config):x}"))
    if has_namespace(config, "user"):
        lines += id_map_lines(config)
    return render(lines + container_lines(config, cgroups, filter_file))


def exec_plan(config, process, cgroups, filter_file):
    """For `floor exec` in the container of `config`."""
    enter = clone_flags(config) | (CLONE["cgroup"] if has_namespace(config, "cgroup") else 0)
    lines = [("cgroup2", cgroups.unified)] if cgroups.unified else [
        ("cgroup", directory) for directory in cgroups.v1.values()]
    lines += [*oom_lines(process), ("enter", f"{enter:x}")]
    if has_namespace(config, "user"):
        lines.append(("root",))
    return render(lines + [("session",), *process_lines(process, filter_file)])
