"""Securities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quant import names
from quant.core import Row
from quant.domains.base import Domain
from quant.errors import InvalidValue
from quant.literals import literal


class Tickers(Domain):
    """The table `tickers`, one row for a ticker and region."""

    def get_ticker(self, ticker: str, region: str) -> Row | None:
        """The row of a ticker, or None."""
        return self._first("tickers", [("ticker", "=", ticker), ("region", "=", names.known_region(region))])

    def get_tickers(
        self, region: str, asset_type: str | None = None, is_active: bool | None = True, limit: int | None = None
    ) -> list[Row]:
        """The tickers of a region, by ticker; `is_active=None` takes the inactive ones, too.

        Stubs, which the migration made for prices without a ticker, are inactive.
        """
        filters = [
            ("region", "=", names.known_region(region)),
            ("asset_type", "=", asset_type),
            ("is_active", "=", None if is_active is None else bool(is_active)),
        ]
        return self._select("tickers", filters, "ticker", limit)

    def count_tickers(self, region: str | None = None, asset_type: str | None = None) -> int:
        """How many tickers there are, inactive ones included."""
        known = names.known_region(region) if region is not None else None
        query, params = self._query("tickers", [("region", "=", known), ("asset_type", "=", asset_type)])
        return int(self.execute_query(f"select count(*) as count from ({query}) as counted", params)[0]["count"])

    def insert_ticker(self, ticker_data: Mapping[str, Any]) -> int:
        """Insert a ticker, or update the columns that are given.

        A new one without `region` gets it from its shape; without `currency` that of its region, and is active.

        Returns:
            1, or 0 when all was as given.
        """
        if not isinstance(ticker_data.get("ticker"), str):
            raise InvalidValue(f"The ticker is {ticker_data.get('ticker')!r}: give text, such as '005930'.")
        row = self._with_region(ticker_data)
        new_only = {
            "name": literal(row["ticker"]),
            "currency": literal(names.CURRENCIES[row["region"]]),
            "asset_type": "'STOCK'",
            "lot_size": "1",
            "is_active": "true",
        }
        return self._write("tickers", row, "update", new_only)

    def update_ticker(self, ticker: str, region: str, update_data: Mapping[str, Any]) -> int:
        """Set columns of a ticker.

        Returns:
            1, or 0 when there is no such ticker.
        """
        return self._update("tickers", {"ticker": ticker, "region": names.known_region(region)}, update_data)

    def delete_ticker(self, ticker: str, region: str) -> int:
        """Delete a ticker that an application inserted.

        Returns:
            1, or 0 when there is no such ticker.

        Raises:
            IntegrityError: for one of the source, and for one that prices or others refer to.
        """
        return self._delete("tickers", {"ticker": ticker, "region": names.known_region(region)})
