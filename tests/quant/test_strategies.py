"""Strategies, backtests, portfolios: what applications alone write."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from quant import IntegrityError, InvalidValue, PostgresDatabaseManager, UnknownName, UnknownParent


@pytest.fixture
def strategy(db: PostgresDatabaseManager) -> int:
    db.insert_ticker({"ticker": "QNT", "region": "US", "exchange": "NASDAQ"})
    return db.insert_strategy({"name": "momentum", "factor_weights": {"momentum": 0.6}, "constraints": [1, "x"]})


def test_a_strategy(db: PostgresDatabaseManager, strategy: int) -> None:
    found = db.get_strategy(strategy)
    assert found
    assert (found["factor_weights"], found["constraints"]) == ({"momentum": 0.6}, [1, "x"])
    with pytest.raises(IntegrityError, match="momentum"):
        db.insert_strategy({"name": "momentum"})
    for given in ({"name": "x" * 101}, {}, {"name": "y", "x": 1}, {"id": "one"}):
        with pytest.raises((InvalidValue, UnknownName)):
            db.insert_strategy(given)
    with pytest.raises(InvalidValue, match="too long"):
        db.bulk_insert("strategies", [{"name": f"{number:0101}"} for number in range(60)])
    second = db.insert_strategy({"name": "value"})
    assert [one["id"] for one in db.get_strategies()] == [second, strategy]
    assert db.get_strategy(-1) is None


def test_results_of_backtests(db: PostgresDatabaseManager, strategy: int) -> None:
    row = {"strategy_id": strategy, "start_date": "2020-01-01", "end_date": date(2024, 1, 1), "sharpe_ratio": 1.25}
    first = db.insert_backtest_result({**row, "results": {"nan": float("nan"), "curve": [1, 2.5]}})
    second = db.insert_backtest_result({**row, "final_capital": Decimal("1000000.1234"), "num_trades": 7})
    newest, oldest = db.get_backtest_results(strategy)
    assert (newest["id"], oldest["id"]) == (second, first)
    assert (newest["final_capital"], newest["sharpe_ratio"]) == (Decimal("1000000.1234"), Decimal("1.25"))
    assert oldest["results"] == {"nan": None, "curve": [1, 2.5]}
    assert [one["id"] for one in db.get_backtest_results(strategy, 1)] == [second]
    for limit in ("1", 1.5, -1, True):
        with pytest.raises(InvalidValue, match="limit"):
            db.get_backtest_results(strategy, limit)  # type: ignore[arg-type]
    with pytest.raises(UnknownParent, match="strategies"):
        db.insert_backtest_result({**row, "strategy_id": -1})


def test_walk_forward_and_optimisations(db: PostgresDatabaseManager, strategy: int) -> None:
    days = dict.fromkeys(("train_start_date", "train_end_date", "test_start_date", "test_end_date"), "2024-01-01")
    number = db.insert_walk_forward_result({"strategy_id": strategy, **days, "optimal_params": {"n": 20}})
    assert [(one["id"], one["optimal_params"]) for one in db.get_walk_forward_results(strategy, 5)] == [
        (number, {"n": 20})
    ]
    with pytest.raises(IntegrityError, match="method"):
        db.insert_optimization({"optimization_date": "2024-01-01", "universe": "KOSPI", "optimal_weights": {}})
    row = {"optimization_date": "2024-01-01", "universe": "KOSPI", "method": "hrp", "optimal_weights": {"005930": 1}}
    db.insert_optimization(row)
    newest = db.insert_optimization({**row, "optimization_date": "2024-02-01"})
    assert [one["id"] for one in db.get_optimization_history("KOSPI", "hrp", 1)] == [newest]
    assert db.get_optimization_history("NASDAQ") == []


def test_transactions_and_holdings(db: PostgresDatabaseManager, strategy: int) -> None:
    bought = {
        "strategy_id": strategy, "ticker": "QNT", "region": "US", "date": "2024-01-05", "transaction_type": "BUY",
        "shares": 10, "price": Decimal("2.5"), "commission": 0.25,
    }  # fmt: skip
    number = db.insert_portfolio_transaction(bought)
    assert [(one["id"], one["total_value"]) for one in db.get_portfolio_transactions(strategy)] == [
        (number, Decimal("25.25"))
    ]
    with pytest.raises(UnknownName, match="total_value"):
        db.insert_portfolio_transaction({**bought, "total_value": 1})
    with pytest.raises(IntegrityError, match="check"):
        db.insert_portfolio_transactions([bought, {**bought, "transaction_type": "HOLD"}])
    assert db.insert_portfolio_transactions(pd.DataFrame([bought] * 60)) == 60
    assert len(db.get_portfolio_transactions(ticker="QNT", region="US", limit=100)) == 61
    held = {"strategy_id": strategy, "ticker": "QNT", "region": "US", "date": "2024-01-05", "shares": 10}
    assert db.insert_portfolio_holdings([held]) == 1
    assert db.insert_portfolio_holdings([held]) == 0
    assert db.insert_portfolio_holdings([{**held, "weight": 0.5}]) == 1
    [found] = db.get_portfolio_holdings(strategy, "2024-01-05")
    assert (found["shares"], found["weight"]) == (Decimal(10), Decimal("0.5"))
    assert db.get_portfolio_holdings(strategy, as_of="2024-01-04") == []


def test_scores_of_factors_until_a_day(db: PostgresDatabaseManager) -> None:
    days = pd.date_range("2024-01-01", periods=100)
    frame = pd.DataFrame({"ticker": "QNT", "region": "US", "factor_name": "m", "date": days, "score": range(100)})
    assert db.insert_factor_scores(frame) == 100
    found = db.get_factor_scores("m", as_of="2024-01-10", limit=2)
    assert [(one["date"], one["score"]) for one in found] == [(date(2024, 1, 10), 9.0), (date(2024, 1, 9), 8.0)]
    assert len(db.get_factor_scores(date="2024-01-10", ticker="QNT", region="US")) == 1
    with pytest.raises(IntegrityError, match="percentile"):
        db.insert_factor_scores(frame.assign(percentile=101.0))
