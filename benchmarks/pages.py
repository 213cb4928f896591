"""What was measured as a page with a picture, and two such measurements side by side (`make bench-compare`)."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from quant.command import leave
from quant.errors import COULD_NOT_RUN, WELL, UserError

COLOURS = ("#1f6feb", "#8b949e", "#d29922", "#3fb950")
LINE, LEFT, WIDTH = 14, 330, 460


def write_pages(document: Mapping[str, Any], folder: Path) -> None:
    """Write queries.md and queries.svg."""
    (folder / "queries.md").write_text(page(document), encoding="utf-8")
    (folder / "queries.svg").write_text(picture(document["figures"]), encoding="utf-8")


def page(document: Mapping[str, Any]) -> str:
    """A table of all figures."""
    lines = [
        "# Queries beside their rivals",
        "",
        f"{document['rows']:,} rows of prices on {document['server']}, {document['machine']['processors']} processors, "
        f"{document['begun']}. Milliseconds, all rows fetched, warm. Engines take turns: read the ratios.",
        "",
        "![p50 with one connection](queries.svg)",
        "",
        "| query | engine | connections | rows | p50 | p95 | p99 | CPU of the server |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in document["figures"]:
        values = (
            [each["note"]] + [""] * 4 if each["note"] else [each[name] for name in ("rows", "p50", "p95", "p99", "cpu")]
        )
        cells = [
            each["query"],
            each["engine"],
            each["connections"],
            *("" if value is None else value for value in values),
        ]
        lines.append("| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |")
    lines += ["", "| table | MB |", "|---|---|"]
    lines += [f"| {name} | {size} |" for name, size in document["sizes"].items()]
    return "\n".join(lines) + "\n"


def picture(figures: Sequence[Mapping[str, Any]]) -> str:
    """The medians with the fewest connections as bars on a logarithmic scale, in SVG."""
    least = min(each["connections"] for each in figures)
    bars = [each for each in figures if each["connections"] == least and each["p50"]]
    engines = list(dict.fromkeys(each["engine"] for each in bars))
    most = max(each["p50"] for each in bars)
    shapes, y, query = [], 24, None
    for place, engine in enumerate(engines):
        shapes.append(f'<text x="{10 + 160 * place}" y="14" fill="{COLOURS[place % 4]}">{escape(engine)}</text>')
    for each in bars:
        if each["query"] != query:
            query, y = each["query"], y + 8
            shapes.append(f'<text x="{LEFT - 8}" y="{y + 11}" text-anchor="end">{escape(query)}</text>')
        length = WIDTH * math.log1p(100 * each["p50"]) / math.log1p(100 * most)
        colour = COLOURS[engines.index(each["engine"]) % 4]
        shapes.append(f'<rect x="{LEFT}" y="{y}" width="{length:.0f}" height="{LINE - 3}" fill="{colour}"/>')
        shapes.append(f'<text x="{LEFT + length + 5:.0f}" y="{y + 10}">{each["p50"]:g} ms</text>')
        y += LINE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 100}" height="{y + 10}" '
        f'font-family="sans-serif" font-size="12" fill="#57606a">\n' + "\n".join(shapes) + "\n</svg>\n"
    )


def write_growth(document: Mapping[str, Any], folder: Path) -> None:
    """Write growth.md and growth.svg."""
    sizes = [f"{size:,} rows" for size in document["sizes"]]
    lines = [
        "# The three commands at several sizes",
        "",
        f"{document['server']}, {document['machine']['processors']} processors, "
        f"load {document['machine']['load']:.1f}, {document['begun']}.",
        "Seconds from start to exit; peak memory of the command in MB. Slope is the exponent of the growth: 1 is in "
        "proportion to the rows.",
        "",
        "![seconds by rows](growth.svg)",
        "",
        f"| step | {' | '.join(sizes)} | slope | MB |",
        "|---" * (len(sizes) + 3) + "|",
    ]
    for step in document["steps"]:
        slope = "" if step["slope"] is None else step["slope"]
        lines.append(f"| {step['step']} | {' | '.join(map(str, step['seconds']))} | {slope} | {max(step['peak_mb'])} |")
    (folder / "growth.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    bars = [
        {"query": step["step"], "engine": size, "connections": 1, "p50": 1000 * seconds}
        for step in document["steps"]
        for size, seconds in zip(sizes, step["seconds"], strict=True)
    ]
    (folder / "growth.svg").write_text(picture(bars), encoding="utf-8")


def compare(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """p50, p95 and CPU of our own queries in both, and what the other takes of the one."""
    keys = ("query", "connections")
    before = {tuple(each[key] for key in keys): each for each in one["figures"] if each["engine"] == "ours"}
    lines = ["| query | connections | p50 | p95 | CPU |", "|---|---|---|---|---|"]
    for each in other["figures"]:
        if each["engine"] == "ours" and (earlier := before.get(tuple(each[key] for key in keys))):
            cells = (_change(earlier[name], each[name]) for name in ("p50", "p95", "cpu"))
            lines.append(f"| {each['query']} | {each['connections']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return ""
    return f"{before:g} → {after:g}" + (f" ({after / before:.2f})" if before else "")


def main(words: Sequence[str] | None = None) -> int:
    """Print the comparison. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pages", description="Compare two results of `make bench`.",
        epilog="exit codes: 0 done, 2 could not run.",
    )  # fmt: skip
    parser.add_argument("one", type=Path, help="a queries.json, or the folder that holds it")
    parser.add_argument("other", type=Path, help="the later one")
    options = parser.parse_args(words)
    try:
        print(compare(_read(options.one), _read(options.other)))
    except UserError as error:
        print(error, file=sys.stderr)
        return COULD_NOT_RUN
    return WELL


def _read(path: Path) -> dict[str, Any]:
    file = path if path.suffix == ".json" else path / "queries.json"
    try:
        read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} is no result of `make bench`: {error}.") from None
    return read


if __name__ == "__main__":
    leave(main)
