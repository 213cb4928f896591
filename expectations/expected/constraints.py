"""Suite constraints: an application of the source may write to public as it wrote to the file."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Catalog
from expectations.expected.base import Expected
from expectations.expected.parity import copied


def constraints(declared: Catalog) -> Iterator[Expected]:
    """Every NOT NULL, DEFAULT and UNIQUE of the source, in both directions."""
    for table in copied(declared):
        meaning = f"public.{table} refuses and fills in what the source's table does, or is weakened by rows it holds"
        finding = f"public.{table} refuses or fills in something else than the source's table does"
        yield Expected("expect_source_rules_in_public", meaning, (finding,), {"table": table})
