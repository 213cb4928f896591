"""Technical analysis and scores of factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quant import names
from quant.bulk import Rows
from quant.core import Row
from quant.domains.base import Domain, Filter


class Analysis(Domain):
    """technical_analysis and factor_scores. Inserts update what is there."""

    def insert_technical_analysis(self, ta_data: Mapping[str, Any]) -> int:
        """Insert or update the analysis of a ticker and day; needs ticker and analysis_date."""
        return self._write("technical_analysis", self._with_region(ta_data), "update", {})

    def get_technical_analysis(
        self, ticker: str, region: str, analysis_date: Any = None, *, as_of: Any = None
    ) -> Row | None:
        """The analysis of a day, or the newest one, or the newest until a day; None when there is none."""
        filters: list[Filter] = [("ticker", "=", ticker), ("region", "=", names.known_region(region))]
        for sign, day in (("=", analysis_date), ("<=", as_of)):
            filters.append(("analysis_date", sign, None if day is None else names.as_date(day)))
        return self._first("technical_analysis", filters, "analysis_date desc")

    def update_technical_scores(self, ticker: str, region: str, analysis_date: Any, scores: Mapping[str, Any]) -> int:
        """Set columns. Returns 1, or 0 when there is no such analysis."""
        key = {"ticker": ticker, "region": names.known_region(region), "analysis_date": names.as_date(analysis_date)}
        return self._update("technical_analysis", key, scores)

    def insert_factor_scores(self, rows: Rows) -> int:
        """Upsert scores, all or none.

        Args:
            rows: ticker, region, factor_name, date, and any of raw_value, zscore, score, percentile.

        Returns:
            The rows written: inserted or changed.
        """
        return self.bulk_insert("factor_scores", rows)

    def get_factor_scores(
        self,
        factor_name: str | None = None,
        date: Any = None,
        ticker: str | None = None,
        region: str | None = None,
        limit: int | None = None,
        *,
        as_of: Any = None,
    ) -> list[Row]:
        """Scores, newest first, then by factor, region and ticker.

        Args:
            factor_name: one factor only.
            date: one day only.
            ticker: one ticker only.
            region: one region only.
            limit: at most so many rows.
            as_of: nothing after this day.
        """
        filters: list[Filter] = [
            ("factor_name", "=", factor_name),
            ("date", "=", None if date is None else names.as_date(date)),
            ("date", "<=", None if as_of is None else names.as_date(as_of, "as_of")),
            ("ticker", "=", ticker),
            ("region", "=", None if region is None else names.known_region(region)),
        ]
        return self._select("factor_scores", filters, "date desc, factor_name, region, ticker", limit)
