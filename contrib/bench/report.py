"""The tables: medians and their ratios to crun and to the floor, as Markdown that is aligned."""

import math
import statistics

TIMES = ["workload", "program", "median ms", "p95 ms", "CPU ms", "of crun", "of floor",
         "CPU of crun", "peak KiB", "calls"]
MEMORY = ["container", "program", "charged KiB", "peak charged KiB", "smallest limit KiB"]


def percentile(values, share):
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def figures(found):
    """A Found as JSON has it; times in microseconds."""
    if found.failed:
        return {"failed": found.failed}
    walls = [sample.wall for sample in found.samples]
    return {"samples": len(walls), "median_us": statistics.median(walls),
            "p95_us": percentile(walls, 0.95), "least_us": min(walls),
            "cpu_us": statistics.median(sample.cpu for sample in found.samples),
            "largest_process_kib": max(sample.memory_kib for sample in found.samples),
            "peak_kib": found.peak_kib, "calls": found.calls, "walls_us": walls}


def ratio(programs, program, other, figure="median_us"):
    """None when one of them has no such figure."""
    below = programs.get(other, {}).get(figure)
    above = programs.get(program, {}).get(figure)
    return above / below if above and below else None


def number(value, digits=0):
    return "" if value is None else f"{value:.{digits}f}"


def time_row(programs, program):
    found = programs[program]
    if "failed" in found:
        return ["cannot"]
    return [number(found["median_us"] / 1000, 2), number(found["p95_us"] / 1000, 2),
            number(found["cpu_us"] / 1000, 2), number(ratio(programs, program, "crun"), 2),
            number(ratio(programs, program, "floor"), 2),
            number(ratio(programs, program, "crun", "cpu_us"), 2), number(found["peak_kib"]),
            number(found["calls"])]


def times_table(summary):
    rows = [[name, program, *time_row(programs, program)]
            for name, programs in summary.items() for program in programs]
    return table(TIMES, rows)


def memory_table(memory):
    rows = [[config, program, number(found.get("charged_kib")), number(found.get("peak_kib")),
             number(found.get("smallest_limit_kib"))]
            for config, programs in memory.items() for program, found in programs.items()]
    return table(MEMORY, rows)


def table(heads, rows, left=2):
    """Markdown; the first `left` columns are text, the others numbers."""
    rows = [row + [""] * (len(heads) - len(row)) for row in rows]
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    lines = [line(heads, widths, left), "|" + "|".join(
        "-" * (width + 1) + ("-" if i < left else ":") for i, width in enumerate(widths)) + "|"]
    previous = None
    for row in rows:
        lines.append(line([row[0] if row[0] != previous else "", *row[1:]], widths, left))
        previous = row[0]
    return "\n".join(lines)


def line(cells, widths, left):
    return "| " + " | ".join(cell.ljust(width) if i < left else cell.rjust(width)
                             for i, (cell, width) in enumerate(zip(cells, widths))) + " |"


def slope(summary, more, less, count):
    """program -> microseconds that each of `count` further things cost."""
    both = summary.get(more, {}), summary.get(less, {})
    return {program: (both[0][program]["median_us"] - both[1][program]["median_us"]) / count
            for program in both[0]
            if "median_us" in both[0][program] and "median_us" in both[1].get(program, {})}


def derived(summary, amounts):
    """What follows from several workloads: name -> program -> number.  `amounts`: how many starts,
    and how many other containers there were."""
    found = {}
    for end, view in ("", ""), ("-v1", ", v1"):
        others = amounts["others"]
        found |= {
            f"us for each bind mount{view}": slope(summary, f"run-binds-1000{end}",
                                                   f"run-binds-100{end}", 900),
            f"us of `run` for each other container{view}": slope(
                summary, f"run-others-1000{end}", f"run{end}", others),
            f"us of `state` for each other container{view}": slope(
                summary, f"state-others-1000{end}", f"state{end}", others),
            f"us of `list` for each of {others} containers{view}": {
                program: f["median_us"] / others
                for program, f in summary.get(f"list{end}", {}).items() if "median_us" in f},
            f"us of `list` for each beyond 100{view}": slope(
                summary, f"list{end}", f"list-100{end}", others - 100),
            f"starts in a second by two workers{view}": {
                program: amounts["starts"] * 1e6 / f["median_us"]
                for program, f in summary.get(f"parallel{end}", {}).items() if "median_us" in f},
        }
    return {name: programs for name, programs in found.items() if programs}


def derived_table(found):
    programs = list(dict.fromkeys(p for values in found.values() for p in values))
    rows = [[name, *(number(values.get(p), 2) for p in programs)]
            for name, values in found.items()]
    return table(["figure", *programs], rows, left=1)
