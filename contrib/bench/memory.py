"""What a container's memory cgroup is charged for its start, and the smallest limit with which one
starts."""

import contextlib
import subprocess

import bench
import host
import workloads

CONFIGS = ("minimal", "docker")
LEAST_KIB, MOST_KIB, STEP_KIB = 64, 65536, 16
TRIES = 3  # a limit counts when a container starts with it each time


class Memory:
    """Measures in a view whose container cgroups count memory."""

    def __init__(self, prepared):
        self.bench = prepared
        self.view = "v1" if any(h.name == "memory" for h in prepared.cgroups.all) else "v2"

    def measure(self):
        """configuration -> runtime's name -> figures in KiB; {} where no memory is counted."""
        if self.bench.cgroups.memory_directory() is None:
            return {}
        return {config: {runtime.name: self._figures(runtime, config)
                         for runtime in self.bench.programs} for config in CONFIGS}

    def _figures(self, runtime, config):
        try:
            return {**self._charged(runtime, config),
                    "smallest_limit_kib": self._smallest_limit(runtime, config)}
        except bench.Failed as failure:
            self.bench.reset()
            return {"failed": str(failure)}

    def _charged(self, runtime, config):
        """While the container's program sleeps."""
        bundle = self.bench.bundle(runtime, config, self.view, workloads.SLEEP)
        self.bench.drive(self.view, [("", "quiet", runtime.detach(bundle))])
        directory = f"{self.bench.cgroups.memory_directory()}/{bundle.container}"
        names = {"charged_kib": ("memory.usage_in_bytes", "memory.current"),
                 "peak_kib": ("memory.max_usage_in_bytes", "memory.peak")}
        found = {figure: read_first(directory, files) for figure, files in names.items()}
        self.bench.drive(self.view, [("", *l) for l in bench.end_lines(runtime, bundle)])
        return found

    def _smallest_limit(self, runtime, config):
        """KiB, to within STEP_KIB; None when it starts with no limit up to MOST_KIB."""
        too_small, enough = LEAST_KIB - STEP_KIB, MOST_KIB
        if not self._starts(runtime, config, enough):
            return None
        while enough - too_small > STEP_KIB:
            middle = (too_small + enough) // 2 // STEP_KIB * STEP_KIB
            if self._starts(runtime, config, middle):
                enough = middle
            else:
                too_small = middle
        return enough

    def _starts(self, runtime, config, limit_kib):
        def with_limit(configuration):
            configuration["linux"]["resources"]["memory"] = {"limit": limit_kib * 1024}
        bundle = self.bench.bundle(runtime, config, self.view, change=with_limit)
        for _ in range(TRIES):
            if not self._runs(runtime.run(bundle)):
                self.bench.reset()
                return False
        return True

    def _runs(self, command):
        """A runtime whose container is killed may wait for it forever: that is a failure too."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return subprocess.run(self.bench.view(self.view).command(command),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=10,
                                  check=False).returncode == 0
        return False


def read_first(directory, names):
    """KiB, from the one of the files that is there."""
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            return int(host.read(f"{directory}/{name}")) // 1024
    return None
