"""Great Expectations' own types, in suites that people write by hand beside the generated ones.

Its JSON schemas say which types there are and what each is told. They are read without importing it, which takes
seconds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from quant.errors import UserError
from quant.text import counted

SHOWN = 20  # values that Great Expectations names at most
OF_EACH = {  # what every expectation has, outside of its kwargs
    *("id", "meta", "notes", "description", "catch_exceptions", "rendered_content", "severity", "windows"),
    *("batch_id", "result_format", "metadata"),
}


@cache
def types() -> Mapping[str, Path]:
    """The schema of each type, by the name that a suite has for it."""
    found = find_spec("great_expectations")
    assert found is not None
    assert found.submodule_search_locations is not None
    folder = Path(found.submodule_search_locations[0]) / "expectations" / "core"
    schemas = {path.stem.lower(): path for path in (folder / "schemas").glob("*.json")}
    names = (path.stem for path in sorted(folder.glob("*.py")))
    return {name: schemas[plain] for name in names if (plain := name.replace("_", "")) in schemas}


def check(kind: str, kwargs: Mapping[str, Any], cure: str) -> None:
    """See that an expectation of that type is told what it needs, and nothing else.

    Raises:
        UserError: when it is not; `cure` says where, and what to do.
    """
    schema = json.loads(types()[kind].read_text(encoding="utf-8"))
    known = schema["properties"].keys() - OF_EACH
    if missing := [name for name in schema.get("required", ()) if name not in kwargs]:
        raise UserError(f"{kind} needs {', '.join(missing)}, and is told {', '.join(kwargs) or 'nothing'}, {cure}")
    if strange := [name for name in kwargs if name not in known]:
        raise UserError(f"{kind} is told {', '.join(strange)}; it knows {', '.join(sorted(known))}, {cure}")


@dataclass(frozen=True)
class Told:
    """An outcome in words, as those of the project's own expectations are."""

    description: str
    observed: str
    finding: str
    problems: tuple[str, ...]


def told(kind: str, kwargs: Mapping[str, Any], description: str | None, table: str, found: Mapping[str, Any]) -> Told:
    """What Great Expectations found of a table, told as the project's own expectations tell it."""
    values = ", ".join(f"{name} {value}" for name, value in kwargs.items() if name not in OF_EACH)
    expected = description or f"{kind.replace('_', ' ')} in {table}" + (f" ({values})" if values else "")
    count, total = found.get("unexpected_count"), found.get("element_count")
    if count is not None:
        observed = f"{count:,} of {counted(total or 0, 'row')}"
        column = f" in {kwargs['column']}" if "column" in kwargs else ""
        return Told(expected, observed, f"{observed} of {table} are not as expected{column}", _samples(count, found))
    observed = str(found.get("observed_value", ""))
    return Told(expected, observed, f"{table} is not as expected{f': found {observed}' if observed else ''}", ())


def _samples(count: int, found: Mapping[str, Any]) -> tuple[str, ...]:
    """The first values that are not as expected, each with how often it is among them."""
    values = Counter(str(value) for value in found.get("partial_unexpected_list", ()))
    first = sum(values.values())
    among = f" of the first {first:,}" if first < count else ""
    return tuple(f"{value}: {counted(often, 'row')}{among}" for value, often in values.most_common())
