"""Whatever SQLite can hold goes to raw and comes back, or is kept whole with a reason."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loader import load
from tests import sources
from tests.places import Place

DECLARED = (
    "",
    "INTEGER",
    "REAL",
    "TEXT",
    "BLOB",
    "NUMERIC",
    "BOOLEAN",
    "DATE",
    "DECIMAL(10, 2)",
    "VARCHAR(3)",
    "BIGINT",
)
INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, 2**53, 2**53 + 1, -(2**63), 2**63 - 1])
# SQLite stores NaN as NULL; both infinities, subnormals and every other double are values to it.
REALS = st.floats(allow_nan=False) | st.sampled_from([math.inf, -math.inf, 5e-324, 0.1 + 0.2])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["", "NA", "1.50", "20240105", "a\0b"]
)
VALUES = st.none() | INTEGERS | REALS | TEXTS | st.binary(max_size=20)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[str], list[list[object]]]:
    """A table's name, its columns as 'name type', and its rows."""
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique_by=lambda name: name.casefold()))
    columns = [f"{sources.quoted(name)} {draw(st.sampled_from(DECLARED))}" for name in names]
    rows = draw(st.lists(st.lists(VALUES, min_size=len(names), max_size=len(names)), max_size=12))
    return draw(NAMES.filter(lambda name: not name.lower().startswith("sqlite_"))), columns, rows


@pytest.mark.filterwarnings("ignore")
def test_any_table_of_any_values_arrives_or_is_kept_with_a_reason(
    place: Place, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in place.environment.items():
        if name.startswith(("QUANT_", "POSTGRES_")):
            monkeypatch.setenv(name, value)

    # A load takes a second: no shrinking, which would take a thousand of them.
    phases = [Phase.explicit, Phase.generate]

    @settings(max_examples=15, deadline=None, phases=phases, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.lists(tables(), min_size=1, max_size=4, unique_by=lambda table: table[0].casefold()))
    def loaded(made: list[tuple[str, list[str], list[list[object]]]]) -> None:
        source = tmp_path_factory.mktemp("source") / "s.db"
        for name, columns, rows in made:
            sources.write(
                source,
                f"create table {sources.quoted(name)} ({', '.join(columns)})",
                *(
                    (f"insert into {sources.quoted(name)} values ({', '.join('?' * len(columns))})", row)
                    for row in rows
                ),
            )
        place.query("drop schema if exists raw cascade")
        code = load.run(load.Options(Path(source), place.target.name, progress="none", json=True))
        rejected = place.query("select count(*) from raw.rejected_rows")[0][0]
        assert code == (1 if rejected else 0)
        assert sources.differences(source, place) == []

    loaded()
