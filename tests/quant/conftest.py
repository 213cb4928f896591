"""One migrated database of either kind for all tests of the package; each test leaves it as it found it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from quant import PostgresDatabaseManager, SQLiteDatabaseManager
from tests.places import Place
from tests.quant.worlds import World

APPLICATION = ("portfolio_transactions", "portfolio_holdings", "backtest_results", "walk_forward_results")
CHILDREN = (
    "ohlcv_data", "stock_details", "etf_details", "etf_holdings", "ticker_fundamentals", "technical_analysis", "trades",
    "portfolio", "market_sentiment", "global_market_indices", "exchange_rate_history",
)  # fmt: skip
PARENTS = "delete from public.{}"
OURS = "source_rowid is null and data_source is distinct from 'inferred'"
OWN = ("factor_scores", "optimization_history", *APPLICATION, "strategies")


@pytest.fixture(scope="session", params=["embedded", "server"])
def world(
    request: pytest.FixtureRequest,
    make_place: Callable[[str], contextmanager[Place]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    source = tmp_path_factory.mktemp("spock") / "spock.db"
    with make_place(request.param) as place:
        place.run("python", "-m", "loader.sample", "--output", str(source), "--rows", "5000", "--quiet")
        place.run("python", "-m", "loader.run", "--source", str(source), check=False)
        place.run("dbt", "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
        yield World(place, source)


@pytest.fixture
def db(world: World) -> Iterator[PostgresDatabaseManager]:
    """A manager of the migrated database; what applications wrote is gone after the test."""
    with world.manager() as manager:
        yield manager
    world.place.query(
        "; ".join(
            [f"delete from public.{table}" for table in OWN]
            + [f"delete from public.{table} where source_rowid is null" for table in CHILDREN]
            + [f"{PARENTS.format(table)} where {OURS}" for table in ("etfs", "tickers")]
        )
    )


@pytest.fixture(scope="session")
def twin(world: World) -> Iterator[SQLiteDatabaseManager]:
    with world.twin() as manager:
        yield manager
