"""What is measured: each workload as lines for driver.c."""

import dataclasses
import typing

SLEEP = ["/bin/sleep", "100000"]
TERM, KILL = 15, 9


@dataclasses.dataclass
class Workload:
    """One sample is a list of (mode, command): `sample(runtime, bundle)`."""
    name: str
    config: str
    sample: typing.Callable
    rounds: int  # of a full run
    quick: int   # of a quick one
    program: typing.Sequence[str] = ("/bin/true",)
    lives: bool = False  # the bundle's container runs meanwhile
    view: str = "v2"


def run(runtime, bundle):
    return [("time", runtime.run(bundle))]


def run_cold(runtime, bundle):
    """With an empty state root: whatever a runtime keeps there is gone."""
    return [("quiet", ["/bin/rm", "-rf", runtime.root]),
            ("quiet", ["/bin/mkdir", "-m", "700", runtime.root]), *run(runtime, bundle)]


def lifecycle(runtime, bundle):
    """The wait for the program's end is no part of the time: a shim is told of it."""
    return [("time", runtime.create(bundle)), ("time", runtime.start(bundle)),
            ("await", [bundle.file("pid")]), ("time", runtime.delete(bundle))]


def execute(runtime, bundle):
    return [("time", runtime.exec(bundle))]


def workloads():
    found = []
    for view in ("v2", "v1"):
        end = "" if view == "v2" else "-v1"
        found += [
            Workload(f"run{end}", "minimal", run, 100, 15, view=view),
            Workload(f"run-docker{end}", "docker", run, 100, 15, view=view),
            Workload(f"run-docker-cold{end}", "docker", run_cold, 50, 10, view=view),
            Workload(f"run-docker-userns{end}", "docker-userns", run, 100, 15, view=view),
            Workload(f"run-docker-userns-cold{end}", "docker-userns", run_cold, 50, 10, view=view),
            Workload(f"create-start-delete{end}", "minimal", lifecycle, 100, 15, view=view),
            Workload(f"exec{end}", "minimal", execute, 100, 15, SLEEP, True, view),
            Workload(f"exec-docker{end}", "docker", execute, 100, 15, SLEEP, True, view),
        ]
    return found
