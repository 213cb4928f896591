"""What is expected, as data: the suites of the checkpoint, made from the tables that dbt declares.

`python -m expectations.suites` writes them as the JSON files that Great Expectations reads; they are
committed, and a test holds them against this definition.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from expectations import catalog
from expectations.catalog import Catalog
from expectations.expected import aggregates, constraints, factors, health, integrity, parity, speed
from expectations.expected.base import Expected, identity
from quant.errors import COULD_NOT_RUN, WELL, UserError

FOLDER = Path(__file__).resolve().parent
CHECKPOINT = "phase1"
DATA = {
    "datasource": {"name": "target", "id": "6f8f9c1e-0a53-5a39-9d53-0d4f9b8a1c01"},
    "asset": {"name": "loads", "id": "6f8f9c1e-0a53-5a39-9d53-0d4f9b8a1c02"},
    "batch_definition": {"name": "whole", "id": "6f8f9c1e-0a53-5a39-9d53-0d4f9b8a1c03"},
}


KINDS = {"suites": "suite", "validation_definitions": "definition", "checkpoints": "checkpoint"}
SUITES: dict[str, Callable[[Catalog], Iterator[Expected]]] = {
    "counts": parity.counts,
    "columns": parity.columns,
    "values": parity.values,
    "fingerprints": parity.fingerprints,
    "keys": integrity.keys,
    "aggregates": aggregates.aggregates,
    "constraints": constraints.constraints,
    "content": integrity.content,
    "factors": factors.factors,
    "health": health.health,
    "speed": speed.speed,
}


def suites(declared: Catalog) -> dict[str, list[Expected]]:
    """All suites in the order in which they run."""
    return {name: list(make(declared)) for name, make in SUITES.items()}


def documents(declared: Catalog) -> dict[str, str]:
    """The JSON files by their path below `expectations/`."""
    written = {}
    made = suites(declared)
    for name, expected in made.items():
        written[f"suites/{name}.json"] = _text(_suite(name, expected))
        reference = {"name": name, "id": identity("suite", name)}
        definition = {"data": DATA, "id": identity("definition", name), "name": name, "suite": reference}
        written[f"validation_definitions/{name}.json"] = _text(definition)
    references = [{"id": identity("definition", name), "name": name} for name in made]
    written[f"checkpoints/{CHECKPOINT}.json"] = _text(
        {
            "actions": [],
            "id": identity("checkpoint", CHECKPOINT),
            "name": CHECKPOINT,
            "result_format": "COMPLETE",
            "validation_definitions": references,
        }
    )
    return written


def _suite(name: str, expected: list[Expected]) -> dict[str, Any]:
    return {
        "expectations": [
            {
                "description": one.description,
                "id": identity(name, one.type, json.dumps(one.kwargs, sort_keys=True)),
                "kwargs": one.kwargs,
                "meta": {"finding": list(one.finding)},
                "severity": one.severity,
                "type": one.type,
            }
            for one in expected
        ],
        "id": identity("suite", name),
        "meta": {},
        "name": name,
        "notes": None,
    }


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write(folder: Path = FOLDER) -> list[Path]:
    """Write all files and remove those of suites that are no more, but none that people wrote; returns the written."""
    made = {folder / path: text for path, text in documents(catalog.read()).items()}
    for kind, thing in KINDS.items():
        (folder / kind).mkdir(exist_ok=True)
        for old in set((folder / kind).glob("*.json")) - made.keys():
            if json.loads(old.read_text(encoding="utf-8")).get("id") == identity(thing, old.stem):
                old.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return sorted(made)


def main() -> int:
    """Write, and say what was written. Returns the exit code."""
    try:
        for path in write():
            print(path.relative_to(FOLDER), file=sys.stderr)
    except UserError as error:
        print(error, file=sys.stderr)
        return COULD_NOT_RUN
    return WELL


if __name__ == "__main__":
    sys.exit(main())
