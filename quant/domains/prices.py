"""Prices and indicators by day, week and month, and their aggregates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from quant import names
from quant.core import Row
from quant.domains.base import Domain, Filter
from quant.errors import InvalidValue, UnknownName
from quant.frames import DOUBLES, INTEGERS

LEADING = ("id", "ticker", "region", "timeframe", "date")
KEY = ("ticker", "region", "timeframe", "date")
BUCKETS = {"month": "ohlcv_monthly", "quarter": "ohlcv_quarterly", "year": "ohlcv_yearly"}
OHLCV = ("open", "high", "low", "close", "volume")


class Prices(Domain):
    """The hypertable `ohlcv_data`. D, W, M are the timeframes 1d, 1w, 1m."""

    def get_ohlcv_data(
        self,
        ticker: str,
        start_date: Any = None,
        end_date: Any = None,
        timeframe: str = "D",
        region: str | None = None,
        *,
        as_of: Any = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """The history of a ticker.

        Args:
            ticker: the code.
            start_date: the first day, that day included; a date, a Timestamp or text such as 2024-01-31.
            end_date: the last day, that day included.
            timeframe: D, W, M, or as the database spells it.
            region: one of the six; may be left out where the ticker is in one region only.
            as_of: nothing after this day, whatever `end_date` says: what a backtest of that day may know.
            limit: the newest so many rows.

        Returns:
            A row for each day, ascending; all columns but source_rowid, prices in float64.

        Raises:
            UnknownRegion: when the region is unknown or not clear.
            InvalidValue: for what is no date.
        """
        filters = self._filters([("ticker", "=", ticker)], self._region_of(ticker, region), timeframe)
        filters += self._days(start_date, end_date, as_of)
        columns = self._price_columns()
        if limit is None:
            return self.query_frame(*self._query("ohlcv_data", filters, "date", columns=columns))
        newest = self.query_frame(*self._query("ohlcv_data", filters, "date desc", limit, columns))
        return newest.iloc[::-1].reset_index(drop=True)

    def get_latest_ohlcv(
        self, ticker: str, timeframe: str = "D", region: str | None = None, *, as_of: Any = None
    ) -> Row | None:
        """The newest row of a ticker, or the newest until a day; None when there is none."""
        filters = self._filters([("ticker", "=", ticker)], self._region_of(ticker, region), timeframe)
        return self._first("ohlcv_data", [*filters, *self._days(None, None, as_of)], "date desc")

    def get_ohlcv_panel(
        self,
        tickers: Sequence[str],
        region: str,
        column: str = "close",
        start_date: Any = None,
        end_date: Any = None,
        timeframe: str = "D",
        *,
        as_of: Any = None,
    ) -> pd.DataFrame:
        """One column of many tickers.

        Returns:
            float64 by date (index, ascending) and ticker (columns, as given); NaN where a ticker has no row that day.

        Raises:
            UnknownName: for a column that is none of numbers.
        """
        kind = self._table("ohlcv_data", [column]).columns[column].kind
        if column in LEADING or kind not in (*DOUBLES, *INTEGERS):
            raise UnknownName(f"The column {column!r} of ohlcv_data holds no numbers to make a panel of: try 'close'.")
        wanted = pd.Index([tickers] if isinstance(tickers, str) else list(dict.fromkeys(tickers)), name="ticker")
        known = names.known_region(region)
        if not len(wanted):
            return pd.DataFrame(index=pd.DatetimeIndex([], name="date"), columns=wanted, dtype="float64")
        filters = self._filters([("ticker", "in", tuple(wanted))], known, timeframe)
        filters += self._days(start_date, end_date, as_of)
        read = self.query_frame(*self._query("ohlcv_data", filters, columns=["date", "ticker", column]))
        days, row = np.unique(read["date"].to_numpy(), return_inverse=True)
        place = wanted.get_indexer(pd.Index(read["ticker"]))
        panel = np.full((len(days), len(wanted)), np.nan)
        panel[row, place] = read[column].to_numpy(dtype=np.float64, na_value=np.nan)
        return pd.DataFrame(panel, index=pd.DatetimeIndex(days, name="date"), columns=wanted)

    def get_ohlcv_monthly(self, ticker: str, region: str | None = None) -> pd.DataFrame:
        """The months of a ticker, ascending.

        Returns:
            ticker, region, month (its first day), open, high, low, close, volume, ma5_start, ma20_end, rsi_14_end,
            trading_days.
        """
        return self._buckets("month", ticker, region)

    def get_ohlcv_quarterly(self, ticker: str, region: str | None = None) -> pd.DataFrame:
        """The quarters of a ticker, ascending; columns as of the months."""
        return self._buckets("quarter", ticker, region)

    def get_ohlcv_yearly(self, ticker: str, region: str | None = None) -> pd.DataFrame:
        """The years of a ticker, ascending; columns as of the months."""
        return self._buckets("year", ticker, region)

    def insert_ohlcv(
        self,
        ticker: str,
        region: str | None,
        timeframe: str,
        date_str: Any,
        open_price: float,
        high: float,
        low: float,
        close: float,
        volume: int,
    ) -> int:
        """Insert one row, or update its prices; indicators stay.

        Returns:
            1, or 0 when all was as given.

        Raises:
            InvalidValue: for what is no date or no number.
            UnknownParent: for a ticker that `tickers` does not have.
        """
        prices = dict(zip(OHLCV, (open_price, high, low, close, volume), strict=True))
        return self.bulk_insert("ohlcv_data", self._keyed(ticker, region, timeframe, {"date": date_str, **prices}))

    def insert_ohlcv_bulk(
        self, ticker: str, ohlcv_df: pd.DataFrame, timeframe: str = "D", region: str | None = None
    ) -> int:
        """Upsert the rows of one ticker, all or none.

        Args:
            ticker: the code.
            ohlcv_df: `date` as a column or the index, and any of the 21 columns of values; those that are not given
                are kept where the row is there.
            timeframe: D, W or M.
            region: one of the six; may be left out where it is clear.

        Returns:
            The rows written: inserted or changed.

        Raises:
            InvalidValue: without a date, for text where a number belongs, and for a day that comes twice.
            UnknownName: for an unknown column.
            UnknownParent: for a ticker that `tickers` does not have.
        """
        frame = pd.DataFrame(ohlcv_df)
        if "date" not in frame.columns:
            if not isinstance(frame.index, pd.DatetimeIndex) and frame.index.name != "date":
                raise InvalidValue(
                    f"The prices of {ticker} have no date: give it as the column 'date' or as the index."
                )
            frame = frame.set_axis(frame.index.rename("date"), axis=0).reset_index()
        keyed = self._keyed(ticker, region, timeframe, {})
        return self.bulk_insert("ohlcv_data", frame.assign(**keyed)) if len(frame) else 0

    def _keyed(self, ticker: str, region: str | None, timeframe: str, row: Mapping[str, Any]) -> dict[str, Any]:
        resolved = self._region_of(ticker, region)
        return {"ticker": ticker, "region": resolved, "timeframe": names.canonical_timeframe(timeframe), **row}

    @staticmethod
    def _filters(first: list[Filter], region: str, timeframe: str) -> list[Filter]:
        return [*first, ("region", "=", region), ("timeframe", "=", names.canonical_timeframe(timeframe))]

    @staticmethod
    def _days(start: Any, end: Any, as_of: Any) -> list[Filter]:
        def day(value: Any, what: str) -> Any:
            return None if value is None else names.as_date(value, what)

        last = [one for one in (day(end, "end_date"), day(as_of, "as_of")) if one is not None]
        return [("date", ">=", day(start, "start_date")), ("date", "<=", min(last, default=None))]

    def _price_columns(self) -> list[str]:
        shown = self._table("ohlcv_data").shown
        return [*(one for one in LEADING if one in shown), *(one for one in shown if one not in LEADING)]

    def _bucket_rows(self, bucket: str) -> str:
        """The buckets of one ticker and region, as a FROM item with two placeholders."""
        return f"(select * from {self._schema}{BUCKETS[bucket]} where ticker = %s and region = %s)"

    def _buckets(self, bucket: str, ticker: str, region: str | None) -> pd.DataFrame:
        volume = self._table("ohlcv_data").columns["volume"].type  # a sum is numeric, and as whole as the days are
        columns = [
            "ticker", "region", bucket, "open", "high", "low", "close", f"cast(volume as {volume}) as volume",
            "ma5_start", "ma20_end", "rsi_14_end", "trading_days",
        ]  # fmt: skip
        query = f"select {', '.join(columns)} from {self._bucket_rows(bucket)} as buckets order by {bucket}"
        return self.query_frame(query, (ticker, self._region_of(ticker, region)))
