"""The schema as a picture: `docs/DATABASE_SCHEMA_DIAGRAM.md`, drawn from the tables that dbt declares.

`python -m expectations.diagram` writes it; it is committed, and a test holds it against this definition.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from expectations import catalog
from expectations.catalog import Aggregate, Catalog, ForeignKey, TargetTable
from quant.errors import COULD_NOT_RUN, WELL, UserError
from quant.paths import PROJECT

PAGE = PROJECT / "docs" / "DATABASE_SCHEMA_DIAGRAM.md"
HEAD = """\
# The schema of `public`

Written by `make diagram` from `models/**/*.yml`: change those, not this page.

PK: primary key, FK: foreign key, UK: unique. A line joins a table with one that its foreign key refers to, by the
columns named on it; a dotted line leads from the rows to what is aggregated from them. Mermaid allows neither blanks
nor commas in a type, so here they are underscores.
"""
NO_WORD = re.compile(r"[ ,]+")


def page(declared: Catalog) -> str:
    """The whole page: the diagram, then the tables and aggregates with what they hold."""
    return "\n".join(
        [HEAD, "```mermaid", *_diagram(declared), "```", "", *_tables(declared), *_aggregates(declared), ""]
    )


def _diagram(declared: Catalog) -> Iterator[str]:
    yield "erDiagram"
    for table in declared.tables.values():
        yield from _entity(table)
    for aggregate in declared.aggregates.values():
        yield f'    {aggregate.name}["{aggregate.name} (continuous aggregate)"]'
    for table in declared.tables.values():
        for foreign in table.foreign_keys:
            yield f'    {foreign.table} {_cardinality(table, foreign)} {table.name} : "{", ".join(foreign.columns)}"'
    for aggregate in declared.aggregates.values():
        yield f'    {aggregate.base} }}|..|| {aggregate.name} : "by {aggregate.bucket}"'


def _entity(table: TargetTable) -> Iterator[str]:
    kept = f"{table.name} (hypertable on {table.hypertable.time_column})" if table.hypertable else table.name
    yield f'    {table.name}["{kept}"] {{'
    foreign = {name for key in table.foreign_keys for name in key.columns}
    unique = {name for group in table.unique for name in group}
    for name, kind in table.columns.items():
        marks = [mark for mark, of in (("PK", table.key), ("FK", foreign), ("UK", unique)) if name in of]
        words = [NO_WORD.sub("_", kind), name, ", ".join(marks)]
        if name in table.clauses:
            words.append(f'"{table.clauses[name]}"')
        yield "        " + " ".join(word for word in words if word)
    yield "    }"


def _cardinality(table: TargetTable, foreign: ForeignKey) -> str:
    """How many rows there are on either side: none or one of the parent where a column may be null."""
    parent = "||" if table.required.issuperset(foreign.columns) else "|o"
    return f"{parent}--{'o|' if set(foreign.columns) == set(table.key) else 'o{'}"


def _tables(declared: Catalog) -> Iterator[str]:
    yield from ("## Tables", "", "| table | what it holds | key | named indexes |", "|---|---|---|---|")
    for table in sorted(declared.tables.values(), key=lambda table: table.name):
        key, indexes = ", ".join(table.key), ", ".join(f"`{name}`" for name in table.indexes)
        yield f"| `{table.name}` | {table.description.strip()}{_storage(table)} | {key} | {indexes} |"
    yield ""


def _storage(table: TargetTable) -> str:
    if not (kept := table.hypertable):
        return ""
    return (
        f" Chunks of {kept.chunk_interval}, compressed after {kept.compress_after}: segments by {kept.segment_by}, "
        f"ordered by {kept.order_by}."
    )


def _aggregates(declared: Catalog) -> Iterator[str]:
    yield from (
        "## Continuous aggregates",
        "",
        "| aggregate | what it holds | made from | refreshed |",
        "|---|---|---|---|",
    )
    for aggregate in declared.aggregates.values():
        yield f"| `{aggregate.name}` | {aggregate.description.strip()} | `{aggregate.base}` | {_refreshed(aggregate)} |"


def _refreshed(aggregate: Aggregate) -> str:
    return f"every {aggregate.every}: what was changed, of any age, once its bucket is over for {aggregate.lag}"


def write(path: Path = PAGE) -> Path:
    """Write the page and return where it is."""
    path.write_text(page(catalog.read()), encoding="utf-8")
    return path


def main() -> int:
    """Write, and say what was written. Returns the exit code."""
    try:
        print(write().relative_to(PROJECT), file=sys.stderr)
    except UserError as error:
        print(error, file=sys.stderr)
        return COULD_NOT_RUN
    return WELL


if __name__ == "__main__":
    sys.exit(main())
