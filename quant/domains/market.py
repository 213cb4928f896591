"""Sentiment, indices of the world, exchange rates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from quant import names
from quant.core import Row
from quant.domains.base import Domain, Filter


class Market(Domain):
    """market_sentiment, global_market_indices, exchange_rate_history. Inserts update what is there."""

    def insert_market_sentiment(self, sentiment_data: Mapping[str, Any]) -> int:
        """Insert or update the sentiment of a day; needs date."""
        return self._write("market_sentiment", sentiment_data, "update", {})

    def get_latest_market_sentiment(self, *, as_of: Any = None) -> Row | None:
        """The newest sentiment, or the newest until a day; None when there is none."""
        day = None if as_of is None else names.as_date(as_of, "as_of")
        return self._first("market_sentiment", [("date", "<=", day)], "date desc")

    def insert_global_index(self, index_data: Mapping[str, Any]) -> int:
        """Insert or update an index of a day; needs date and symbol."""
        return self._write("global_market_indices", index_data, "update", {})

    def get_global_indices(self, date_str: Any = None, symbol: str | None = None) -> list[Row]:
        """The indices of a day; of one symbol its last thirty days; without either those of the last day."""
        filters: list[Filter] = [("symbol", "=", symbol)]
        if date_str is None and symbol is not None:
            return self._select("global_market_indices", filters, "date desc", 30)
        if date_str is None:
            last = self._first("global_market_indices", (), "date desc")
            day = last and last["date"]
        else:
            day = names.as_date(date_str)
        return self._select("global_market_indices", [*filters, ("date", "=", day)], "symbol") if day else []

    def insert_exchange_rate(self, rate_data: Mapping[str, Any]) -> int:
        """Insert or update the rate of a currency at a time; needs currency, rate, rate_date; `timestamp` is now."""
        row = {"timestamp": datetime.now(UTC), **rate_data}
        return self._write("exchange_rate_history", row, "update", {})

    def get_latest_exchange_rate(self, currency: str, *, as_of: Any = None) -> Row | None:
        """The newest rate of a currency, or the newest until a day; None when there is none."""
        day = None if as_of is None else names.as_date(as_of, "as_of")
        filters: list[Filter] = [("currency", "=", currency), ("rate_date", "<=", day)]
        return self._first("exchange_rate_history", filters, "rate_date desc, timestamp desc")
