"""What a query reads, by its plan. Sequential scans are priced out: one is left only where nothing else can be done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.support.places import Place

# What is read of a chunk: its batches where it is compressed, else itself.
CHUNKS = """
    select coalesce(b.relname, c.chunk_name)::text, c.range_start::date::text
    from timescaledb_information.chunks as c
    left join _timescaledb_catalog.compression_settings as s
        on s.relid = format('%I.%I', c.chunk_schema, c.chunk_name)::regclass
    left join pg_class as b on s.compress_relid = b.oid
    where c.hypertable_name = 'ohlcv_data'
"""


def scans(place: Place, sql: str, asked: dict[str, object]) -> list[tuple[str, str]]:
    """(table, conditions) of every scan of a query."""
    connection = place.target.connect("tests")
    try:
        with connection.cursor() as cursor:
            cursor.execute("set enable_seqscan = off")
            cursor.execute(f"explain (format json) {sql}", asked)
            ((found,),) = cursor.fetchall()
    finally:
        connection.close()
    return list(_scans(found[0]["Plan"] if isinstance(found, list) else json.loads(found)[0]["Plan"]))


def unbounded(place: Place, sql: str, asked: dict[str, object], values: list[object]) -> list[tuple[str, str]]:
    """The scans of chunks other than the newest, or of their batches, that are bound by none of these values."""
    starts = {str(name): str(start) for name, start in place.query(CHUNKS)}
    newest = max(starts.values())
    return [
        (table, conditions)
        for table, conditions in scans(place, sql, asked)
        if starts.get(table, newest) != newest and not any(str(value) in conditions for value in values)
    ]


def _scans(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "Relation Name" in node:
        yield (
            node["Relation Name"],
            " ".join(str(node.get(name, "")) for name in ("Index Cond", "Recheck Cond", "Filter")),
        )
    for below in node.get("Plans", []):
        yield from _scans(below)
