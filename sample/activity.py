"""What the application did and watched.

Fundamentals, analyses, trades, the portfolio, market sentiment, world indices and exchange rates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sample.notes import Notes, Table, Writer, weekdays_before
from sample.universe import Listing, Universe

_MONEY = (
    "total_assets", "total_liabilities", "total_equity", "revenue", "operating_profit", "net_income",
    "ebitda", "cogs",
    "gross_profit", "depreciation", "interest_expense", "current_assets", "current_liabilities", "inventory",
    "accounts_receivable", "cash_and_equivalents", "operating_cash_flow", "capital_expenditure",
)  # fmt: skip
_INDICES = (
    ("^GSPC", "S&P 500", "US"), ("^IXIC", "NASDAQ Composite", "US"), ("^DJI", "Dow Jones", "US"),
    ("^KS11", "KOSPI 지수", "KR"),
    ("^KQ11", "KOSDAQ 지수", "KR"), ("^N225", "日経平均株価", "JP"), ("^HSI", "恒生指數", "HK"),
    ("000001.SS", "上证指数", "CN"),
    ("^VNINDEX", "VN-Index", "VN"), ("^AXJO", "Asia Dow", "ASIA"), ("^XYZ", "알 수 없음", "UNKNOWN"),
)  # fmt: skip
_RATES = {"USD": 1_380.0, "JPY": 9.2, "CNY": 191.0, "HKD": 177.0, "VND": 0.0545}
_REASONS = (
    "VCP 돌파\t거래량 2배",
    '손절: "-7%" 규칙',
    "목표가 도달\n분할 매도",
    "",
    "컵앤핸들 패턴; 피벗 돌파",
)
_GPT = (
    "1. 추세: 상승\n2. 패턴: \"VCP\" 형성 중\n\t- 수축 3회, 'tight' 구간\n3. 결론: 매수 관심 — 손절 -7%, 목표 +20% 📈\n"
)


def activity_tables(notes: Notes, universe: Universe, priced: list[Listing]) -> Iterator[Table]:
    """Fill the seven tables.

    Args:
        notes: where planted dirt is written down.
        universe: all securities.
        priced: securities that have prices, each once; those with a parent and those without one.
    """
    yield _fundamentals(notes, universe)
    own = [one for one in priced if universe.region_of(one.ticker) == one.region]
    yield _technical_analysis(notes, own)
    yield _trades(notes, priced)
    yield _portfolio(notes, own)
    yield _sentiment(notes)
    yield _world_indices(notes)
    yield _exchange_rates(notes)


def _mixed(listings: list[Listing], count: int, orphan_share: float) -> list[Listing]:
    """`count` securities, about `orphan_share` of them without a parent where there are such."""
    orphans = [one for one in listings if not one.known][: round(count * orphan_share)]
    parents = [one for one in listings if one.known]
    return parents[: count - len(orphans)] + orphans


def _note_orphans(notes: Notes, table: str, listings: list[Listing]) -> None:
    keys = [one.ticker for one in listings if not one.known]
    if keys:
        notes.plant("orphans", table, sorted(set(keys)))


def _fundamentals(notes: Notes, universe: Universe) -> Table:
    write = Writer(notes, "ticker_fundamentals")
    count = notes.options.scaled(238, 36)
    stocks = universe.of("KR", etf=False)[:count]
    orphans = [one for one in universe.orphans if not one.is_etf][: min(notes.options.scaled(199, 30), count)]
    # Few parents, each with several periods; many orphans with one row.
    kept = stocks[: max(1, (count - len(orphans)) // 4)] if orphans else stocks
    subjects = [kept[place % len(kept)] for place in range(count - len(orphans))] + orphans
    rows: list[tuple[Any, ...]] = []
    seen: dict[str, int] = {}
    for rowid, one in enumerate(subjects, 1):
        turn = seen[one.ticker] = seen.get(one.ticker, -1) + 1
        period = ("DAILY", "ANNUAL", "QUARTERLY", "SEMI-ANNUAL")[turn % 4]
        year = None if period == "DAILY" else write.end.year - 1 - turn // 4
        day = write.end.isoformat() if year is None else f"{year}-{('12-31', '09-30', '06-30')[turn % 4 - 1]}"
        if period == "DAILY" and turn:
            day = weekdays_before(write.end, turn + 1)[0]
        per, pbr = write.number(3, 60), write.number(0.2, 8)
        if write.dirty and rowid % 12 == 1:
            per = write.number(1_000, 54_000)
            notes.plant("per_above_1000", "ticker_fundamentals.per", [rowid])
        elif write.dirty and rowid % 12 == 5:
            per, pbr = -per, -pbr
            notes.plant("negative_per_and_pbr", "ticker_fundamentals", [rowid])
        shares, close = write.whole(10**6, 6 * 10**9), write.number(900, 90_000)
        money = [write.whole(-(10**12) if name == "net_income" else 10**9, 4 * 10**14) for name in _MONEY]
        filled = [None] * len(money) if period == "DAILY" else [write.maybe(value, 0.85) for value in money]
        rows.append((
            one.ticker, write.day("date", rowid, day), period, year, shares, int(shares * close), close,
            write.maybe(per, 1.0), pbr,
            write.maybe(write.number(0.1, 9)), write.maybe(write.number(1, 40)),
            write.maybe(int(shares * close * 1.1), 0.6),
            write.maybe(write.number(2, 30), 0.6), write.number(0, 7), write.maybe(write.number(0, 3_000)),
            write.stamp(), write.pick(("DART", "KIS_API", "yfinance")), *filled,
        ))  # fmt: skip
    added: tuple[str, ...] = ()
    if write.dirty:
        added = ("free_float_percentage",)
        rows = [(*row, write.maybe(write.number(5, 100), 0.7)) for row in rows]
        notes.plant("drift_columns", "ticker_fundamentals", [*added])
    _note_orphans(notes, "ticker_fundamentals", subjects)
    notes.refer("ticker_fundamentals", {(one.ticker, one.region) for one in subjects})
    return Table("ticker_fundamentals", rows, added)


def _technical_analysis(notes: Notes, own: list[Listing]) -> Table:
    write = Writer(notes, "technical_analysis")
    subjects = _mixed(own, notes.options.scaled(100, 10), 0.3)
    days = weekdays_before(write.end, 4)
    rows: list[tuple[Any, ...]] = []
    for day in days:
        for one in subjects:
            scores = [write.number(0, 25), write.number(0, 45), write.number(0, 30)]
            total = sum(scores)
            rows.append((
                one.ticker, write.day("analysis_date", len(rows) + 1, day), write.whole(1, 5),
                write.maybe(write.number(0, 1)), *scores, total,
                "BUY" if total >= 70 else "WATCH" if total >= 50 else "AVOID", write.number(0, 1),
                write.pick((None, "VCP", "Cup & Handle", "")) if write.dirty else "VCP",
                write.maybe(write.number(0, 1), 0.4),
                write.maybe(_GPT * write.whole(1, 5), 0.4), write.stamp(day),
            ))  # fmt: skip
    _note_orphans(notes, "technical_analysis", subjects)
    notes.refer("technical_analysis", {(one.ticker, one.region) for one in subjects})
    return Table("technical_analysis", rows)


def _trades(notes: Notes, priced: list[Listing]) -> Table:
    write = Writer(notes, "trades")
    subjects = _mixed(priced, notes.options.scaled(60, 12), 0.25)
    collisions = [one for one in priced if one.region == "VN" and not one.known][:2]
    rows: list[tuple[Any, ...]] = []
    days = weekdays_before(write.end, 240)
    for number in range(notes.options.scaled(300, 30)):
        one = collisions[number // 20 % 2] if collisions and number % 20 == 9 else write.pick(subjects)
        place = write.whole(0, 200)
        entry, leave = days[place], days[place + write.whole(1, 40)]
        price, quantity, closed = (
            round(write.number(5, 90_000), 2),
            write.whole(1, 2_000),
            write.rng.random() < 0.6,
        )
        exit_price = price * write.number(0.85, 1.3) if closed else None
        bought = write.stamp(entry)
        rows.append((
            one.ticker, one.region, write.pick(("BUY", "BUY", "SELL")), write.pick(("LIMIT", "MARKET")),
            quantity, price, exit_price, price,
            price * quantity, price * quantity * 0.00015, price * quantity * 0.0018 if closed else 0.0,
            f"{number:010d}",
            write.maybe(f"{number:08d}"), write.stamp(entry), write.stamp(leave) if closed else None,
            bought, write.maybe(bought), "CLOSED" if closed else "OPEN", write.maybe("정보기술", 0.7),
            write.maybe(write.number(1, 15)),
            write.pick(_REASONS) if write.dirty else _REASONS[0], write.stamp(entry),
        ))  # fmt: skip
    pairs = {(row[0], row[1]) for row in rows}
    _note_orphans(notes, "trades", [one for one in [*subjects, *collisions] if (one.ticker, one.region) in pairs])
    notes.refer("trades", pairs)
    return Table("trades", rows)


def _portfolio(notes: Notes, own: list[Listing]) -> Table:
    write = Writer(notes, "portfolio")
    subjects = _mixed(own, notes.options.scaled(25, 8), 0.3)
    rows: list[tuple[Any, ...]] = []
    for rowid, one in enumerate(subjects, 1):
        paid, now, held = write.number(1_000, 90_000), write.number(1_000, 90_000), write.whole(1, 500)
        rows.append((
            one.ticker, held, paid, now, now * held, (now - paid) * held, (now / paid - 1) * 100,
            paid * 0.93, paid * 1.2,
            write.day("entry_date", rowid, write.past(200), 0.2), write.maybe(write.number(50, 95)),
            write.stamp(),
        ))  # fmt: skip
    _note_orphans(notes, "portfolio", subjects)
    notes.refer("portfolio", {(one.ticker, one.region) for one in subjects})
    return Table("portfolio", rows)


def _sentiment(notes: Notes) -> Table:
    write = Writer(notes, "market_sentiment")
    rows = [
        (
            write.day("date", rowid, day), write.number(11, 45), write.number(0, 100),
            write.number(2_300, 3_500), write.number(650, 950),
            write.whole(-(10**12), 10**12), write.maybe(write.whole(-(10**12), 10**12)),
            write.number(1_280, 1_480), write.number(8.5, 9.9),
            write.maybe(write.number(58, 90)), write.maybe(write.number(1_900, 3_900)),
            write.pick(("강세", "약세", "중립")),
            write.number(-1, 1), write.stamp(day),
        )
        for rowid, day in enumerate(weekdays_before(write.end, notes.options.scaled(250, 20)), 1)
    ]  # fmt: skip
    return Table("market_sentiment", rows)


def _world_indices(notes: Notes) -> Table:
    write = Writer(notes, "global_market_indices")
    rows: list[tuple[Any, ...]] = []
    levels = {symbol: 1_000.0 + 37.0 * place**3 for place, (symbol, _, _) in enumerate(_INDICES)}
    for day in weekdays_before(write.end, notes.options.scaled(250, 20)):
        for symbol, name, region in _INDICES:
            before = levels[symbol]
            close = levels[symbol] = before * (1 + write.number(-0.02, 0.021))
            rows.append((
                write.day("date", len(rows) + 1, day, 0.02), symbol, name, region, close, before,
                max(before, close) * 1.004,
                min(before, close) * 0.996, write.maybe(write.whole(10**8, 6 * 10**9), 0.8),
                (close / before - 1) * 100,
                write.pick(("UP", "DOWN", "SIDEWAYS")), write.whole(-6, 7), write.stamp(day),
            ))  # fmt: skip
    return Table("global_market_indices", rows)


def _exchange_rates(notes: Notes) -> Table:
    write = Writer(notes, "exchange_rate_history")
    rows: list[tuple[Any, ...]] = []
    for day in weekdays_before(write.end, notes.options.scaled(250, 20)):
        for currency, usual in _RATES.items():
            level = usual * (1 + write.number(-0.05, 0.05))
            # A second fetch of the same day: another time, a slightly other rate.
            twice = write.dirty and write.rng.random() < 0.12
            if twice:
                notes.plant("fx_two_a_day", "exchange_rate_history", [[currency, day]])
            for time in ("T09:05:00.123456", "T15:35:10.654321") if twice else ("T09:05:00.123456",):
                rate_date = write.day("rate_date", len(rows) + 1, day, 0.02)
                rows.append((
                    currency, level * (1 + write.number(-0.001, 0.001)), day + time, rate_date,
                    write.pick(("BOK", "KIS", "fallback")),
                    write.utc(day),
                ))  # fmt: skip
    return Table("exchange_rate_history", rows)
