"""Strategies, and what was found out about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quant import names
from quant.bulk import Rows
from quant.core import Row
from quant.domains.base import Domain, Filter

NEWEST = "created_at desc, id desc"


class Strategies(Domain):
    """strategies, backtest_results, walk_forward_results, optimization_history, portfolio_holdings and _transactions.

    Numbers come back as Decimal, JSON as objects. Lists are newest first.
    """

    def insert_strategy(self, row: Mapping[str, Any]) -> int:
        """Insert a strategy: name, description, factor_weights and constraints (dicts). Returns its id.

        Raises:
            IntegrityError: when there is one of that name.
        """
        return int(self._insert_one("strategies", row, {}, "id"))

    def insert_backtest_result(self, row: Mapping[str, Any]) -> int:
        """Insert the result of a backtest: strategy_id, start_date, end_date, …, results (a dict). Returns its id.

        Raises:
            UnknownParent: when there is no such strategy.
        """
        return int(self._insert_one("backtest_results", row, {}, "id"))

    def insert_walk_forward_result(self, row: Mapping[str, Any]) -> int:
        """Insert the result of a walk-forward test. Returns its id."""
        return int(self._insert_one("walk_forward_results", row, {}, "id"))

    def insert_optimization(self, row: Mapping[str, Any]) -> int:
        """Insert an optimisation: optimization_date, method, optimal_weights (a dict), …. Returns its id."""
        return int(self._insert_one("optimization_history", row, {}, "id"))

    def insert_portfolio_transaction(self, row: Mapping[str, Any]) -> int:
        """Insert a purchase or sale; the database computes total_value. Returns its id."""
        return int(self._insert_one("portfolio_transactions", row, {}, "id"))

    def insert_portfolio_transactions(self, rows: Rows) -> int:
        """Insert purchases and sales, all or none. Returns the rows."""
        return self.bulk_insert("portfolio_transactions", rows, "error")

    def insert_portfolio_holdings(self, rows: Rows) -> int:
        """Upsert what strategies hold, all or none, by strategy_id, ticker, region, date. Returns the rows written."""
        return self.bulk_insert("portfolio_holdings", rows)

    def get_strategy(self, strategy_id: int) -> Row | None:
        """One strategy, or None."""
        return self._first("strategies", [("id", "=", strategy_id)])

    def get_strategies(self, limit: int | None = None) -> list[Row]:
        """All strategies."""
        return self._select("strategies", (), NEWEST, limit)

    def get_backtest_results(self, strategy_id: int | None = None, limit: int | None = None) -> list[Row]:
        """Results of backtests, of one strategy or of all."""
        return self._select("backtest_results", [("strategy_id", "=", strategy_id)], NEWEST, limit)

    def get_walk_forward_results(self, strategy_id: int | None = None, limit: int | None = None) -> list[Row]:
        """Results of walk-forward tests, of one strategy or of all."""
        return self._select("walk_forward_results", [("strategy_id", "=", strategy_id)], NEWEST, limit)

    def get_portfolio_transactions(
        self,
        strategy_id: int | None = None,
        ticker: str | None = None,
        region: str | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """Purchases and sales, by date."""
        known = None if region is None else names.known_region(region)
        filters: list[Filter] = [("strategy_id", "=", strategy_id), ("ticker", "=", ticker), ("region", "=", known)]
        return self._select("portfolio_transactions", filters, "date desc, id desc", limit)

    def get_optimization_history(
        self, universe: str | None = None, method: str | None = None, limit: int | None = None
    ) -> list[Row]:
        """Optimisations, by date."""
        filters: list[Filter] = [("universe", "=", universe), ("method", "=", method)]
        return self._select("optimization_history", filters, "optimization_date desc, id desc", limit)

    def get_portfolio_holdings(
        self, strategy_id: int | None = None, date: Any = None, *, as_of: Any = None, limit: int | None = None
    ) -> list[Row]:
        """What strategies hold, of one day or of all, or of none after a day."""
        filters: list[Filter] = [
            ("strategy_id", "=", strategy_id),
            ("date", "=", None if date is None else names.as_date(date)),
            ("date", "<=", None if as_of is None else names.as_date(as_of, "as_of")),
        ]
        return self._select("portfolio_holdings", filters, "date desc, strategy_id, region, ticker", limit)
