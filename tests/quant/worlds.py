"""A migrated database, the file that it came from, and managers of both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quant import PostgresDatabaseManager, SQLiteDatabaseManager
from tests.support.places import Place


@dataclass(frozen=True)
class World:
    """A small Spock database after the load and the build."""

    place: Place
    source: Path

    @contextmanager
    def manager(self, **more: Any) -> Iterator[PostgresDatabaseManager]:
        target = self.place.target
        login = (target.host, target.port, target.database, target.user, target.password)
        with PostgresDatabaseManager(*login, **{"pool_min_conn": 1, "pool_max_conn": 5} | more) as db:
            yield db

    def twin(self) -> SQLiteDatabaseManager:
        return SQLiteDatabaseManager(self.source)


def longest(db: PostgresDatabaseManager) -> tuple[str, str]:
    """The ticker and region with the longest daily history."""
    found = db.execute_query(
        "select ticker, region from ohlcv_data where timeframe = '1d' group by 1, 2 order by count(*) desc, 1 limit 1"
    )
    return found[0]["ticker"], found[0]["region"]
