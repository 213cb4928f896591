"""What is asked of the generator, and the sizes that follow from it.

Every size is the real database's own (18,661 tickers, 926,325 price rows) times one scale, with a floor, so
that a small database has all the kinds of rows that the real one has.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np

from quant.errors import UserError

REAL_ROWS = 926_325
MIN_ROWS = 5_000
MAX_ROWS = 9_300_000

DIRT_LEVELS = ("none", "real", "hostile")

# Listed tickers by region; they add up to the 18,661 of the real database.
REAL_TICKERS = {"KR": 1_364, "US": 6_388, "JP": 4_036, "CN": 3_450, "HK": 2_722, "VN": 701}
MIN_TICKERS = {"KR": 60, "US": 60, "JP": 40, "CN": 40, "HK": 40, "VN": 40}


@dataclass(frozen=True)
class Options:
    """What to generate.

    Attributes:
        rows: rows of ohlcv_data, all timeframes and all dirt included.
        seed: seed of every random stream.
        dirt: one of DIRT_LEVELS.
        end_date: last day of the price histories (moved back to a trading day of each market).
    """

    rows: int = REAL_ROWS
    seed: int = 20240105
    dirt: str = "real"
    end_date: date = date(2025, 10, 2)

    def __post_init__(self) -> None:
        if not MIN_ROWS <= self.rows <= MAX_ROWS:
            raise UserError(
                f"--rows {self.rows} is out of range: give between {MIN_ROWS:,} "
                f"(one ticker with ten years needs that) and {MAX_ROWS:,}."
            )
        if self.dirt not in DIRT_LEVELS:
            raise UserError(f"--dirt {self.dirt} is not known: give one of {', '.join(DIRT_LEVELS)}.")
        if not 2001 <= self.end_date.year <= 2100:
            raise UserError(f"--end-date {self.end_date} is out of range: give a day between 2001 and 2100.")
        if self.seed < 0:
            raise UserError(f"--seed {self.seed} is negative: give 0 or more.")

    @property
    def dirty(self) -> bool:
        """Whether the real database's dirt is planted."""
        return self.dirt != "none"

    def rng(self, stream: str) -> np.random.Generator:
        """A random stream for each purpose, so that a change in one leaves the others as they are."""
        return np.random.default_rng([self.seed, zlib.crc32(stream.encode())])

    def scaled(self, real: int, floor: int = 1) -> int:
        """A size of the real database brought to this one; never above the real size."""
        return max(floor, round(real * min(1.0, self.rows / REAL_ROWS)))


def tickers_by_region(options: Options) -> dict[str, int]:
    """How many rows `tickers` has for each region."""
    counts = {region: options.scaled(real, MIN_TICKERS[region]) for region, real in REAL_TICKERS.items()}
    if not options.dirty:
        # Every Korean ticker has its parent here; the United States give way, so that the sum stays.
        orphans = orphan_details(options)
        counts["KR"] += orphans
        counts["US"] = max(MIN_TICKERS["US"], counts["US"] - orphans)
    return counts


def orphan_details(options: Options) -> int:
    """Rows of stock_details without a parent in the real database."""
    return options.scaled(2_434, 30)


def orphan_prices(options: Options) -> int:
    """Korean tickers with prices and without a parent (3,745 with prices against 1,364 parents)."""
    return options.scaled(2_381, 6)
