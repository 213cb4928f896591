"""A stub lives as long as something refers to it, and no longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.dbt_ground import SCHEMA, STAMP, price, step
from tests.support.places import Place
from tests.support.sources import write
from tests.support.verdict_ground import run

pytestmark = pytest.mark.story

STUBS = "select ticker, region from tickers where data_source = 'inferred' order by 1"
NEEDED = "every stub of tickers stands for a child"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Path:
    """Children of parents that the source lacks: TSLA has a trade, NVDA a price that cannot be read."""
    return write(
        tmp_path_factory.mktemp("source") / f"{place.target.name}.db",
        *SCHEMA,
        ("insert into tickers values ('005930', '삼성전자', 'KR', 1, 1, '1975-06-11', ?, 'KRX', 'odd')", [STAMP]),
        price(1, "005930", "2020-01-02", "KR", 11.0),
        "insert into trades values (1, 'TSLA', 'US', 'BUY', 1.5)",
        ("insert into stock_details values ('000660', '', null, 1, ?)", [STAMP]),
        price(2, "NVDA", "2020-13-45", "US"),
    )


def test_a_build_of_the_parents_alone_leaves_those_whose_children_are_yet_to_come(place: Place, path: Path) -> None:
    place.run("python", "-m", "loader.run", "--source", str(path))
    place.run("dbt", "build", "--select", "+tickers", "--exclude-resource-type", "test")
    assert place.query(STUBS) == [("000660", "KR"), ("NVDA", "US"), ("TSLA", "US")]
    place.run("dbt", "build")
    assert place.query(STUBS) == [("000660", "KR"), ("NVDA", "US"), ("TSLA", "US")]
    assert NEEDED not in run(place, path, "--only", "keys").failed


def test_the_build_that_moves_a_child_removes_what_it_left(place: Place, path: Path) -> None:
    step(place, path, "update trades set region = 'HK'")
    assert place.query(STUBS) == [("000660", "KR"), ("NVDA", "US"), ("TSLA", "HK")]
    assert NEEDED not in run(place, path, "--only", "keys").failed


def test_the_build_that_removes_the_last_child_removes_its_stub(place: Place, path: Path) -> None:
    step(place, path, "delete from trades")
    assert ("TSLA", "HK") in place.query(STUBS)  # what the source deleted is kept
    place.run("dbt", "build", "--vars", "{remove_deleted: true}")
    assert place.query(STUBS) == [("000660", "KR"), ("NVDA", "US")]


def test_a_stub_that_somebody_planted_is_named_and_the_next_build_removes_it(place: Place, path: Path) -> None:
    place.query(
        "insert into tickers (ticker, region, name, currency, asset_type, is_active, data_source)"
        " values ('GME', 'US', 'GME', 'USD', 'STOCK', false, 'inferred')"
    )
    assert "'GME'" in run(place, path, "--only", "keys").failed[NEEDED]
    place.query("create table applications (ticker text, region text, foreign key (ticker, region) references tickers)")
    place.query("insert into applications values ('GME', 'US')")
    place.run("dbt", "build")
    assert ("GME", "US") in place.query(STUBS)  # an application's row refers to it
    assert NEEDED not in run(place, path, "--only", "keys").failed
    place.query("drop table applications")
    place.run("dbt", "build")
    assert ("GME", "US") not in place.query(STUBS)
