"""The manifest: what the database holds and what a faithful migration must make of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from sample.notes import Notes
from sample.ohlcv import Prices
from sample.price_rows import shadow_losers
from sample.universe import Universe

FORMAT = 1

# Tables whose rows need a parent in `tickers` at the target.
CHILDREN = (
    "stock_details", "etfs", "etf_details", "etf_holdings", "ohlcv_data", "ticker_fundamentals",
    "technical_analysis", "portfolio",
)  # fmt: skip


def _stubs(notes: Notes, universe: Universe) -> dict[str, Any]:
    by_table = {table: sorted(map(list, pairs - universe.parents)) for table, pairs in sorted(notes.references.items())}
    keys = sorted({tuple(key) for table in CHILDREN for key in by_table.get(table, [])})
    by_region: dict[str, int] = {}
    for _, region in keys:
        by_region[region] = by_region.get(region, 0) + 1
    return {
        "tickers": {
            "count": len(keys),
            "by_region": dict(sorted(by_region.items())),
            "keys": [list(key) for key in keys],
        },
        "tickers_by_table": {table: keys for table, keys in by_table.items() if keys},
        "etfs": {"count": len(notes.etf_references), "keys": sorted(map(list, notes.etf_references))},
    }


def _monthly(prices: Prices, ticker: str, region: str, months: int = 12) -> list[dict[str, Any]]:
    """A ticker's last months from its daily rows, without shadows: those lose against the row they repeat."""
    wanted = [
        place
        for place, one in enumerate(prices.series)
        if one.timeframe == "D" and (one.listing.ticker, one.listing.region) == (ticker, region)
    ]
    rows = np.flatnonzero(np.isin(prices.series_of, wanted) & (prices.shadow_of < 0))
    month = prices.days[rows].astype("datetime64[M]")
    result = []
    for one in np.unique(month)[-months:]:
        inside = rows[month == one]
        at = {name: values[inside] for name, values in prices.values.items()}
        result.append({
            "month": f"{one}-01", "open": float(at["open"][0]), "high": float(at["high"].max()),
            "low": float(at["low"].min()),
            "close": float(at["close"][-1]), "volume": int(prices.volume[inside].sum()),
            "trading_days": len(inside),
            "ma5_start": _value(at["ma5"][0]), "ma20_end": _value(at["ma20"][-1]),
            "rsi_14_end": _value(at["rsi_14"][-1]),
        })  # fmt: skip
    return result


def _value(number: np.float64) -> float | None:
    return None if np.isnan(number) else float(number)


def sampled_tickers(summary: dict[str, Any]) -> dict[str, str]:
    """The ticker of each region whose months are told: one with the most rows, 005930 for Korea."""
    return {
        region: "005930" if region == "KR" else max(rows, key=lambda ticker: (rows[ticker], ticker))
        for region, rows in summary["rows_by_ticker"].items()
    }


def make_manifest(notes: Notes, universe: Universe, prices: Prices, summary: dict[str, Any]) -> dict[str, Any]:
    """Put the manifest together; its shape is told in the package's docstring."""
    options = notes.options
    losers = shadow_losers(prices)
    for loser in losers:
        notes.quarantine("ohlcv_data", loser["rowid"], "shadow")
    samples = {
        f"{ticker}/{region}": _monthly(prices, ticker, region) for region, ticker in sampled_tickers(summary).items()
    }
    return {
        "format": FORMAT,
        "options": {
            "rows": options.rows,
            "seed": options.seed,
            "dirt": options.dirt,
            "end_date": options.end_date.isoformat(),
        },
        "tables": dict(sorted(notes.counts.items())),
        "tickers_by_region": {
            region: sum(one.region == region for one in universe.listed)
            for region in sorted({one.region for one in universe.listed})
        },
        "ohlcv": summary,
        "dirt": {kind: dict(sorted(places.items())) for kind, places in sorted(notes.kinds.items())},
        "features": dict(sorted(notes.features.items())),
        "expected": {
            "stubs": _stubs(notes, universe),
            "shadow_losers": losers,
            "quarantined": dict(sorted(notes.quarantined.items())),
            "quarantined_one_of": notes.one_of,
            "rejected": notes.rejected,
        },
        "monthly": samples,
    }
