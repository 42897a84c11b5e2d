"""Which functions coracle executes, for runtime/layout.ld: the linker puts them beside each other,
and a command touches few pages of the program where it would touch nearly all."""

import bisect
import collections
import dataclasses
import re
import time

import bench
import host
import runtimes
import workloads

# Every command that engines start often, on both versions of cgroups.
WORKLOADS = ("state", "kill", "list-100", "delete", "exec", "exec-docker", "create-start-delete",
             "run", "run-docker", "run-docker-userns", "run-v1", "exec-v1", "create-start-delete-v1")
# Sections that hold more than one function: named by their object file, where that has a name.
SHARED = (".text", ".text.hot", ".text.unlikely", ".text.startup", ".text.exit")
HEAD = """/* The functions that commands execute, those of most commands first, so that they touch few pages:
   each 64 KiB of the program cost a page fault in every process, and as much again when it ends.
   Made by contrib/bench/run --layout; a name that is missing is only not moved. */
SECTIONS
{
  .text_executed :
  {
"""
TAIL = """  }
}
INSERT BEFORE .text;
"""


@dataclasses.dataclass(frozen=True)
class Section:
    """A piece of the program as the linker placed it."""
    start: int
    size: int
    name: str
    file: str


def read_map(linker_map):
    """The executable input sections in a map of GNU ld, by address, and where functions begin: each
    section's start, and what has a name in it.  A section with a long name has it on a line of its
    own."""
    sections, functions, name = [], set(), ""
    with open(linker_map, encoding="utf-8") as lines:
        for line in lines:
            alone = re.fullmatch(r" (\.text\S*)\n", line)
            placed = re.match(r" (\.text\S*)? +0x([0-9a-f]+) +0x([0-9a-f]+) (\S.*)\n", line)
            symbol = re.fullmatch(r" {16}0x([0-9a-f]+) {16}\S+\n", line)
            if placed and (placed[1] or name):
                section = Section(int(placed[2], 16), int(placed[3], 16), placed[1] or name,
                                  placed[4])
                if section.start and section.size:
                    sections.append(section)
                    functions.add(section.start)
            elif symbol and sections:
                at = int(symbol[1], 16)
                if sections[-1].start < at < sections[-1].start + sections[-1].size:
                    functions.add(at)
            name = alone[1] if alone else ""
    return sorted(sections, key=lambda section: section.start), sorted(functions)


def entered_sections(sections, file):
    """The sections whose functions `file` of entered.c has, in order."""
    found, starts = {}, [section.start for section in sections]
    for line in host.read(file).splitlines():
        if line != "end":
            found[sections[bisect.bisect(starts, int(line, 16)) - 1]] = None
    return list(found)


def pattern(section):
    """For the linker's script.  Link-time optimisation numbers what it clones or renames: the
    numbers change with any change of the program."""
    if section.name not in SHARED:
        plain = re.sub(r"\.(lto_priv|constprop|isra|part)\..*", "", section.name)
        return f"*({plain})" if plain == section.name else f"*({plain} {plain}.*)"
    member = re.search(r"(lib[^/]*\.a)\((\S+)\)$", section.file)
    return f"*{member[1]}:{member[2]}({section.name})" if member else None


class Traced(runtimes.Runtime):
    """coracle, with a file for each command."""

    def __init__(self, coracle, work):
        super().__init__("traced", coracle.path, work)
        self.work, self.root, self.files = work, coracle.root, []

    def _command(self, *words):
        self.files.append(f"{self.work}/entered-{len(self.files)}")
        return [f"{self.work}/entered", f"{self.work}/functions", self.files[-1],
                *super()._command(*words)]


class Layout:
    """Runs the workloads on a prepared machine and looks what they enter."""

    def __init__(self, prepared, functions):
        self.bench = prepared
        self.coracle = prepared.programs[0]
        self.traced = Traced(self.coracle, prepared.work)
        bench.compile_program(prepared.work, "entered", ["entered.c"], ["-static"])
        host.write(f"{prepared.work}/functions", "".join(f"{at:x}\n" for at in functions))

    def files(self):
        """One for each command, in the order of WORKLOADS."""
        known = {w.name: w for w in workloads.workloads()}
        self.bench.populate("v2", 3)  # for `list`
        for name in WORKLOADS:
            if known[name].view == "v2" or self.bench.cgroups.has_v1():
                self._trace(known[name])
        self.bench.reset()
        for file in self.traced.files:
            wait_for_end(file)
        return self.traced.files

    def _trace(self, workload):
        """Once as ever, so that the cache of filters is warm, and once traced."""
        bundle = self.bench.bundle(self.coracle, workload.config, workload.view, workload.program)
        lines = [("trace", "quiet" if mode == "time" else mode, words)
                 for runtime in (self.coracle, self.traced)
                 for mode, words in workload.sample(runtime, bundle)]
        if workload.lives:
            lines.insert(0, ("begin", "quiet", self.coracle.detach(bundle)))
            lines += [("end", *line) for line in bench.end_lines(self.coracle, bundle)]
        self.bench.drive(workload.view, lines)


def wait_for_end(file):
    for _ in range(500):
        if host.read(file).endswith("end"):
            return
        time.sleep(0.01)
    raise bench.Failed(f"{file}: its command goes on")


def script_of(sections, files):
    """What most commands enter comes first; what as many do, as it came."""
    commands = collections.Counter()
    for file in files:
        commands.update(entered_sections(sections, file))
    chosen = sorted(commands, key=lambda section: -commands[section])
    patterns = dict.fromkeys(filter(None, map(pattern, chosen)))
    print(f"{len(patterns)} functions, {sum(section.size for section in chosen) >> 10} of "
          f"{sum(section.size for section in sections) >> 10} KiB")
    return HEAD + "".join(f"    {line}\n" for line in patterns) + TAIL


def write(prepared, linker_map, path):
    """Writes the linker's script; `linker_map` is that of the coracle that is looked at."""
    sections, functions = read_map(linker_map)
    host.write(path, script_of(sections, Layout(prepared, functions).files()))
