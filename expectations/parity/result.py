"""What a comparison found, in numbers and in samples that a person can look up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from expectations.parity.columns import Columns

SAMPLES = 20


@dataclass(frozen=True)
class Difference:
    """One row that is not what it should be.

    `kind` is missing, differs, extra, twice or unreadable; `columns` has (expected, found) for each
    column that differs.
    """

    kind: str
    key: str
    columns: tuple[tuple[str, str, str], ...] = ()

    def __str__(self) -> str:
        shown = "; ".join(f"{name} is {found}, expected {expected}" for name, expected, found in self.columns)
        return f"{self.kind} {self.key}" + (f": {shown}" if shown else "")


@dataclass(frozen=True)
class Comparison:
    """The source against one relation of the target.

    Attributes:
        relation: the name in the target, such as public.tickers.
        rows: rows of the source that had to be found there.
        there: rows there.
        stubs: those of them that stand in for a missing parent.
        others: further rows there that the source does not give (an application's own).
        columns: in how many of the examined rows each column differs.
        months: how many of the missing and differing rows lie in each month of a hypertable, by the rest of their key.
        wanted: the columns summed up as the source gives them, found: as they are there without `stubs` and `others`.
        examined: how many of the differing rows were looked at value by value.
    """

    relation: str
    rows: int
    there: int = 0
    missing: int = 0
    differing: int = 0
    twice: int = 0
    stubs: int = 0
    others: int = 0
    columns: Counter[str] = field(default_factory=Counter)
    months: Counter[str] = field(default_factory=Counter)
    wanted: Columns = field(default_factory=Columns)
    found: Columns = field(default_factory=Columns)
    examined: int = 0
    samples: tuple[Difference, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def unequal(self) -> int:
        """Rows that are not as the source has them."""
        return self.missing + self.differing + self.twice

    @property
    def equal(self) -> bool:
        return not self.unequal and not self.problems


def told(found: Sequence[object], sentence: str) -> list[str]:
    """A sentence for each of what was found, up to SAMPLES of them; a sentence that `{}` stands for is the whole."""
    lines = [sentence.replace("{}", str(one)) for one in found[:SAMPLES]]
    return [*lines, f"… and {len(found) - SAMPLES:,} more such rows"] if len(found) > SAMPLES else lines
