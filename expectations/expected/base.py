"""What every suite is made of."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMESPACE = uuid.UUID("6f8f9c1e-0a53-5a39-9d53-0d4f9b8a1c00")

# What each type of expectation is told. The classes are in expectations.custom and .declared: seconds to import.
TYPES: Mapping[str, frozenset[str]] = {
    "expect_aggregate_as_declared": frozenset({"aggregate"}),
    "expect_conservation_to_be_true": frozenset(),
    "expect_ledger_to_be_true": frozenset(),
    "expect_factor_scores": frozenset({"about"}),
    "expect_keys_to_be_unique": frozenset({"query", "table"}),
    "expect_no_rows": frozenset({"query"}),
    "expect_quarantine_to_be_proven": frozenset({"table"}),
    "expect_quarantine_within_limit": frozenset({"table"}),
    "expect_query_within_budget": frozenset({"query"}),
    "expect_raw_rows_in_public": frozenset({"table"}),
    "expect_source_columns_in_public": frozenset({"table"}),
    "expect_source_columns_in_raw": frozenset(),
    "expect_source_months": frozenset({"place", "table"}),
    "expect_source_rows_in_raw": frozenset(),
    "expect_source_rules_in_public": frozenset({"table"}),
    "expect_source_values_in_public": frozenset({"table"}),
    "expect_source_values_in_raw": frozenset(),
    "expect_stubs_to_be_bare": frozenset({"table"}),
    "expect_stubs_to_be_needed": frozenset({"table"}),
    "expect_table_as_declared": frozenset({"about", "table"}),
    "expect_watermarks_to_be_true": frozenset(),
}


@dataclass(frozen=True)
class Expected:
    """One expectation: its type as Great Expectations registers it, what it is told, and what it means.

    One of severity warning is reported when it fails, but does not change the verdict.

    Attributes:
        description: what is expected, as if it were so.
        finding: what is so when it fails. A second sentence is for more than one, with `{}` for how many.
    """

    type: str
    description: str
    finding: tuple[str, ...]
    kwargs: Mapping[str, Any]
    severity: str = "critical"


def no_rows(description: str, finding: tuple[str, ...], query: str, severity: str = "critical") -> Expected:
    """The query looks for what must not be."""
    return Expected("expect_no_rows", description, finding, {"query": query}, severity)


def identity(*parts: str) -> str:
    """The id of something generated: it follows from what it is, and so tells it from what people write."""
    return str(uuid.uuid5(NAMESPACE, "/".join(parts)))
