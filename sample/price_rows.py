"""The rows of ohlcv_data as tuples for SQLite, with the dirt of the real database laid over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sample.notes import SHAPES, Notes, iso_days, shape_day
from sample.ohlcv import INDICATORS, PRICES, Prices
from sample.plan import PricePlan

# Small enough for the cache: a row is some thirty Python objects.
_CHUNK = 2_000
# In the real database 99.98 % of atr_14 is NULL; the values are in `atr`.
_ATR_14_KEPT = 0.0002
_REAL_SHAPED = 240


@dataclass(frozen=True)
class Overlay:
    """What the dirt changes; places are row numbers from 0, so a rowid is a place plus 1.

    Attributes:
        no_region: places of rows without a region, the shadows among them.
        shapes: place → the shape that its date is written in.
    """

    no_region: NDArray[np.int64]
    shapes: dict[int, str]


def lay_dirt(notes: Notes, prices: Prices, plan: PricePlan) -> Overlay:
    """Choose the rows that the dirt falls on, and note them."""
    options = notes.options
    if not options.dirty:
        return Overlay(np.empty(0, np.int64), {})
    rng = options.rng("price dirt")
    shadows = np.flatnonzero(prices.shadow_of >= 0)
    clear = np.array([one.timeframe == "D" and one.listing.region in ("KR", "JP") for one in prices.series])
    free = clear[prices.series_of]
    free[shadows] = False
    free[prices.shadow_of[shadows]] = False
    # A row without region or with a strange date is never beside a shadow, so that each row has one thing
    # to say.
    count = options.scaled(_REAL_SHAPED, 8)
    chosen = rng.choice(np.flatnonzero(free), plan.null_regions - plan.shadows + count, replace=False)
    lonely, shaped = chosen[count:], np.sort(chosen[:count])
    no_region = np.sort(np.concatenate([shadows, lonely]))
    shapes = {int(place): SHAPES[number % len(SHAPES)] for number, place in enumerate(shaped)}
    notes.plant("null_region", "ohlcv_data", (no_region + 1).tolist())
    for place, shape in shapes.items():
        notes.plant(f"date_{shape}", "ohlcv_data.date", [place + 1])

    kept = np.sort(rng.choice(len(prices), max(3, round(_ATR_14_KEPT * len(prices))), replace=False))
    thin = np.full(len(prices), np.nan)
    thin[kept] = prices.values["atr_14"][kept]
    prices.values["atr_14"] = thin
    notes.plant("atr_14_null", "ohlcv_data.atr_14", int(np.isnan(thin).sum()))
    notes.plant("zero_volume", "ohlcv_data.volume", int((prices.volume == 0).sum()))
    return Overlay(no_region, shapes)


def price_rows(notes: Notes, prices: Prices, overlay: Overlay) -> Iterator[Iterator[tuple[Any, ...]]]:
    """All rows in chunks, in the order of COLUMNS; NaN stands where SQLite is to store NULL."""
    days, day_of = np.unique(prices.days, return_inverse=True)
    names = iso_days(days)
    tickers = [one.listing.ticker for one in prices.series]
    frames = [one.timeframe for one in prices.series]
    regions: list[str | None] = [one.listing.region for one in prices.series]
    # The Korean collector leaves the moment to SQLite, the other markets' writes its own.
    utc = np.array([notes.options.dirty and one.listing.region == "KR" for one in prices.series])
    moments = prices.fetches.stamps(utc)
    no_region = {int(place) for place in overlay.no_region}
    if found := int(utc[prices.series_of].sum()):
        notes.plant("created_at_utc", "ohlcv_data.created_at", found)

    for first in range(0, len(prices), _CHUNK):
        part = slice(first, first + _CHUNK)
        series = prices.series_of[part].tolist()
        dates = [names[at] for at in day_of[part].tolist()]
        stamps = [moments[at] for at in prices.fetch_of[part].tolist()]
        places = range(first, first + len(series))
        region = [regions[at] for at in series]
        for place in places:
            if place in no_region:
                region[place - first] = None
            if place in overlay.shapes:
                dates[place - first] = shape_day(dates[place - first], overlay.shapes[place])
        numbers = [prices.values[name][part].tolist() for name in (*PRICES, *INDICATORS)]
        yield zip(
            range(first + 1, first + 1 + len(series)), [tickers[at] for at in series],
            [frames[at] for at in series], dates, region,
            *numbers[:4], prices.volume[part].tolist(), *numbers[4:], stamps, strict=True,
        )  # fmt: skip


def note_prices(notes: Notes, prices: Prices, overlay: Overlay) -> dict[str, Any]:
    """Sum the table up for the manifest."""
    notes.counts["ohlcv_data"] = len(prices)
    per_series = np.bincount(prices.series_of, minlength=len(prices.series)).tolist()
    by_ticker: dict[str, dict[str, int]] = {}
    orphan_rows = 0
    frames: Counter[str] = Counter()
    regions: Counter[str] = Counter()
    for one, rows in zip(prices.series, per_series, strict=True):
        listing = one.listing
        by_ticker.setdefault(listing.region, {})
        by_ticker[listing.region][listing.ticker] = by_ticker[listing.region].get(listing.ticker, 0) + rows
        orphan_rows += 0 if listing.known else rows
        frames[one.timeframe] += rows
        regions[listing.region] += rows
    nulls = Counter(prices.series[at].listing.region for at in prices.series_of[overlay.no_region].tolist())
    stored = {region: count - nulls[region] for region, count in regions.items()}
    notes.refer("ohlcv_data", {(one.listing.ticker, one.listing.region) for one in prices.series})
    orphans = sorted({one.listing.ticker for one in prices.series if not one.listing.known})
    if orphans:
        notes.plant("orphans", "ohlcv_data", orphans)
        colliding = sorted(
            {one.listing.ticker for one in prices.series if not one.listing.known and one.listing.region == "VN"}
        )
        notes.plant("colliding_codes", "ohlcv_data", colliding)
    return {
        "rows": len(prices),
        "rows_of_orphans": orphan_rows,
        "rows_by_timeframe": dict(frames),
        "rows_by_stored_region": {**stored, "": len(overlay.no_region)},
        "rows_by_resolved_region": dict(regions),
        "nulls_by_column": {name: int(np.isnan(prices.values[name]).sum()) for name in INDICATORS},
        "first_day": str(prices.days.min()),
        "last_day": str(prices.days.max()),
        "rows_by_ticker": {region: dict(sorted(rows.items())) for region, rows in sorted(by_ticker.items())},
    }


def shadow_losers(prices: Prices) -> list[dict[str, Any]]:
    """The rows that a target with a region in its key cannot hold: each with the row that wins over it."""
    found = []
    for place in np.flatnonzero(prices.shadow_of >= 0).tolist():
        winner = int(prices.shadow_of[place])
        listing = prices.series[int(prices.series_of[place])].listing
        found.append({
            "rowid": place + 1, "winner_rowid": winner + 1, "ticker": listing.ticker,
            "region": listing.region,
            "date": iso_days(prices.days[place : place + 1])[0], "volume": int(prices.volume[place]),
            "winner_volume": int(prices.volume[winner]),
        })  # fmt: skip
    return found
