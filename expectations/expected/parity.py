"""Suites counts, columns, values and fingerprints: nothing lost, nothing twice, nothing changed on the way."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Catalog
from expectations.expected.base import Expected


def counts(declared: Catalog) -> Iterator[Expected]:
    """Conservation, by number; what is set apart belongs there, and the books say so."""
    meaning = "every source row is in raw or among the rejected rows"
    yield Expected("expect_source_rows_in_raw", meaning, ("raw does not have the rows of the source",), {})
    for table in copied(declared):
        meaning = f"every raw row of {table} is in public or in quarantine"
        finding = f"public.{table} and the quarantine do not add up to the rows of raw"
        yield Expected("expect_raw_rows_in_public", meaning, (finding,), {"table": table})
    for table in copied(declared):
        meaning = f"every row of {table} in quarantine cannot live in public, for the reason told"
        finding = f"rows of {table} are in quarantine without a reason that holds"
        yield Expected("expect_quarantine_to_be_proven", meaning, (finding,), {"table": table})
        meaning = f"no more of {table} is in quarantine than is allowed"
        finding = f"more of {table} is in quarantine than is allowed"
        yield Expected("expect_quarantine_within_limit", meaning, (finding,), {"table": table})
    meaning = "the loader's books say of source and raw what is so"
    yield Expected("expect_ledger_to_be_true", meaning, ("the loader's books are wrong",), {})
    meaning = "the build's books say what each table was built from, and as"
    yield Expected("expect_watermarks_to_be_true", meaning, ("the build's books are wrong",), {})


def values(declared: Catalog) -> Iterator[Expected]:
    """Conservation, by value."""
    meaning = "every value in raw is the source's, bit for bit"
    yield Expected("expect_source_values_in_raw", meaning, ("raw has other values than the source",), {})
    for table in copied(declared):
        meaning = f"every value of public.{table} is the source's in canonical form"
        finding = f"public.{table} has other values than the source"
        yield Expected("expect_source_values_in_public", meaning, (finding,), {"table": table})
    meaning = "the view audit.conservation shows what is counted here"
    finding = "the view audit.conservation shows other numbers than are counted here"
    yield Expected("expect_conservation_to_be_true", meaning, (finding,), {})


def columns(declared: Catalog) -> Iterator[Expected]:
    """Conservation, by column."""
    what = "the source's rows, NULLs, smallest and largest values and sums"
    other = "columns of {} have other NULLs, smallest or largest values or sums than the source's"
    yield Expected("expect_source_columns_in_raw", f"every column in raw has {what}", (other.format("raw"),), {})
    for table in copied(declared):
        meaning = f"every column of public.{table} has {what}"
        finding = other.format(f"public.{table}")
        yield Expected("expect_source_columns_in_public", meaning, (finding,), {"table": table})


def fingerprints(declared: Catalog) -> Iterator[Expected]:
    """The values of hypertables alone, which are most of the data, and the months in which they differ."""
    for table in copied(declared):
        for place in ("raw", "public") if declared.tables[table].hypertable else ():
            meaning = f"every month of every ticker of {place}.{table} is as in the source"
            finding = f"months of {place}.{table} are not as in the source"
            yield Expected("expect_source_months", meaning, (finding,), {"place": place, "table": table})


def copied(declared: Catalog) -> list[str]:
    """The declared tables that the source has too."""
    return [name for name in declared.tables if name in declared.sources]
