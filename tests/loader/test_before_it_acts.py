"""What a load says before it does anything: the dry run's page, and the guard over rows that would vanish."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from quant.text import width
from tests.support import sources
from tests.support.loading import load
from tests.support.places import Place

pytestmark = pytest.mark.usefixtures("empty_raw")

LONG = "a_table_with_a_name_that_is_longer_than_its_column"
FILL = "with recursive n(i) as (select 1 union all select i + 1 from n where i < {}) insert into {} select i, i from n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return sources.write(
        tmp_path / "s.db",
        *(f'create table "{name}" (id integer primary key, v real)' for name in ("prices", "portfolio", "quiet", LONG)),
        'create table "종목 정보" (id integer primary key, v real)',
        FILL.format(2000, "prices"),
        FILL.format(10, "portfolio"),
        FILL.format(2500, "quiet"),
        FILL.format(3, f'"{LONG}"'),
        FILL.format(4, '"종목 정보"'),
    )


def run(place: Place, source: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return place.run(
        *("python", "-m", "loader.run", "--source", str(source), "--progress", "none", *more),
        check=False,
        **environment,
    )


def counts(place: Place) -> list[tuple[object, ...]]:
    return place.query("select (select count(*) from raw.prices), (select count(*) from raw.portfolio)")


def test_the_dry_run_fits_a_terminal_and_begins_with_surprises(place: Place, source: Path) -> None:
    load(place, source)
    sources.write(
        source,
        "delete from portfolio where id = 3",
        "insert into prices values (2001, 'N/A'), (2002, 'n/a'), (2003, '-'), (2004, '?'), (2005, '"
        + "much " * 30
        + "')",
    )
    done = run(place, source, "--dry-run")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert max(map(width, lines)) <= 80
    assert [line.split()[0] for line in lines[1:3]] == ["prices", "portfolio"]
    assert lines[lines.index(LONG) + 1].split() == ["3", "0", "0", "0", "0"]
    assert done.stdout.count("Would be rejected") == 3
    assert "… and 2 more of prices (-v shows them)." in lines
    assert "id bigint, v double precision" not in done.stdout
    wordy = run(place, source, "--dry-run", "-v").stdout
    assert wordy.count("Would be rejected") == 5
    assert "portfolio, 0.0 MB in 1 window: id bigint, v double precision." in wordy


def test_rows_that_would_vanish_stop_the_load_and_the_dry_run_until_they_are_allowed(
    place: Place, source: Path
) -> None:
    load(place, source)
    sources.write(source, "delete from prices where id % 2 = 0", "delete from portfolio where id < 3")
    told = "1,000 of 2,000 of prices. Nothing was loaded."
    for more in ("--dry-run",), ("--full-refresh",), ():
        done = run(place, source, *more)
        assert (done.returncode, told in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr
        assert "--allow-removal prices." in done.stderr, "a position of ten is no mass"
    assert counts(place) == [(2000, 10)]
    assert place.query("select count(*) from raw._loads") == [(1,)]
    assert load(place, source, "--exclude", "prices")["well"], "what is left out loses nothing"
    assert run(place, source, QUANT_REMOVAL_LIMIT="many").returncode == 2
    document = json.loads(run(place, source, "--json", "--allow-removal", "portfolio,prices").stdout)
    assert document["well"]
    assert counts(place) == [(1000, 8)]


def test_rows_that_got_other_numbers_have_not_vanished(place: Place, source: Path) -> None:
    sources.write(source, "create table t (k text primary key, v real)", FILL.format(500, "t"))
    load(place, source)
    sources.write(source, "insert or replace into t select k, v + 1 from t", "delete from t where k = '7'")
    assert load(place, source)["well"]
    sources.write(source, "delete from t", "delete from prices")
    told = "499 of 499 of t"
    done = run(place, source, "--dry-run", QUANT_ALLOW_REMOVAL="prices, quiet")
    assert (done.returncode, told in done.stderr, "prices." in done.stderr) == (2, True, False), done.stderr
    assert run(place, source, QUANT_REMOVAL_LIMIT="100").returncode == 0
    assert place.query("select count(*) from raw.t") == [(0,)]
