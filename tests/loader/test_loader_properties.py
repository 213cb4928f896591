"""Whatever SQLite can hold goes to raw and comes back, or is kept whole with a reason."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loader import load
from tests.support import sources
from tests.support.places import Place

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
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20) | st.sampled_from(
    ["", " ", "_rowid", "_load_id", "_loads", "xmin", "ctid", "\x1b[2J", "\u202e", '"', "n" * 64, "한" * 30]
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[str], list[list[object]]]:
    """A table's name, its columns as 'name type', and its rows."""
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique_by=lambda name: name.casefold()))
    columns = [f"{sources.quoted(name)} {draw(st.sampled_from(DECLARED))}" for name in names]
    rows = draw(st.lists(st.lists(VALUES, min_size=len(names), max_size=len(names)), max_size=12))
    return draw(NAMES.filter(lambda name: not name.lower().startswith("sqlite_"))), columns, rows


@st.composite
def files(draw: st.DrawFn) -> list[list[tuple[str, list[str], list[list[object]]]]]:
    """Two states of a file, of which each makes its tables anew."""
    several = st.lists(tables(), min_size=1, max_size=4, unique_by=lambda table: table[0].casefold())
    first = draw(several)
    changed = [
        (name, draw(st.sampled_from([columns, [*columns, "later REAL"]])), rows[1:]) for name, columns, rows in first
    ]
    return [first, changed]


def made(source: Path, state: list[tuple[str, list[str], list[list[object]]]]) -> None:
    """Write a state to the file."""
    for name, columns, rows in state:
        table = sources.quoted(name)
        filled = [(f"insert into {table} values ({', '.join('?' * len(row))})", row) for row in rows]
        if len(columns) > len(rows[0] if rows else columns):
            filled = [(f"insert into {table} values ({', '.join('?' * len(row))}, 0.5)", row) for row in rows]
        sources.write(source, f"drop table if exists {table}", f"create table {table} ({', '.join(columns)})", *filled)


@pytest.mark.filterwarnings("ignore")
def test_any_table_of_any_values_arrives_or_is_kept_with_a_reason_as_the_dry_run_has_said(
    place: Place,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in place.environment.items():
        if name.startswith(("QUANT_", "POSTGRES_")):
            monkeypatch.setenv(name, value)

    # A load takes a second: no shrinking, which would take a thousand of them.
    phases = [Phase.explicit, Phase.generate]

    @settings(max_examples=15, deadline=None, phases=phases, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(files())
    def loaded(states: list[list[tuple[str, list[str], list[list[object]]]]]) -> None:
        source = tmp_path_factory.mktemp("source") / "s.db"
        place.query("drop schema if exists raw cascade")
        for state in states:
            made(source, state)
            options = load.Options(source, place.target.name, progress="none", json=True)
            capsys.readouterr()
            foreseen = load.run(replace(options, dry_run=True))
            dry = json.loads(capsys.readouterr().out)
            code = load.run(options)
            document = json.loads(capsys.readouterr().out)
            assert code == foreseen
            assert code == (1 if place.query("select 1 from raw.rejected_rows limit 1") else 0)
            assert sources.differences(source, place) == []
            assert {
                table["table"]: (
                    table["new"] + table["changed"],
                    table["changed"] + table["gone"],
                    len(table["rejected"]),
                )
                for table in dry["tables"]
            } == {
                table["table"]: (table["written"], table["removed"], table["rejected"]) for table in document["tables"]
            }
            assert dry["changes"] == document["changes"]

    loaded()
