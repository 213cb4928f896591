"""What a plan says is what the build then does, and it does nothing itself; a mass removal is stopped before it."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.dbt_ground import price, source
from tests.support.places import Place
from tests.support.sources import write

pytestmark = pytest.mark.story

STATE = """
    select string_agg(format('%s %s %s', c.oid::regclass, c.relkind, pg_relation_filenode(c.oid)), ' ' order by c.oid)
    from pg_class as c join pg_namespace as n on n.oid = relnamespace
    where nspname in ('public', 'staging', 'audit', 'raw', '_timescaledb_internal') and relpersistence = 'p'
"""
BOUGHT = (
    "with recursive n(i) as (select 100 union all select i + 1 from n where i < 199) "
    "insert into trades select i, '005930', 'KR', 'BUY', 1.5 from n"
)
REMOVING = ("--vars", "{remove_deleted: true}")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Path:
    return source(tmp_path_factory.mktemp("source") / f"{place.target.name}.db")


def load(place: Place, path: Path, *statements: Any) -> None:
    if statements:
        write(path, *statements)
    done = place.run("python", "-m", "loader.run", "--source", str(path), "--allow-removal", "trades", check=False)
    assert done.returncode < 2, done.stderr


def plan(place: Place, *more: str) -> dict[str, Any]:
    """What it says, and that nothing has changed by it."""
    before = place.query(STATE)
    done = place.run("python", "-m", "quant", "plan", "--json", *more)
    assert place.query(STATE) == before
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def build(place: Place, *more: str) -> dict[str, tuple[int, int]]:
    """Rows written and set apart by table, as the build itself tells."""
    tables = [str(name) for (name,) in place.query("select table_name from raw._tables")]
    before = {name: _rows(place, name) for name in tables}
    place.run("dbt", "run", *more)
    results = json.loads((Path(place.environment["DBT_TARGET_PATH"]) / "run_results.json").read_text())["results"]
    told: dict[str, tuple[int, int]] = {}
    for one in results:
        name = one["unique_id"].rsplit(".", 1)[1]
        if found := re.match(r"WROTE (\d+)(?:, QUARANTINED (\d+))?", one["adapter_response"].get("_message", "")):
            told[name] = int(found[1]), int(found[2] or 0)
    for name in tables:  # what was written is there beside what was there, but for what was removed and replaced
        assert _rows(place, name) <= before[name] + told.get(name, (0, 0))[0]
    return told


def _rows(place: Place, table: str) -> int:
    if place.query("select to_regclass(%s) is null", f"public.{table}") == [(True,)]:
        return 0
    return int(str(place.query(f"select count(*) from public.{table}")[0][0]))


def planned(found: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {name: (one["write"], one["quarantine"]) for name, one in found["tables"].items()}


def test_the_first_build_does_what_the_plan_says(place: Place, path: Path) -> None:
    load(place, path, BOUGHT)
    found = plan(place)
    assert place.query("select to_regnamespace('audit')") == [(None,)]
    done = build(place)
    assert planned(found) == done
    assert Counter(found["rebuilt"]) == Counter(("ohlcv_monthly", "ohlcv_quarterly", "ohlcv_yearly"))
    made = {one.split()[2] for one in found["definitions"] if one.startswith("create table")}
    assert '"public"."ohlcv_data"' in made


def test_a_later_build_does_what_the_plan_says(place: Place, path: Path) -> None:
    load(
        place,
        path,
        *(price(20 + i, "005930", f"2021-03-{i:02}", "KR") for i in range(1, 29)),
        price(60, "TSLA", "2021-03-01", "US"),  # whose stub is yet to come
        price(61, "005930", "2021-02-30", "KR"),
        "update trades set price = 2 where id < 110",
        "delete from ohlcv_data where id in (2, 3)",
        "alter table trades add column venue text",
    )
    found = plan(place, *REMOVING)
    done = build(place, *REMOVING)
    assert planned(found) == done
    assert found["tables"]["ohlcv_data"] == {"write": 30, "remove": 1, "quarantine": 1}, "rowid 4 has its key"
    assert found["tables"]["tickers"]["write"] == 1
    assert any("add column" in one and "venue" in one for one in found["definitions"])


def test_a_build_that_would_remove_many_rows_is_stopped_before_it_begins(place: Place, path: Path) -> None:
    load(
        place,
        path,
        "delete from trades where id > 120",
        "delete from trades where id = 7",
        price(70, "ACB", "2022-01-03"),
    )
    told = r"80 of 101 of trades\. Nothing was built\..* QUANT_ALLOW_REMOVAL=trades"
    for words in ("dbt", "run", *REMOVING), ("python", "-m", "quant", "plan", *REMOVING):
        stopped = place.run(*words, check=False)
        said = " ".join((stopped.stdout + stopped.stderr).split())
        assert (stopped.returncode, bool(re.search(told, said))) == (2, True), said
    assert place.query("select count(*) from trades") == [(101,)]
    assert place.query("select count(*) from ohlcv_data where date = '2022-01-03'") == [(0,)]
    found = plan(place, "--vars", "{remove_deleted: true, allow_removal: [trades]}")
    assert found["tables"].pop("trades") == {"write": 0, "remove": 80, "quarantine": 0}
    assert (found["tables"].keys(), found["rebuilt"]) == ({"ohlcv_data"}, [])
    assert [one for one in found["definitions"] if not one.startswith("alter database")] == []
    place.run("dbt", "run", *REMOVING, QUANT_ALLOW_REMOVAL="etfs, trades")
    assert place.query("select count(*) from trades") == [(21,)]
