"""Where coracle's time goes: the phases that its own --timings writes, medians of several runs."""

import json
import os
import statistics
import subprocess

import bench
import workloads

SHOWN = ("run", "run-docker", "run-docker-userns", "create-start-delete", "exec")
HEADS = ("workload", "command", "side", "phase", "median us")


def knows_timings(runtime):
    out = subprocess.run([runtime.path, "--help"], capture_output=True, text=True, check=False)
    return "--timings" in out.stdout


def nested(events):
    """(path, microseconds) of the complete events of one thread; a phase lies in those that were
    there before it and outlast it.  path: their names, the outermost first."""
    found, around = [], []
    for event in sorted(events, key=lambda e: (e["ts"], -e["dur"])):
        while around and around[-1]["ts"] + around[-1]["dur"] <= event["ts"]:
            around.pop()
        around.append(event)
        found.append((tuple(e["name"] for e in around), event["dur"]))
    return found


def with_rests(found):
    """Each phase that has others in it is followed by what it takes beside them."""
    rests = {}
    for (side, path), duration in found.items():
        if len(path) > 1:
            outer = side, path[:-1]
            rests[outer] = rests.get(outer, found[outer]) - duration
    complete = {}
    for (side, path), duration in found.items():
        complete[side, path] = duration
        if (side, path) in rests:
            complete[side, (*path, "beside these")] = rests[side, path]
    return complete


def phases_of(trace):
    """(side, path) -> microseconds, sums where a phase comes again; in the order of beginnings."""
    names = {e["tid"]: e["args"]["name"] for e in trace if e["name"] == "thread_name"}
    complete = [e for e in trace if e["ph"] == "X"]
    found = {}
    for thread, side in names.items():
        for path, duration in nested([e for e in complete if e["tid"] == thread]):
            found[side, path] = found.get((side, path), 0) + duration
    return with_rests(found)


def command_of(trace):
    return next((e["args"]["name"] for e in trace if e["name"] == "process_name"), "")


def medians(samples):
    """Of one command's samples, each as phases_of has it; 0 where a sample lacks a phase."""
    keys = list(dict.fromkeys(key for sample in samples for key in sample))
    return {key: statistics.median(sample.get(key, 0) for sample in samples) for key in keys}


class Phases:
    """Runs the workloads with --timings, apart from what is measured: writing the file costs."""

    def __init__(self, prepared, quick):
        self.bench, self.rounds = prepared, 3 if quick else 21
        self.runtime = prepared.programs[0]

    def measure(self, names):
        """workload -> command -> (side, path) -> microseconds; {} when coracle has no --timings."""
        if not knows_timings(self.runtime):
            return {}
        return {w.name: self._of(w) for w in workloads.workloads()
                if w.name in SHOWN and w.name in names}

    def _of(self, workload):
        bundle = self.bench.bundle(self.runtime, workload.config, workload.view, workload.program)
        files, lines = [], []

        def with_file(mode, words):
            if mode == "time":
                files.append(f"{self.bench.work}/timings-{len(files)}")
                words = [words[0], "--timings", files[-1], *words[1:]]
            return "phases", "quiet" if mode == "time" else mode, words
        for _ in range(self.rounds):
            lines += [with_file(*line) for line in workload.sample(self.runtime, bundle)]
        if workload.lives:
            lines.insert(0, ("begin", "quiet", self.runtime.detach(bundle)))
            lines += [("end", *line) for line in bench.end_lines(self.runtime, bundle)]
        self.bench.drive(workload.view, lines)
        return by_command(files)


def by_command(files):
    samples = {}
    for file in files:
        with open(file, encoding="utf-8") as text:
            trace = json.load(text)["traceEvents"]
        os.unlink(file)
        samples.setdefault(command_of(trace), []).append(phases_of(trace))
    return {command: medians(found) for command, found in samples.items()}


def rows(found):
    """For the table: a phase inside another is indented."""
    for workload, commands in found.items():
        for command, phases in commands.items():
            for (side, path), microseconds in phases.items():
                yield [workload, command, side, "\u00b7 " * (len(path) - 1) + path[-1],
                       f"{microseconds:.0f}"]


def for_json(found):
    return {workload: {command: [{"side": side, "path": list(path), "median_us": microseconds}
                                 for (side, path), microseconds in phases.items()]
                       for command, phases in commands.items()}
            for workload, commands in found.items()}
