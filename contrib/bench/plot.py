"""The plot: how many times the floor's median each program takes, as SVG."""

import html

from report import ratio

SHOWN = ("run", "run-docker", "run-docker-userns", "create-start-delete", "exec", "run-v1",
         "run-docker-v1")
COLOURS = {"coracle": "#d1495b", "crun": "#2e7d9a", "runc": "#8a8f98"}
LEFT, WIDTH, BAR, GAP, TOP = 180, 460, 14, 12, 46


def bars(summary):
    """(workload, [(program, ratio to the floor)]) of those that were measured."""
    for workload in SHOWN:
        programs = summary.get(workload, {})
        ratios = [(p, ratio(programs, p, "floor")) for p in COLOURS if p in programs]
        ratios = [(program, value) for program, value in ratios if value is not None]
        if ratios:
            yield workload, ratios


def text(x, y, words, anchor="start", weight="normal"):
    return (f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-weight="{weight}">'
            f"{html.escape(words)}</text>")


def legend(versions):
    parts, x = [], LEFT
    for program, colour in COLOURS.items():
        if program not in versions:
            continue
        words = versions[program].replace(" version", "")
        parts += [f'<rect x="{x}" y="{TOP - 24}" width="10" height="10" fill="{colour}"/>',
                  text(x + 14, TOP - 15, words)]
        x += 40 + 7 * len(words)
    return parts


def group(y, workload, ratios, scale):
    parts = [text(LEFT - 8, y + BAR * len(ratios) / 2 + 4, workload, "end")]
    for i, (program, value) in enumerate(ratios):
        top = y + i * BAR
        parts += [f'<rect x="{LEFT}" y="{top}" width="{value * scale:.1f}" height="{BAR - 2}" '
                  f'fill="{COLOURS[program]}"/>',
                  text(LEFT + value * scale + 5, top + BAR - 4, f"{value:.1f}")]
    return parts


def svg(summary, versions):
    """The text of the file; it has a light background of its own, for pages of any colour."""
    groups = list(bars(summary))
    longest = max((value for _, ratios in groups for _, value in ratios), default=1)
    scale = WIDTH / max(longest, 1)
    parts, y = [text(12, 18, "Time of the floor, the bare system calls: 1", weight="bold")], TOP
    parts += legend(versions)
    for workload, ratios in groups:
        parts += group(y, workload, ratios, scale)
        y += BAR * len(ratios) + GAP
    one = LEFT + scale
    parts.append(f'<line x1="{one:.1f}" y1="{TOP - 6}" x2="{one:.1f}" y2="{y}" stroke="#222" '
                 'stroke-dasharray="3 3"/>')
    width = LEFT + WIDTH + 60
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y + 6}" '
            'font-family="sans-serif" font-size="12">\n'
            f'<rect width="{width}" height="{y + 6}" fill="#fff"/>\n' + "\n".join(parts) +
            "\n</svg>\n")
