"""What can be wrong with factor scores, in sentences: a change after the last build makes them stale, not wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import psycopg2.extensions

from expectations.factors import evaluated, reading
from expectations.factors.calendar import LATEST_PRICE, months_after, score_days, trading_days
from expectations.factors.scores import Score, Settings, differences, scores_of
from quant.text import counted

DAYS = 3  # that are worked out again
MONTHS = 4  # whose evaluation is
SAMPLES = 5

Scores = dict[tuple[str, str], Score]

# Ranks with ties shared are uniform: whatever is ranked, their mean is the middle.
UNEVEN = """
    select region, factor_name, date, count(*) as stocks, count(percentile) as ranked, avg(percentile) as mean
    from public.factor_scores where factor_name in %(names)s group by region, factor_name, date
    having count(percentile) <> case when count(*) < %(fewest)s then 0 else count(*) end
    or abs(avg(percentile) - 50) > 1e-6
"""
OUTSIDE = """
    select region, factor_name, date, ticker, raw_value, zscore, score, percentile
    from public.factor_scores where factor_name in %(names)s and (
        raw_value is null or abs(raw_value) = 'infinity' or raw_value = 'nan' or (zscore is null) <> (score is null)
        or abs(score) > 3 or abs(score) <> least(abs(zscore), 3) or percentile not between 0 and 100
    )
"""
STRAYS = """
    select region, date, count(*) from public.factor_scores as f
    where factor_name in %(names)s and not exists (
        select from factors.scored_days as d where d.region = f.region and d.date = f.date
    )
    group by 1, 2
"""


@dataclass
class Found:
    """What was looked at, in words, and what is wrong with it."""

    looked_at: str
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Judge:
    """Judges the scores of a target; what takes a reading of all prices is read once.

    `connection` reads as of one moment, as long as the judge lives.
    """

    connection: psycopg2.extensions.connection

    @cached_property
    def settings(self) -> Settings:
        return reading.settings()

    @cached_property
    def stocks(self) -> dict[str, dict[date, int]]:
        """How many stocks of the universe were traded, by region and day."""
        return reading.stocks_by_day(self.connection)

    @cached_property
    def stale(self) -> set[str]:
        """Regions whose prices or reports have changed since they were scored."""
        return reading.stale_regions(self.connection)

    @cached_property
    def built(self) -> bool:
        """Whether the project's factors were ever scored here."""
        return bool(_rows(self.connection, "select to_regclass('factors.scored_days') is not null")[0][0])

    def percentiles(self) -> Found:
        """Within a region, factor and day all are ranked or none, and evenly."""
        return self._listed(UNEVEN)

    def ranges(self) -> Found:
        """Scores are z-scores in the factor's direction, cut at 3."""
        return self._listed(OUTSIDE)

    def days(self) -> Found:
        """The days that are scored are those that the prices ask for, and there are no scores of others."""
        scored = _scored_days(self.connection)
        problems: list[str] = []
        for region, stocks in sorted(self.stocks.items()):
            trading = trading_days(stocks)
            there = {day for where, day in scored if where == region}
            problems += _told(region, "not scored yet", score_days(trading, self.settings.daily_days) - there)
            problems += _told(region, "scored, and no trading day any more", there - set(trading))
        problems += [
            f"{region}: prices or reports have changed since they were scored: run `dbt build`"
            for region in sorted(self.stale)
        ]
        problems += [
            f"{region} {day}: {counted(rows, 'row')} that no build wrote under the project's own names: delete them"
            for region, day, rows in _rows(self.connection, STRAYS, names=self.settings.names)[:SAMPLES]
        ]
        return Found(counted(len(scored), "day"), problems)

    def recomputed(self, seed: int) -> Found:
        """The scores of some days, drawn with that seed, are what a program of its own makes of prices and reports."""
        settings = self.settings
        scored = sorted(one for one in _scored_days(self.connection) if one[0] not in self.stale)
        drawn = random.Random(seed).sample(scored, min(DAYS, len(scored)))
        problems: list[str] = []
        rows = 0
        for region, day in drawn:
            wanted, found = _both(self.connection, region, day, settings)
            rows += len(wanted)
            wrong = differences(wanted, found)
            problems += [
                f"{region} {day} {ticker} {name}: {there or 'no row'}, and it should be {right or 'none'}"
                for ticker, name, right, there in wrong[:SAMPLES]
            ]
            if len(wrong) > SAMPLES:
                problems.append(f"… and {len(wrong) - SAMPLES:,} more of {region} {day}")
        if problems:
            problems.append("run `dbt build`; if it stays, `update factors.scored_days set definition = ''` first")
        named = ", ".join(f"{region} {day}" for region, day in drawn) or "no day"
        unknown = [name for name in settings.names if name not in settings.known]
        without = f"; {', '.join(unknown)} only the models know" if unknown else ""
        return Found(f"{counted(rows, 'row')} of {named} (seed {seed}){without}{_left_out(self.stale)}", problems)

    def evaluation(self, seed: int) -> Found:
        """The evaluation of some months, drawn with that seed, is what their scores and prices give."""
        scored = {one for one in _scored_days(self.connection) if one[0] not in self.stale}
        ends = {
            region: {day.replace(day=1): day for day in trading_days(counts)} for region, counts in self.stocks.items()
        }
        months = sorted(
            (region, month)
            for region, of_month in ends.items()
            for month, day in of_month.items()
            if (region, day) in scored
        )
        drawn = random.Random(seed).sample(months, min(MONTHS, len(months)))
        problems: list[str] = []
        figures = 0
        for region, month in drawn:
            wanted = _evaluation(self.connection, region, month, ends[region], self.stocks[region], self.settings)
            figures += len(wanted)
            wrong = evaluated.unlike(wanted, reading.evaluation(self.connection, region, month))
            named = f"{region} {month:%Y-%m}"
            problems += [
                f"{named} {' '.join(map(str, key))}: {there or 'no row'}, and it should be {right or 'none'}"
                for key, right, there in wrong[:SAMPLES]
            ]
            if len(wrong) > SAMPLES:
                problems.append(f"… and {len(wrong) - SAMPLES:,} more of {named}")
        if problems:
            problems.append("run `dbt build`; if it stays, `delete from factors.evaluated` first")
        named = ", ".join(f"{region} {month:%Y-%m}" for region, month in drawn) or "no month"
        return Found(f"{counted(figures, 'row')} of {named} (seed {seed}){_left_out(self.stale)}", problems)

    def _listed(self, sql: str) -> Found:
        wrong = _rows(self.connection, sql, names=self.settings.names, fewest=self.settings.min_names)
        problems = [", ".join(str(value) for value in row) for row in wrong[:SAMPLES]]
        if len(wrong) > SAMPLES:
            problems.append(f"… and {len(wrong) - SAMPLES:,} more")
        return Found(counted(len(wrong), "row"), problems)


def _told(region: str, what: str, found: set[date]) -> Iterator[str]:
    if found:
        yield f"{region}: {counted(len(found), 'day')} {what}, the last is {max(found)}: run `dbt build`"


def _left_out(stale: set[str]) -> str:
    return f"; without {', '.join(sorted(stale))}, which a build has to score first" if stale else ""


def _evaluation(
    connection: psycopg2.extensions.connection,
    region: str,
    month: date,
    ends: dict[date, date],
    stocks: dict[date, int],
    settings: Settings,
) -> dict[evaluated.Key, evaluated.Values]:
    """What the evaluation of a month should be."""
    later = [ends[end] for end in (months_after(month, horizon) for horizon in evaluated.HORIZONS) if end in ends]
    day, previous = ends[month], ends.get(months_after(month, -1))
    return evaluated.evaluation(
        month,
        _by_factor(reading.written(connection, region, day, settings.names)),
        _by_factor(reading.written(connection, region, previous, settings.names)) if previous else {},
        reading.prices(connection, region, day - LATEST_PRICE, max([day, *later])),
        ends,
        stocks[day],
        settings.names,
        settings.min_evaluated,
    )


def _by_factor(scores: Scores) -> dict[str, dict[str, Score]]:
    found: dict[str, dict[str, Score]] = {}
    for (ticker, name), row in scores.items():
        found.setdefault(name, {})[ticker] = row
    return found


def _both(
    connection: psycopg2.extensions.connection, region: str, day: date, settings: Settings
) -> tuple[Scores, Scores]:
    """What the scores of a day should be, and what they are."""
    first = min(months_after(day, -12), months_after(day, -settings.max_age)) - LATEST_PRICE
    traded = reading.prices(connection, region, first, day)
    wanted = scores_of(day, traded, reading.reports(connection, region), settings)
    return wanted, reading.written(connection, region, day, settings.known)


def _scored_days(connection: psycopg2.extensions.connection) -> set[tuple[str, date]]:
    return {(region, day) for region, day in _rows(connection, "select region, date from factors.scored_days")}


def _rows(connection: psycopg2.extensions.connection, sql: str, **values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall()
