"""Suite speed: the platform's queries within their budgets. Warnings, for time depends on the machine too."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Catalog
from expectations.expected.base import Expected
from expectations.queries import QUERIES


def speed(declared: Catalog) -> Iterator[Expected]:
    """One expectation a query."""
    there = declared.tables.keys() | declared.aggregates.keys()
    for query in QUERIES:
        if query.table in there:
            yield Expected(
                "expect_query_within_budget",
                f"{query.meaning} within {query.server:g} ms ({query.embedded:g} ms embedded)",
                (f"{query.meaning}: longer than {query.server:g} ms ({query.embedded:g} ms embedded)",),
                {"query": query.meaning},
                "warning",
            )
