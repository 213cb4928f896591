"""Details of stocks and funds, what funds hold, and fundamentals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from quant import names
from quant.core import Row
from quant.domains.base import Domain, Filter


class Details(Domain):
    """stock_details, etf_details, etf_holdings, ticker_fundamentals. Inserts update what is there."""

    def insert_stock_details(self, stock_data: Mapping[str, Any]) -> int:
        """Insert or update the details of a stock; needs `ticker`. Returns 1, or 0 when all was as given."""
        new_only = {"is_spac": "false", "is_preferred": "false"}
        return self._write("stock_details", self._with_region(stock_data), "update", new_only)

    def get_stock_details(self, ticker: str, region: str) -> Row | None:
        """The details of a stock, or None."""
        return self._first("stock_details", self._of(ticker, region))

    def update_stock_details(self, ticker: str, region: str, update_data: Mapping[str, Any]) -> int:
        """Set columns. Returns 1, or 0 when there are no such details."""
        return self._update("stock_details", {"ticker": ticker, "region": names.known_region(region)}, update_data)

    def delete_stock_details(self, ticker: str, region: str) -> int:
        """Delete details that an application inserted; those of the source are refused."""
        return self._delete("stock_details", {"ticker": ticker, "region": names.known_region(region)})

    def insert_etf_details(self, etf_data: Mapping[str, Any]) -> int:
        """Insert or update the details of a fund; needs `ticker`. Returns 1, or 0 when all was as given."""
        return self._write("etf_details", self._with_region(etf_data), "update", {})

    def get_etf_details(self, ticker: str, region: str) -> Row | None:
        """The details of a fund, or None."""
        return self._first("etf_details", self._of(ticker, region))

    def update_etf_aum(self, ticker: str, region: str, aum: int, listed_shares: int | None = None) -> int:
        """Set the assets of a fund, and its listed shares if they are given."""
        changes = {"aum": aum} | ({} if listed_shares is None else {"listed_shares": listed_shares})
        return self._update("etf_details", {"ticker": ticker, "region": names.known_region(region)}, changes)

    def delete_etf_details(self, ticker: str, region: str) -> int:
        """Delete details that an application inserted; those of the source are refused."""
        return self._delete("etf_details", {"ticker": ticker, "region": names.known_region(region)})

    def insert_etf_holdings(
        self, etf_ticker: str, stock_ticker: str, region: str, weight: float, as_of_date: Any, **more: Any
    ) -> int:
        """Insert or update what a fund holds of a stock on a day.

        Args:
            etf_ticker: the fund.
            stock_ticker: the stock.
            region: of the fund, and of the stock unless `stock_region` is given.
            weight: in per cent.
            as_of_date: the day.
            more: other columns, such as shares or market_value.
        """
        own = names.known_region(region)
        row = {"etf_ticker": etf_ticker, "etf_region": own, "stock_ticker": stock_ticker, "stock_region": own}
        return self._write("etf_holdings", {**row, "weight": weight, "as_of_date": as_of_date, **more}, "update", {})

    def get_etf_holdings(self, etf_ticker: str, region: str, as_of_date: Any = None) -> list[Row]:
        """What a fund holds on a day, or on the last day that is known; the heaviest first."""
        own: list[Filter] = [("etf_ticker", "=", etf_ticker), ("etf_region", "=", names.known_region(region))]
        day = self._last_day("etf_holdings", own, "as_of_date") if as_of_date is None else names.as_date(as_of_date)
        if day is None:
            return []
        return self._select("etf_holdings", [*own, ("as_of_date", "=", day)], "weight desc, stock_ticker")

    def get_stocks_in_etf(self, etf_ticker: str, region: str, min_weight: float = 0) -> list[Row]:
        """The stocks of a fund on the last day that is known: stock_ticker, stock_region, weight, shares, name."""
        return self._held(
            ("etf_ticker", "etf_region"), ("stock_ticker", "stock_region"), etf_ticker, region, min_weight
        )

    def get_etfs_holding_stock(self, stock_ticker: str, region: str, min_weight: float = 0) -> list[Row]:
        """The funds that hold a stock on the last day that is known: etf_ticker, etf_region, weight, shares, name."""
        return self._held(
            ("stock_ticker", "stock_region"), ("etf_ticker", "etf_region"), stock_ticker, region, min_weight
        )

    def insert_fundamentals(self, fund_data: Mapping[str, Any]) -> int:
        """Insert or update the fundamentals of a ticker, day and period; needs ticker, date, period_type."""
        row = self._with_region(fund_data)
        key = ("ticker", "region", "date", "period_type")
        keys = map(set, self._writable("ticker_fundamentals", row).keys)
        if set(key) not in keys:  # where the data forbids it
            changes = {column: value for column, value in row.items() if column not in (*key, "created_at")}
            same = {column: names.as_date(row[column]) if column == "date" else row.get(column) for column in key}
            if changes and self._update("ticker_fundamentals", same, changes):
                return 1
        return self._write("ticker_fundamentals", row, "update", {})

    def get_fundamentals(
        self,
        ticker: str,
        region: str | None = None,
        period_type: str | None = "DAILY",
        start_date: Any = None,
        end_date: Any = None,
        *,
        as_of: Any = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """The fundamentals of a ticker, ascending by date.

        Args:
            ticker: the code.
            region: may be left out where it is clear.
            period_type: DAILY, QUARTERLY, SEMI-ANNUAL, ANNUAL; None is all.
            start_date: the first day.
            end_date: the last day.
            as_of: nothing after this day, whatever `end_date` says.
            limit: the newest so many rows.
        """
        filters = [*self._of(ticker, self._region_of(ticker, region)), ("period_type", "=", period_type)]
        bounds = ((">=", start_date), ("<=", end_date), ("<=", as_of))
        filters += [("date", sign, None if day is None else names.as_date(day)) for sign, day in bounds]
        newest = self.query_frame(*self._query("ticker_fundamentals", filters, "date desc, id desc", limit))
        return newest.iloc[::-1].reset_index(drop=True)

    def get_latest_fundamentals(
        self, ticker: str, region: str | None = None, period_type: str | None = "DAILY", *, as_of: Any = None
    ) -> Row | None:
        """The newest fundamentals of a ticker, or the newest until a day; None when there are none."""
        filters = [*self._of(ticker, self._region_of(ticker, region)), ("period_type", "=", period_type)]
        day = None if as_of is None else names.as_date(as_of, "as_of")
        return self._first("ticker_fundamentals", [*filters, ("date", "<=", day)], "date desc, id desc")

    def update_fundamentals(
        self, ticker: str, region: str, date_str: Any, period_type: str, update_data: Mapping[str, Any]
    ) -> int:
        """Set columns. Returns the rows that were there."""
        key = {"ticker": ticker, "region": names.known_region(region), "date": names.as_date(date_str)}
        return self._update("ticker_fundamentals", {**key, "period_type": period_type}, update_data)

    @staticmethod
    def _of(ticker: str, region: str) -> list[Filter]:
        return [("ticker", "=", ticker), ("region", "=", names.known_region(region))]

    def _last_day(self, table: str, filters: list[Filter], column: str) -> Any:
        found = self._first(table, filters, f"{column} desc")
        return found and found[column]

    def _held(
        self, own: tuple[str, str], other: tuple[str, str], ticker: str, region: str, min_weight: float
    ) -> list[Row]:
        key: list[Filter] = [(own[0], "=", ticker), (own[1], "=", names.known_region(region))]
        day = self._last_day("etf_holdings", key, "as_of_date")
        return self.execute_query(
            f"""
            select h.{other[0]}, h.{other[1]}, h.weight, h.shares, t.name
            from {self._schema}etf_holdings as h
            inner join {self._schema}tickers as t on h.{other[0]} = t.ticker and h.{other[1]} = t.region
            where h.{own[0]} = %s and h.{own[1]} = %s and h.as_of_date = %s and h.weight >= %s
            order by h.weight desc, h.{other[0]}
            """,
            (ticker, key[1][2], day, min_weight),
        )
