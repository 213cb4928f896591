"""One migrated database of either kind for all tests of the package; each test leaves it as it found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from quant import PostgresDatabaseManager, SQLiteDatabaseManager
from tests.quant.worlds import World
from tests.support.verdict_ground import Ground

APPLICATION = ("portfolio_transactions", "portfolio_holdings", "backtest_results", "walk_forward_results")
CHILDREN = (
    "ohlcv_data", "stock_details", "etf_details", "etf_holdings", "ticker_fundamentals", "technical_analysis", "trades",
    "portfolio", "market_sentiment", "global_market_indices", "exchange_rate_history",
)  # fmt: skip
PARENTS = "delete from public.{}"
OURS = "source_rowid is null and data_source is distinct from 'inferred'"
OWN = ("optimization_history", *APPLICATION, "strategies")


@pytest.fixture(scope="session")
def world(migrated: Ground) -> World:
    """That of the verdict's tests: a file of 5,000 prices, loaded and built."""
    return World(migrated.place, migrated.source)


@pytest.fixture
def db(world: World) -> Iterator[PostgresDatabaseManager]:
    """A manager of the migrated database; what applications wrote is gone after the test."""
    with world.manager() as manager:
        yield manager
    world.place.query(
        "; ".join(
            ["truncate public.factor_scores"]  # and its chunks, which nobody compresses here
            + [f"delete from public.{table}" for table in OWN]
            + [f"delete from public.{table} where source_rowid is null" for table in CHILDREN]
            + [f"{PARENTS.format(table)} where {OURS}" for table in ("etfs", "tickers")]
        )
    )


@pytest.fixture(scope="session")
def twin(world: World) -> Iterator[SQLiteDatabaseManager]:
    with world.twin() as manager:
        yield manager
