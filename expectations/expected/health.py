"""Suite health: the schema is as declared, nothing hinders a row, and TimescaleDB's jobs do their work."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Catalog
from expectations.expected.base import Expected, no_rows
from expectations.expected.hindrances import hindrances
from expectations.expected.storage import storage
from expectations.expected.surroundings import surroundings

LEFT_OVERS = "__dbt_(backup|tmp)"

# What is asked of each table, as the methods of expectations.structure.compare.Comparison are called.
ABOUT = {
    "columns": ("the columns of {} are as declared", "the columns of {} are not as declared", "critical"),
    "constraints": (
        "{} has its keys, foreign keys and checks, and no others",
        "{} lacks keys, foreign keys or checks, or has others",
        "critical",
    ),
    "indexes": ("the indexes of {} are as declared", "the indexes of {} are not as declared", "critical"),
    "ids": (
        "new ids of {} come after those that are there",
        "new ids of {} may be those of rows that are there",
        "critical",
    ),
    "unusual": ("nothing about {} is unusual", "something about {} is unusual", "warning"),
}


def health(declared: Catalog) -> Iterator[Expected]:
    """All that can go wrong with a table without a value in it changing."""
    for table in declared.tables.values():
        for about, (description, finding, severity) in ABOUT.items():
            told = description.format(table.name), (finding.format(table.name),)
            yield Expected("expect_table_as_declared", *told, {"table": table.name, "about": about}, severity)
    yield from (
        Expected(
            "expect_aggregate_as_declared",
            f"{aggregate.name} is made by the SQL of its model",
            (f"{aggregate.name} is made by other SQL than that of its model",),
            {"aggregate": aggregate.name},
        )
        for aggregate in declared.aggregates.values()
    )
    yield from storage(declared)
    yield from hindrances(declared)
    yield from surroundings(declared)
    yield no_rows(
        "no index is invalid",
        ("one index is invalid", "{} indexes are invalid"),
        "select c.relname as index from pg_index i join pg_class c on c.oid = i.indexrelid "
        "where not (i.indisvalid and i.indisready)",
    )
    yield no_rows(
        "dbt left no backup or temporary relation behind",
        ("dbt left a backup or temporary relation behind", "dbt left {} backup or temporary relations behind"),
        "select n.nspname as schema, c.relname as relation "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        f"where n.nspname in ('public', 'audit', 'staging', 'factors') and c.relname ~ '{LEFT_OVERS}'",
    )
