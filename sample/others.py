"""The tables that the target does not name: filters, Kelly sizing, risk, rebalancing, logs, statements."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sample.notes import Notes, Table, Writer, weekdays_before
from sample.universe import Listing

_TEMPLATES = (("conservative", "안정형"), ("balanced", "균형형"), ("aggressive", "공격형"))
_CLASSES = ("국내주식", "해외주식", "채권", "원자재", "현금")


def other_tables(notes: Notes, priced: list[Listing]) -> Iterator[Table]:
    """Fill the tables with a few rows each."""
    listings = [one for one in priced if one.known][: notes.options.scaled(120, 12)]
    yield from _analyses(notes, listings)
    yield from _filters(notes, listings)
    yield from _risk(notes)
    yield from _rebalancing(notes, listings)
    yield from _logs(notes, listings)
    companies = [one for one in priced if one.known and one.region == "KR" and not one.is_etf]
    yield from _statements(notes, companies[: notes.options.scaled(120, 6)])


def _analyses(notes: Notes, listings: list[Listing]) -> Iterator[Table]:
    write = Writer(notes, "kelly")
    day = write.end.isoformat()
    yield Table(
        "kelly_sizing",
        [(one.ticker, day, write.number(0.4, 0.7), write.number(5, 30), write.number(-12, -3),
        write.number(0, 0.4),
          write.maybe(write.number(0, 20)), write.stamp(day)) for one in listings],
    )  # fmt: skip
    yield Table(
        "kelly_analysis",
        [(one.ticker, one.region, write.pick(("Stage 2", "VCP", "SEPA")), write.number(3, 10),
        write.number(0.5, 1.5),
          write.number(0, 15), write.maybe("승률 65%,\n손익비 \"2.1\""),
          write.stamp(day)) for one in listings],
    )  # fmt: skip
    yield Table(
        "gpt_analysis",
        [(one.ticker, day, write.whole(0, 2), write.whole(0, 2), write.number(0, 1),
        "패턴 분석:\t거래량 감소\n" * write.whole(1, 9),
          write.number(0.0001, 0.01), "gpt-5", write.stamp(day)) for one in listings[:30]],
    )  # fmt: skip
    yield Table(
        "stock_sentiment",
        [(one.ticker, day, write.whole(0, 40), write.number(-1, 1), f"{one.name}, '사상 최대' 실적 “기대”",
        write.stamp(day))
         for one in listings],
    )  # fmt: skip


def _filters(notes: Notes, listings: list[Listing]) -> Iterator[Table]:
    write = Writer(notes, "filters")
    days = weekdays_before(write.end, 5)
    cases = [(one.ticker, one.region, day) for day in days for one in listings]
    yield Table(
        "filter_cache_stage0",
        [(*case, write.whole(10**9, 5 * 10**14), write.whole(10**6, 10**12), write.number(5, 9e4),
        write.whole(0, 2),
          write.maybe("시가총액 미달", 0.3), write.stamp(case[2])) for case in cases],
    )  # fmt: skip
    yield Table(
        "filter_cache_stage1",
        [(*case, write.whole(0, 2), write.number(5, 95), write.pick(("BULLISH", "BEARISH")),
        write.whole(0, 2),
          write.stamp(case[2])) for case in cases[::2]],
    )  # fmt: skip
    yield Table(
        "filter_cache_stage2",
        [(*case, write.number(0, 100), place, write.whole(0, 2), write.stamp(case[2]))
         for place, case in enumerate(cases[::4], 1)],
    )  # fmt: skip
    yield Table(
        "filter_execution_log",
        [(region, stage, 1_000 // (stage + 1), 100 // (stage + 1), write.whole(10, 90_000),
        write.maybe("타임아웃", 0.05), write.utc(day))
         for day in days for region in ("KR", "US") for stage in (0, 1, 2)],
    )  # fmt: skip


def _risk(notes: Notes) -> Iterator[Table]:
    write = Writer(notes, "risk")
    limits = (
        ("daily_loss", -3.0),
        ("position_size", 15.0),
        ("sector_exposure", 40.0),
        ("consecutive_losses", 3.0),
    )
    yield Table(
        "risk_limits",
        [(name, value, "PERCENT", f"한도 {value}", 1, write.stamp()) for name, value in limits],
    )
    yield Table(
        "circuit_breaker_logs",
        [(limits[place % 4][0], write.number(-9, 60), limits[place % 4][1], "한도 초과",
          json.dumps({"positions": write.whole(1, 12), "메모": "자동 중단", "pnl": write.number(-9, 0),
          "tags": ["a", None]}, ensure_ascii=False),
          write.stamp(), write.maybe(write.stamp(share=0), 0.5)) for place in range(12)],
    )  # fmt: skip


def _rebalancing(notes: Notes, listings: list[Listing]) -> Iterator[Table]:
    write = Writer(notes, "rebalancing")

    def allocation() -> str:
        return json.dumps({name: write.number(0, 60) for name in _CLASSES}, ensure_ascii=False)

    yield Table(
        "portfolio_templates",
        [(name, korean, name, allocation(), "hybrid", 5.0, 1, write.stamp()) for name, korean in _TEMPLATES],
    )  # fmt: skip
    yield Table(
        "asset_class_holdings",
        [(name, write.pick(_CLASSES), one.ticker, write.number(0, 90), write.number(5, 9e4),
        write.number(0, 30), write.number(0, 30),
          write.stamp()) for name, _ in _TEMPLATES for one in listings[:8]],
    )  # fmt: skip
    yield Table(
        "allocation_drift_log",
        [(name, asset, 20.0, write.number(5, 40), write.number(-15, 20),
        write.pick(("GREEN", "YELLOW", "RED")), write.stamp())
         for name, _ in _TEMPLATES for asset in _CLASSES],
    )  # fmt: skip
    yield Table(
        "rebalancing_history",
        [(name, "THRESHOLD", allocation(), write.maybe(allocation()), write.number(1e6, 1e9), "COMPLETED",
        write.stamp())
         for name, _ in _TEMPLATES for _ in range(3)],
    )  # fmt: skip
    yield Table(
        "rebalancing_orders",
        [(number, one.ticker, write.pick(("BUY", "SELL")), float(write.whole(1, 90)), write.number(5, 9e4),
        "FILLED",
          write.stamp()) for number in range(1, 10) for one in listings[:3]],
    )  # fmt: skip


def _logs(notes: Notes, listings: list[Listing]) -> Iterator[Table]:
    write = Writer(notes, "logs")
    paths = (
        "/uapi/domestic-stock/v1/quotations/inquire-price",
        "/oauth2/tokenP",
        "/uapi/overseas-price/v1/quotations/price",
    )
    yield Table(
        "kis_api_logs",
        [(write.pick(paths), "GET", write.pick((200, 200, 200, 429, 500)), write.number(20, 900),
          write.maybe("초당 거래건수를 초과하였습니다.", 0.05),
          write.utc(write.past(30))) for _ in range(notes.options.scaled(500, 40))],
    )  # fmt: skip
    names = (
        "add_market_tier",
        "add_region_column",
        "add_etf_tables",
        "fundamentals_fiscal_year",
        "add_layer_scores",
    )
    yield Table(
        "migration_history",
        [(name, write.utc(write.past(500)), write.maybe("완료", 0.6)) for name in names],
    )
    yield Table(
        "corporate_actions",
        [(one.ticker, one.region, write.pick(("SPLIT", "DIVIDEND")), write.past(700),
        write.maybe(float(write.whole(2, 50)), 0.4),
          write.maybe(write.number(0.1, 900), 0.6), write.stamp()) for one in listings[:60]],
    )  # fmt: skip
    yield Table(
        "failed_tickers",
        [(one.ticker, one.region, write.whole(1, 9), "HTTP 404: \"no data\"",
        write.stamp()) for one in listings[-5:]],
    )  # fmt: skip


def _statements(notes: Notes, companies: list[Listing]) -> Iterator[Table]:
    write = Writer(notes, "statements")
    cases: list[tuple[Any, ...]] = [
        (one.ticker, write.end.year - back, period)
        for one in companies
        for back in (1, 2, 3)
        for period in ("ANNUAL", "SEMI-ANNUAL")
    ]

    def amounts(count: int) -> list[tuple[Any, ...]]:
        return [
            (*case, *(write.maybe(write.whole(-(10**12), 5 * 10**14)) for _ in range(count)), write.stamp())
            for case in cases
        ]

    yield Table("balance_sheets", amounts(3))
    # Earnings per share stand behind the amounts.
    yield Table(
        "income_statements",
        [(*row[:-1], write.maybe(write.number(-4_000, 60_000)), row[-1]) for row in amounts(3)],
    )
    yield Table("cash_flow_statements", amounts(4))
    yield Table(
        "financial_ratios",
        [(*case, *(write.maybe(write.number(-40, 300)) for _ in range(5)), write.stamp()) for case in cases],
    )
