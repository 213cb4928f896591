"""`python -m loader.run status`: the ledger, for people."""

from __future__ import annotations

from loader.ledger import Ledger
from quant.errors import WELL
from quant.server.watch import wait_limit, watching
from quant.target import LOADER, resolve
from quant.text import printable


def show(target_name: str | None) -> int:
    """Print the last loads and the tables of raw, and return the exit code."""
    target = resolve(target_name)
    with watching(target, LOADER, wait_limit()), target.connected() as connection:
        ledger = Ledger(connection)
        if not ledger.exists():
            print(f"Nothing was loaded into {target} yet: run `python -m loader.run`.")
            return WELL
        loads, lines = ledger.loads(5), ledger.lines()
    print(f"Loads into {target}, newest first:")
    for load in loads:
        ended = f"{load.finished_at:%Y-%m-%d %H:%M:%S %Z}" if load.finished_at else "not finished: running or killed"
        began = f"{load.started_at:%Y-%m-%d %H:%M:%S %Z}"
        print(printable(f"  {load.load_id:>5}  {began}  to  {ended}  {load.source}  {load.outcome or ''}".rstrip()))
    print(f"{'table':40}{'source rows':>14}{'raw rows':>14}{'rejected':>10}{'windows':>9}{'load':>7}")
    for line in lines:
        print(printable(f"{line[0]:40}{line[1]:>14,}{line[2]:>14,}{line[3]:>10,}{line[4]:>9,}{line[5]:>7}"))
    return WELL
