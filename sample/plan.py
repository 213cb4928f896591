"""Which securities have how many days of prices, so that the sum is exactly the rows asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from quant.errors import UserError
from sample.calendars import Days, trading_days
from sample.options import REAL_ROWS, Options
from sample.universe import Listing, Universe

BASE_DAYS = 250
ORPHAN_SHARE = 0.61
LONG_KOREAN = ("005930", "000660", "035420")


@dataclass(frozen=True)
class Group:
    """Securities of one market whose histories end on the same day; `lengths` are their days of prices."""

    region: str
    listings: tuple[Listing, ...]
    lengths: tuple[int, ...]


@dataclass(frozen=True)
class PricePlan:
    """The daily series, and what is added to them.

    Attributes:
        groups: daily series.
        calendars: trading days by region.
        folded: securities that also have weekly and monthly bars.
        weeks: weekly bars of each of those.
        months: monthly bars of each of those.
        null_regions: daily rows that lose their region.
        shadows: rows of NULL region added beside one that has its region (they are part of the rows asked
            for).
    """

    groups: tuple[Group, ...]
    calendars: dict[str, Days]
    folded: tuple[Listing, ...]
    weeks: int
    months: int
    null_regions: int
    shadows: int

    def first_days(self) -> dict[tuple[str, str], date]:
        """The first day of prices by ticker and region."""
        return {
            (one.ticker, one.region): self.calendars[group.region][-length].item()
            for group in self.groups
            for one, length in zip(group.listings, group.lengths, strict=True)
        }


def _spread(total: int, count: int, most: int, rng: np.random.Generator) -> list[int]:
    """`count` random whole numbers between 0 and `most` with the sum `total`."""
    weights = rng.uniform(0.2, 1.0, count)
    parts = np.minimum(np.floor(weights * total / weights.sum()), most).astype(np.int64)
    missing = total - int(parts.sum())
    for place in range(count):
        extra = min(missing, most - int(parts[place]))
        parts[place] += extra
        missing -= extra
    result: list[int] = parts.tolist()
    return result


def _korean(total: int, priced: list[Listing], orphans: list[Listing], options: Options, most: int) -> Group:
    """Histories of the Korean securities: most are full, some were listed later, the sum is `total`."""
    rng = options.rng("lengths")
    listings = [*priced, *orphans]
    base = BASE_DAYS if total <= BASE_DAYS * len(listings) else -(-total // len(listings)) + BASE_DAYS // 10
    if base > most:
        raise UserError(f"--rows {options.rows} is more than ten years of every ticker give: ask for fewer.")
    deficit = base * len(listings) - total
    shortest = min(30, base)
    late = min(len(listings), -(-deficit // max(1, (base - shortest) // 2)))
    cuts = _spread(deficit, late, base - shortest, rng) if late else []
    # Orphans own about 61 % of all rows, as in the real database: they are cut until that holds, parents
    # take the rest.
    wanted = max(0, base * len(orphans) - round(ORPHAN_SHARE * options.rows))
    orphan_cuts: list[int] = []
    while cuts and len(orphan_cuts) < len(orphans) and sum(orphan_cuts) + cuts[-1] <= wanted:
        orphan_cuts.append(cuts.pop())
    overflow = max(0, len(cuts) - len(priced))
    orphan_cuts += [cuts.pop() for _ in range(overflow)]
    lengths = [base] * len(listings)
    for place, cut in enumerate(cuts):
        lengths[len(priced) - 1 - place] -= cut
    for place, cut in enumerate(orphan_cuts):
        lengths[len(priced) + place] -= cut
    return Group("KR", tuple(listings), tuple(lengths))


def plan_prices(options: Options, universe: Universe) -> PricePlan:
    """Share the rows out.

    Raises:
        UserError: the rows asked for are more than all histories can hold.
    """
    regions = ("US", "JP", "HK", "CN", "VN")
    calendars = {region: trading_days(region, options.end_date) for region in ("KR", *regions)}
    days = {region: len(calendar) for region, calendar in calendars.items()}
    longs = 2 if options.rows >= 500_000 else 1 if options.rows >= 100_000 else 0
    groups: list[Group] = []
    korean = {one.ticker: one for one in universe.of("KR")}
    long_korean = [korean[code] for code in LONG_KOREAN[: 1 + longs]]
    groups.append(Group("KR", tuple(long_korean), (days["KR"],) * len(long_korean)))
    folded = list(long_korean)

    priced_days = min(BASE_DAYS, options.rows // 100)
    for region in regions:
        stocks = universe.of(region, etf=False)[: longs + max(4, round(40 * options.rows / REAL_ROWS))]
        lengths = [days[region]] * longs + [priced_days] * (len(stocks) - longs)
        groups.append(Group(region, tuple(stocks), tuple(lengths)))
        folded += stocks[:longs]
    if universe.collisions:
        length = min(40, priced_days)
        groups.append(Group("VN", tuple(universe.collisions), (length,) * len(universe.collisions)))

    weeks, months = (104, 24) if longs else (52, 12)
    null_regions = options.scaled(281, 6) if options.dirty else 0
    shadows = null_regions // 2
    taken = sum(sum(group.lengths) for group in groups) + len(folded) * (weeks + months) + shadows
    rest = options.rows - taken
    parents = [one for one in universe.of("KR") if one.ticker not in LONG_KOREAN[: 1 + longs]]
    wanted = max(2, round(rest / 223.33)) if options.rows <= 1_000_000 else len(parents) + len(universe.orphans)
    orphans = universe.orphans[-min(len(universe.orphans), max(1, round(wanted * 0.85))) :] if universe.orphans else []
    if options.rows < 500_000:
        orphans = orphans[: max(1, round(ORPHAN_SHARE * options.rows / 240))]
    priced = parents[: max(1, wanted - len(orphans))]
    groups.append(_korean(rest, priced, orphans, options, days["KR"]))
    return PricePlan(tuple(groups), calendars, tuple(folded), weeks, months, null_regions, shadows)
