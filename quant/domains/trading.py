"""Trades and the positions held now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from quant import names
from quant.core import Row
from quant.domains.base import Domain, Filter
from quant.errors import InvalidValue


class Trading(Domain):
    """The tables `trades` and `portfolio`."""

    def insert_trade(self, trade_data: Mapping[str, Any]) -> int:
        """Insert a trade. Returns its id."""
        new_only = {"fee": "0", "tax": "0", "order_time": "now()", "trade_status": "'OPEN'"}
        return int(self._insert_one("trades", self._with_region(trade_data), new_only, "id"))

    def get_trades(
        self,
        ticker: str | None = None,
        region: str | None = None,
        trade_status: str | None = None,
        limit: int | None = 100,
    ) -> list[Row]:
        """Trades, the newest order first."""
        filters = [("ticker", "=", ticker), *self._in(region), ("trade_status", "=", trade_status)]
        return self._select("trades", filters, "order_time desc nulls last, id desc", limit)

    def get_trade_by_id(self, trade_id: int) -> Row | None:
        """One trade, or None."""
        return self._first("trades", [("id", "=", trade_id)])

    def get_open_positions(self, region: str | None = None) -> list[Row]:
        """Trades that are open, the newest entry first."""
        filters = [("trade_status", "=", "OPEN"), *self._in(region)]
        return self._select("trades", filters, "entry_timestamp desc nulls last, id desc")

    def get_closed_positions(self, region: str | None = None, days: int = 30) -> list[Row]:
        """Trades that were closed within the last so many days, the newest exit first."""
        if isinstance(days, bool) or not hasattr(days, "__index__"):
            raise InvalidValue(f"days is {days!r}: give a whole number.")
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        since: Filter = ("exit_timestamp", ">=", today - timedelta(days=days))
        filters = [("trade_status", "=", "CLOSED"), since, *self._in(region)]
        return self._select("trades", filters, "exit_timestamp desc, id desc")

    def update_trade_status(
        self, trade_id: int, status: str, exit_price: float | None = None, exit_timestamp: Any = None
    ) -> int:
        """Set the status of a trade, and its exit where it is given; a price of 0 is a price.

        Returns:
            1, or 0 when there is no such trade.
        """
        exit_of = {"exit_price": exit_price, "exit_timestamp": exit_timestamp}
        given = {column: value for column, value in exit_of.items() if value is not None}
        return self._update("trades", {"id": trade_id}, {"trade_status": status, **given})

    def delete_trade(self, trade_id: int) -> int:
        """Delete a trade that an application inserted; those of the source are refused."""
        return self._delete("trades", {"id": trade_id})

    def get_portfolio(self, region: str | None = None) -> list[Row]:
        """The positions, the most valuable first."""
        return self._select("portfolio", self._in(region), "market_value desc nulls last, ticker")

    def update_portfolio_position(self, ticker: str, region: str, update_data: Mapping[str, Any]) -> int:
        """Set columns of a position. Returns 1, or 0 when there is no such position."""
        return self._update("portfolio", {"ticker": ticker, "region": names.known_region(region)}, update_data)

    def get_portfolio_value(self, region: str | None = None) -> float:
        """The market value of all positions."""
        return sum(float(row["market_value"] or 0) for row in self.get_portfolio(region))

    def get_portfolio_pnl(self, region: str | None = None) -> dict[str, float]:
        """The unrealized profit of all positions (`total_pnl`) and its mean in per cent (`avg_pnl_pct`)."""
        held = self.get_portfolio(region)
        shares = [float(row["unrealized_pnl_pct"]) for row in held if row["unrealized_pnl_pct"] is not None]
        total = sum(float(row["unrealized_pnl"] or 0) for row in held)
        return {"total_pnl": total, "avg_pnl_pct": sum(shares) / len(shares) if shares else 0.0}

    def calculate_position_size(
        self, ticker: str, region: str, price: float, portfolio_value: float, risk_percent: float
    ) -> int:
        """How many shares risk that share of the portfolio, in whole lots."""
        if not price > 0:
            raise InvalidValue(f"The price is {price!r}: give one above 0.")
        found = self._first("tickers", [("ticker", "=", ticker), ("region", "=", names.known_region(region))])
        lot = int((found or {}).get("lot_size") or 1)
        return int(portfolio_value * risk_percent / 100 / price) // lot * lot

    @staticmethod
    def _in(region: str | None) -> list[Filter]:
        return [("region", "=", None if region is None else names.known_region(region))]
