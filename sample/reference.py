"""The tables that say what a security is: tickers, stock_details, etfs, etf_details, etf_holdings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sample.notes import Notes, Table, Writer
from sample.universe import CURRENCIES, Listing, Universe

# (sector, sector code, industry, industry code); codes of the American source are words, longer than ten
# characters.
_SECTORS = (
    ("정보기술", "G4510", "반도체", "G451010"),
    ("헬스케어", "G3510", "제약", "G351010"),
    ("금융", "G4010", "은행", "G401010"),
    ("Technology", "technology", "Software - Infrastructure", "software-infrastructure"),
    ("Consumer Cyclical", "consumer-cyclical", "Auto Manufacturers", "auto-manufacturers"),
    ("Healthcare", "healthcare", "Drug Manufacturers - General", "drug-manufacturers-general"),
    ("Industrials", "20", "Machinery", "2010"),
    ("소재", "G1510", "철강·금속", "G151040"),
)
_STRATEGY = (
    "이 투자신탁은\t{index} 지수를 기초지수로 하여,\n"
    "1좌당 순자산가치의 변동률을 기초지수의 변동률과 유사하도록 "
    "투자신탁재산을 운용함을 목적으로 합니다.\r\n"
    "\"완전복제\"를 원칙으로 하되, 필요시 '부분복제' 기법을 적용할 수 있습니다.\n\n"
    "\t- 환헤지: {hedge}\n\t- 파생상품: 순자산의 {share}% 이내, "
    "\\백슬래시\\와 쉼표, 세미콜론; 그리고 이모지 📈 포함\n"
)
_INDICES = (
    "코스피 200",
    "KRX 반도체",
    "S&P 500",
    "NASDAQ-100",
    "FnGuide 고배당",
    "코스닥 150",
    "CSI 300",
    "TOPIX",
)
_HOLDINGS_EACH = 20


def reference_tables(notes: Notes, universe: Universe, first_days: dict[tuple[str, str], date]) -> Iterator[Table]:
    """Fill the five tables; `first_days` has the first day of prices of those that have any."""
    yield _tickers(notes, universe, first_days)
    yield _stock_details(notes, universe)
    etfs = _etfs(notes, universe)
    yield etfs
    yield _etf_details(notes, universe)
    yield _etf_holdings(notes, universe, [row[0] for row in etfs.rows])


def _tickers(notes: Notes, universe: Universe, first_days: dict[tuple[str, str], date]) -> Table:
    write = Writer(notes, "tickers")
    sources = {
        "KR": "KIS_API",
        "US": "KIS_US",
        "JP": "yfinance",
        "HK": "KIS_HK",
        "CN": "AkShare",
        "VN": "yfinance",
    }
    rows = []
    for rowid, one in enumerate(universe.listed, 1):
        korean = one.region == "KR"
        # A security with prices was listed before the first of them and still is.
        first = first_days.get((one.ticker, one.region))
        active = first is not None or write.rng.random() > 0.02
        listing = ((first or write.end) - timedelta(days=write.whole(1_000, 9_000))).isoformat()
        listing = write.maybe(write.day("listing_date", rowid, listing) if korean else listing, 0.98)
        english = (one.name if one.name.isascii() else f"{one.ticker} Co., Ltd.") if write.rng.random() < 0.7 else None
        if write.dirty and english is None and write.rng.random() < 0.3:
            english = ""
        rows.append((
            one.ticker, one.name, english, one.exchange, one.region, CURRENCIES[one.region],
            "ETF" if one.is_etf else "STOCK", listing, 100 if one.region in ("CN", "HK", "JP") else 1,
            write.maybe(write.pick(_SECTORS)[1], 0.6), int(active), None if active else write.past(900),
            write.stamp(), write.stamp(), write.maybe(write.stamp(share=0), 0.3),
            sources[one.region], write.pick(("MAIN", "MAIN", "NXT", "KONEX")) if korean else "MAIN",
        ))  # fmt: skip
    # A date that was drawn and then left NULL was noted all the same: keep only what stands there.
    standing = {rowid for rowid, row in enumerate(rows, 1) if row[7] is not None}
    for kind, places in notes.kinds.items():
        if kind.startswith("date_") and "tickers.listing_date" in places:
            places["tickers.listing_date"] = [rowid for rowid in places["tickers.listing_date"] if rowid in standing]
    return Table("tickers", rows)


def _stock_details(notes: Notes, universe: Universe) -> Table:
    write = Writer(notes, "stock_details")
    parents = [one for one in universe.listed if not one.is_etf]
    orphans = [one for one in universe.orphans if not one.is_etf] + universe.detail_orphans
    rows: list[tuple[Any, ...]] = []
    for one in [*parents, *orphans]:
        sector, sector_code, industry, industry_code = write.pick(_SECTORS)
        if len(industry_code) > 10:
            notes.feature("industry_codes_over_10_characters")
        if write.dirty and write.rng.random() < 0.03:
            sector = industry = ""
        rows.append((
            one.ticker, write.maybe(sector), sector_code, write.maybe(industry), industry_code,
            int("스팩" in one.name),
            int(one.ticker[-1:] in "5KLM" and one.region == "KR"), write.pick((None, 100, 500, 1000, 5000)),
            one.region if one.known else None, write.stamp(), write.stamp(),
            write.maybe(write.stamp(share=0), 0.2),
        ))  # fmt: skip
    if orphans:
        keys = [one.ticker for one in orphans]
        notes.plant("orphans", "stock_details", keys)
        notes.plant("null_region", "stock_details", list(range(len(parents) + 1, len(rows) + 1)))
    notes.refer("stock_details", {(one.ticker, one.region) for one in [*parents, *orphans]})
    return Table("stock_details", rows)


def _etfs(notes: Notes, universe: Universe) -> Table:
    write = Writer(notes, "etfs")
    funds = [one for one in universe.listed if one.is_etf]
    if write.dirty:
        # The known funds first; of the others one in twenty never got its row, and some orphans did.
        funds = [one for place, one in enumerate(funds) if place % 20 != 19]
        strays = [one for one in universe.orphans if one.is_etf][: notes.options.scaled(40, 1)]
        notes.plant("orphans", "etfs", [one.ticker for one in strays])
        funds += strays
    rows: list[tuple[Any, ...]] = []
    for rowid, one in enumerate(funds, 1):
        inverse = "인버스" in one.name
        rows.append((
            one.ticker, one.name, write.maybe(f"{one.ticker} ETF", 0.4), one.region, one.exchange,
            write.pick(("주식", "채권", "원자재")),
            write.maybe("" if write.dirty and write.rng.random() < 0.2 else "섹터", 0.5),
            write.pick(_INDICES), write.number(1e9, 9e12), round(write.number(0.01, 0.9), 4),
            write.whole(10**5, 10**8), write.pick(("삼성자산운용", "미래에셋자산운용", "KB자산운용",
            "BlackRock")),
            write.day("inception_date", rowid, write.past(7_000)),
            -1.0 if inverse else write.pick((1.0, 1.0, 2.0)), int(inverse),
            int("(H)" in one.name), *(write.maybe(write.number(0, 2), 0.7) for _ in range(4)),
            write.maybe(write.number(-1, 1)),
            write.number(100, 5e6), write.number(1e6, 5e11), write.stamp(), write.stamp(), "ETFCheck",
        ))  # fmt: skip
    notes.refer("etfs", {(one.ticker, one.region) for one in funds})
    return Table("etfs", rows)


def _etf_details(notes: Notes, universe: Universe) -> Table:
    write = Writer(notes, "etf_details")
    orphans = [one for one in universe.orphans if one.is_etf]
    funds = universe.of("KR", etf=True) + orphans
    rows: list[tuple[Any, ...]] = []
    for rowid, one in enumerate(funds, 1):
        index, high = write.pick(_INDICES), write.whole(5_000, 150_000)
        ratio = write.pick((0.15, 0.05, 0.0099, 0.0085, 0.4525, 0.06999999999999999))
        if write.dirty and round(ratio, 2) != ratio:
            notes.plant("expense_ratio_decimals", "etf_details.expense_ratio", [rowid])
        strategy = _STRATEGY.format(index=index, hedge=write.pick(("함", "안 함")), share=write.whole(1, 40))
        rows.append((
            one.ticker,
            write.pick(("삼성자산운용", "미래에셋자산운용", "KB자산운용",
            "")) if write.dirty else "삼성자산운용",
            write.day("inception_date", rowid, write.past(7_000), 0.1),
            write.pick(("주식", "채권", "혼합자산")), index,
            write.pick(("국내", "해외", "글로벌")), write.maybe(write.pick(("반도체", "2차전지", "배당")),
            0.5),
            write.pick(("수익증권형", "패시브")), write.whole(10**9, 9 * 10**12), write.whole(10**5, 10**8),
            write.whole(5, 900),
            ratio if write.dirty else round(ratio, 2), write.maybe(write.number(0.01, 1.2)),
            write.pick(("1배", "2배", "-1배", "-2배")),
            int("(H)" in one.name), *(write.maybe(write.number(0, 2), 0.7) for _ in range(4)), high,
            high * 7 // 10,
            write.maybe(write.whole(0, 2), 0.95), write.maybe(strategy * write.whole(1, 6), 0.9),
            write.stamp(),
            write.stamp(), "ETFCheck",
        ))  # fmt: skip
    added: tuple[str, ...] = ()
    if write.dirty:
        # No script creates this column: it was added by hand.
        added = ("actual_expense_ratio",)
        rows = [(*row, write.maybe(row[11] * 1.37, 0.8)) for row in rows]
        notes.plant("drift_columns", "etf_details", [*added])
        notes.plant("orphans", "etf_details", [one.ticker for one in orphans])
    notes.refer("etf_details", {(one.ticker, one.region) for one in funds})
    return Table("etf_details", rows, added)


def _etf_holdings(notes: Notes, universe: Universe, etf_rows: list[str]) -> Table:
    write = Writer(notes, "etf_holdings")
    funds = [one for one in universe.listed if one.is_etf]
    known = set(etf_rows)
    # Some of the funds that never got their row have holdings all the same.
    missing = [one for one in funds if one.ticker not in known][: notes.options.scaled(12, 1)]
    funds = funds[:3] + missing + [one for one in funds[3:] if one not in missing]
    wanted = notes.options.scaled(5_000, 200)
    stocks = {region: universe.of(region, etf=False) for region in ("KR", "US", "JP", "CN")}
    days = (write.end.isoformat(), (write.end - timedelta(days=30)).isoformat())
    rows: list[tuple[Any, ...]] = []
    place = 0
    while len(rows) < wanted:
        fund, as_of = funds[place // 2 % len(funds)], days[place % 2]
        place += 1
        # A third of the funds hold foreign shares; the known companies lead, so that funds share holdings.
        pool: list[Listing] = stocks[write.pick(("KR", "KR", "US", "US", "JP", "CN")) if fund.region == "KR" else "US"]
        if write.dirty and fund.region == "KR" and write.rng.random() < 0.3:
            pool = [one for one in universe.orphans if not one.is_etf] or pool
        held = pool[:4] + write.rng.sample(pool, min(_HOLDINGS_EACH, len(pool)))
        held = list({one.ticker: one for one in held}.values())[:_HOLDINGS_EACH]
        for rank, one in enumerate(held[: wanted - len(rows)], 1):
            rowid = len(rows) + 1
            weight = write.number(0.05, 12.0)
            rows.append((
                fund.ticker, one.ticker, weight, write.maybe(write.whole(1, 10**7)),
                write.maybe(weight * 1e9), rank,
                write.maybe(write.number(-1, 1), 0.5), as_of, write.stamp(), write.pick(("ETFCheck", "KRX")),
            ))  # fmt: skip
            notes.refer("etf_holdings", {(fund.ticker, fund.region), (one.ticker, one.region)})
            if not one.known:
                notes.plant("orphans", "etf_holdings.stock_ticker", [rowid])
            if fund.ticker not in known:
                notes.etf_references.add((fund.ticker, fund.region))
                notes.plant("orphans", "etf_holdings.etf_ticker", [rowid])
            if fund.region != one.region:
                notes.feature("etf_holdings_across_regions")
    return Table("etf_holdings", rows)
