"""Factor scores: worked out by hand on a small market, and again by a program of its own on generated ones."""

from __future__ import annotations

import math
from datetime import date
from typing import cast

import pytest

from tests.support.dbt_ground import row_versions
from tests.support.factors_ground import (
    LAST,
    ON,
    Row,
    empty,
    generate,
    insert,
    insert_prices,
    insert_reports,
    insert_tickers,
    score,
    unlike,
    weekdays,
)
from tests.support.places import Place

FIRST, TURN, FALL = date(2024, 1, 1), date(2024, 7, 1), date(2025, 3, 1)
LATE = date(2025, 1, 1)
# A stock closes at 100, from TURN on at the second, and from FALL on at the third of these.
CLOSES = {
    "A": (FIRST, 150, 120),
    "B": (FIRST, 120, 120),
    "C": (FIRST, 120, 132),
    "D": (FIRST, 90, 90),
    "E": (FIRST, 100, 100),
    "F": (LATE, 100, 110),
    "G": (FIRST, 100, 100),
    "H": (FIRST, 100, 100),
    "STUB": (LATE, 100, 100),
    "SPAC": (FIRST, 100, 100),
    "PREFERRED": (FIRST, 100, 100),
    "FUND": (FIRST, 100, 100),
    "ETF": (FIRST, 100, 100),
}
RSI = {"A": 70, "B": 150, "C": 50, "D": 40, "E": 30, "F": 20, "STUB": 0}
HALT = (date(2025, 2, 10), date(2025, 3, 7))  # of G


def by_hand(place: Place) -> None:
    """Region HA."""
    kinds = {"ETF": "ETF", "STUB": "stock"}
    gone = {"H": date(2025, 3, 20)}
    rows: list[Row] = [(name, "HA", kinds.get(name, "STOCK"), gone.get(name)) for name in CLOSES]
    insert_tickers(place, rows)
    insert(place, "stock_details", "ticker, region, is_spac", [("SPAC", "HA", True), ("A", "HA", False)])
    insert(place, "stock_details", "ticker, region, is_preferred", [("PREFERRED", "HA", True)])
    insert(place, "etf_details", "ticker, region, tracking_index, expense_ratio", [("FUND", "HA", "X", 0.1)])
    prices: list[Row] = []
    for name, (first, turned, fallen) in CLOSES.items():
        for day in weekdays(first):
            close = fallen if day >= FALL else turned if day >= TURN else 100
            volume = 0 if name == "G" and HALT[0] <= day <= HALT[1] else 10
            prices.append((name, "HA", day, close, volume, RSI.get(name)))
    saturdays = [date(2024, 3, 30), date(2024, 11, 30)]
    insert_prices(place, [*prices, *(("A", "HA", day, 100 if day < TURN else 150, 10, None) for day in saturdays)])
    insert_reports(
        place,
        "HA",
        {"ticker": "A", "date": "2025-02-28", "period_type": "DAILY", "per": 10, "pbr": 2, "dividend_yield": 3,
         "market_cap": 1500},
        {"ticker": "B", "date": "2025-03-10", "period_type": "DAILY", "per": 0, "pbr": 0, "dividend_yield": 0},
        {"ticker": "B", "date": "2024-09-30", "period_type": "ANNUAL", "data_source": "yfinance", "net_income": 50,
         "total_equity": 500, "total_liabilities": 250, "shares_outstanding": 10, "close_price": 100},
        {"ticker": "C", "date": "2024-12-31", "period_type": "ANNUAL", "data_source": "DART-2024-11011",
         "net_income": 90, "total_equity": 300},
        {"ticker": "C", "date": "2024-05-20", "period_type": "ANNUAL", "data_source": "DART-2023-11011",
         "net_income": 30, "total_equity": 300, "total_liabilities": 600},
        {"ticker": "D", "date": "2024-09-30", "period_type": "DAILY", "per": -5, "pbr": -1, "dividend_per_share": 2,
         "close_price": 40},
        {"ticker": "E", "date": "2023-09-29", "period_type": "ANNUAL", "net_income": 5, "total_equity": 10},
        {"ticker": "F", "date": "2024-12-25", "period_type": "DAILY", "pbr": 4},
        {"ticker": "F", "date": "2025-01-14", "period_type": "DAILY", "per": 20},
    )  # fmt: skip


@pytest.fixture(scope="module")
def market(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A database that was built while it was empty, then filled by an application, and scored."""
    empty(place, tmp_path_factory.mktemp("source"))
    place.run("dbt", "build", **ON)
    by_hand(place)
    generate(place, "XA")
    place.query("insert into public.factor_scores values ('A', 'HA', 'my_own', '2025-03-31', 7)")
    score(place)
    return place


def column(place: Place, name: str, factor: str, day: date = LAST) -> dict[str, float | None]:
    """A column of a factor on a day, by ticker."""
    sql = f"select ticker, {name} from public.factor_scores where region = 'HA' and factor_name = %s and date = %s"
    return {str(ticker): cast("float | None", value) for ticker, value in place.query(sql, factor, day)}


# Answers for the last day, 2025-03-31. A month before it is 02-28. Twelve months before it is a Sunday: the price
# is that of 03-29, and of A that of the stray Saturday.
RAW = {
    "momentum_12m": {"A": 0.5, "B": 0.2, "C": 0.2, "D": -0.1, "E": 0.0},
    "rsi_14": {"A": 70, "C": 50, "D": 40, "E": 30, "F": 20, "STUB": 0},
    "volatility_60d": {"A": 0.2 * math.sqrt(4.2), "C": 0.1 * math.sqrt(4.2), "F": 0.1 * math.sqrt(4.2)},
    "earnings_to_price": {"A": 0.1 * 150 / 120, "B": 50 / 1000, "D": -0.2, "F": 0.05 * 100 / 110},
    "book_to_price": {"A": 0.5 * 150 / 120, "B": 500 / 1000},
    "dividend_yield": {"A": 0.03 * 150 / 120, "D": 0.05},
    "roe": {"B": 0.1, "C": 0.1},
    "debt_to_equity": {"B": 0.5, "C": 2.0},
    "market_cap": {"A": math.log(1200), "B": math.log(1000)},
}


@pytest.mark.parametrize("factor", RAW)
def test_raw_values_are_those_worked_out_by_hand(market: Place, factor: str) -> None:
    assert column(market, "raw_value", factor) == pytest.approx(RAW[factor])


def test_ties_share_a_percentile_and_few_stocks_have_none(market: Place) -> None:
    assert column(market, "percentile", "momentum_12m") == {"D": 0, "E": 25, "B": 62.5, "C": 62.5, "A": 100}
    assert column(market, "percentile", "volatility_60d") == {"A": None, "C": None, "F": None}
    assert column(market, "score", "volatility_60d") == {"A": None, "C": None, "F": None}


def test_zscores_are_of_the_winsorized_values(market: Place) -> None:
    # cut at -0.096 and 0.488; their mean is 0.1584, their variance 0.2019072 / 4
    deviation = math.sqrt(0.0504768)
    cut = {"A": 0.488, "B": 0.2, "C": 0.2, "D": -0.096, "E": 0.0}
    assert column(market, "zscore", "momentum_12m") == pytest.approx(
        {ticker: (value - 0.1584) / deviation for ticker, value in cut.items()}
    )


def test_a_missing_member_of_a_combination_counts_as_neutral(market: Place) -> None:
    momentum, rsi = column(market, "score", "momentum_12m"), column(market, "score", "rsi_14")
    combined = column(market, "raw_value", "momentum")
    tickers = sorted(momentum.keys() | rsi)
    halves = {ticker: ((momentum.get(ticker) or 0) + (rsi.get(ticker) or 0)) / 2 for ticker in tickers}
    assert combined == pytest.approx(halves)


def test_who_is_scored_and_when(market: Place) -> None:
    days = market.query("select distinct date from public.factor_scores where region = 'HA' and date < '2024-05-01'")
    assert {str(day) for (day,) in days} & {"2024-03-28", "2024-03-30"} == set()
    assert market.query("select 1 from public.factor_scores where region = 'HA' and date = '2024-11-30'") == []
    assert market.query("select 1 from factors.scored_days where region = 'HA' and date = '2024-03-29'") != []
    last = dict(market.query("select ticker, max(date)::text from public.factor_scores where region = 'HA' group by 1"))
    assert last["H"] == "2025-03-20"
    assert last.keys() == CLOSES.keys() - {"SPAC", "PREFERRED", "FUND", "ETF"}


@pytest.mark.parametrize("region", ["HA", "XA"])
def test_every_row_is_what_an_independent_program_gives(market: Place, region: str) -> None:
    assert unlike(market, region) == []


def test_an_applications_own_factor_is_left_alone(market: Place) -> None:
    assert market.query("select raw_value from public.factor_scores where factor_name = 'my_own'") == [(7,)]


def test_nothing_changed_writes_nothing(market: Place) -> None:
    def state() -> object:
        return row_versions(market), market.query("select max(written_at) from factors.scored_days")

    before = state()
    score(market)
    assert state() == before


def test_a_build_without_factors_leaves_them_out(market: Place) -> None:
    listed = market.run("dbt", "ls", "--exclude", "factors", "--output", "name", "--quiet", **ON).stdout.split()
    assert "factor_scores" in listed
    assert [name for name in listed if name.startswith("factor") and name != "factor_scores"] == []
