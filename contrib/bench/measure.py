"""Measures one workload with every runtime: time and CPU, interleaved; then memory and the number
of system calls, each in samples of its own, because counting costs time."""

import dataclasses
import os
import re
import shutil
import sys
import time

import bench

WORKERS = 2


@dataclasses.dataclass
class Found:
    """What a workload showed of one runtime; `failed` says why there is nothing."""
    samples: list = dataclasses.field(default_factory=list)
    peak_kib: int | None = None  # of the runtime's whole tree
    calls: int | None = None
    failed: str = ""


def script(workload, pairs, rounds):
    """The driver's lines: what lives begins, the rounds, what lives ends.  The order of the
    runtimes changes from round to round, so that none always follows the same other."""
    lines = []
    if workload.lives:
        lines += [("begin", "quiet", runtime.detach(bundle)) for runtime, bundle in pairs]
    for i in range(rounds):
        for runtime, bundle in pairs[i % len(pairs):] + pairs[:i % len(pairs)]:
            lines += [(f"{runtime.name}:{i}", *line) for line in workload.sample(runtime, bundle)]
    if workload.lives:
        for runtime, bundle in pairs:
            lines += [("end", *line) for line in bench.end_lines(runtime, bundle)]
    return lines


def with_each_timed(lines, change):
    """`lines` with what is timed as `change(mode, command)` has it."""
    return [(label, *change(mode, words)) if mode == "time" else (label, mode, words)
            for label, mode, words in lines]


class Measurer:
    """Measures workloads on a prepared machine."""

    def __init__(self, prepared, quick):
        self.bench, self.quick = prepared, quick
        self.counter = 0

    def measure(self, workload):
        """runtime's name -> Found"""
        found = {runtime.name: Found() for runtime in self.bench.programs}
        able = []
        for runtime in self.bench.programs:
            bundle = self._bundle(workload, runtime)
            try:
                self._drive(workload, [(runtime, bundle)], 1)  # a rehearsal: nothing is cold after
                able.append((runtime, bundle))
            except bench.Failed as failure:
                found[runtime.name].failed = str(failure)
                self._restore(workload)
        samples = self._rounds(workload, able)
        for runtime, bundle in able:
            into = found[runtime.name]
            into.samples = samples.get(runtime.name, [])
            into.failed = "" if into.samples else "the rounds ended early, twice"
            if into.samples and workload.starts is None:
                into.peak_kib = self._count(self._peak, workload, runtime, bundle)
                into.calls = self._count(self._calls, workload, runtime, bundle)
        return found

    def _rounds(self, workload, able):
        """runtime's name -> Samples of all rounds; {} when they failed twice: all that was
        rehearsed works, but a busy machine may let a wait run out."""
        rounds = workload.rounds.of(self.quick)
        for _ in range(2 if able else 0):
            try:
                samples = self._drive(workload, able, rounds)
            except bench.Failed as failure:
                print(f"{workload.name}: {failure}", file=sys.stderr)
                self._restore(workload)
                continue
            return {runtime.name: [samples[f"{runtime.name}:{i}"] for i in range(rounds)]
                    for runtime, _ in able}
        return {}

    def _count(self, count, workload, runtime, bundle):
        try:
            return count(workload, runtime, bundle)
        except bench.Failed as failure:
            print(f"{workload.name}: {runtime.name} not counted: {failure}", file=sys.stderr)
            self._restore(workload)
            return None

    def _bundle(self, workload, runtime):
        if workload.starts is not None:
            return self.bench.bundles_of_workers(runtime, workload.config, workload.view, WORKERS)
        return self.bench.bundle(runtime, workload.config, workload.view, workload.program)

    def _drive(self, workload, pairs, rounds):
        lines = script(workload, pairs, rounds)
        if workload.starts is not None:
            each = workload.starts.of(self.quick) // WORKERS
            lines = with_each_timed(lines, lambda _, words: (f"each:{WORKERS}:{each}", words))
        return self.bench.drive(workload.view, lines)

    def _restore(self, workload):
        """Others that were alive are alive again after what a failure left was cleared."""
        self.bench.reset()
        self.bench.populate(workload.view, workload.others.of(self.quick))

    def _peak(self, workload, runtime, bundle):
        """KiB of a memory cgroup around each command; the largest where there are several."""
        directory = self.bench.cgroups.memory_directory()
        if directory is None:
            return None

        def around(_, words):
            self.counter += 1  # by way of our own mounts: the view may not show that hierarchy
            return f"memory:/proc/{os.getpid()}/root{directory}/around-{self.counter}", words
        lines = with_each_timed(script(workload, [(runtime, bundle)], 1), around)
        return self.bench.drive(workload.view, lines)[f"{runtime.name}:0"].memory_kib

    def _calls(self, workload, runtime, bundle):
        """System calls of the runtime and of all that it starts, the container's program too."""
        files, strace = [], shutil.which("strace")

        def counted(_, words):
            self.counter += 1
            files.append(f"{self.bench.work}/calls-{self.counter}")
            # -D: the command is the driver's child, and ends while its container still runs.
            return "quiet", [strace, "-D", "-f", "-c", "-U", "name,calls", "-o", files[-1], *words]
        self.bench.drive(workload.view,
                         with_each_timed(script(workload, [(runtime, bundle)], 1), counted))
        return sum(calls_in(file) for file in files)


def calls_in(file):
    """The total of `strace -c`, which is written when the last traced process has ended."""
    for _ in range(500):
        if os.path.exists(file):
            with open(file, encoding="utf-8") as summary:
                total = re.search(r"^total +(\d+)", summary.read(), re.MULTILINE)
            if total:
                os.unlink(file)
                return int(total[1])
        time.sleep(0.01)
    raise bench.Failed(f"strace wrote nothing to {file}")
