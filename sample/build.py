"""Writes the database: into a file beside the wanted one, which takes its name when all is done."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from quant.errors import UserError
from sample.activity import activity_tables
from sample.hostile import plant_hostile
from sample.manifest import make_manifest, sampled_tickers
from sample.notes import Notes, Table
from sample.ohlcv import COLUMNS, Prices, make_prices
from sample.options import Options
from sample.others import other_tables
from sample.plan import plan_prices
from sample.price_rows import lay_dirt, note_prices, price_rows
from sample.progress import Progress
from sample.reference import reference_tables
from sample.schema import statements
from sample.universe import Listing, Universe, make_universe

# "Spok": marks a file as one of ours in SQLite's header, so that nothing else is ever overwritten.
APPLICATION_ID = 0x53706F6B


def manifest_path(database: Path) -> Path:
    """Where the manifest of a generated database stands."""
    return database.with_name(database.stem + ".manifest.json")


def is_ours(path: Path) -> bool:
    """Whether a file is a database that this generator wrote, told by its first 100 bytes."""
    with path.open("rb") as file:
        header = file.read(100)
    return header.startswith(b"SQLite format 3\0") and int.from_bytes(header[68:72], "big") == APPLICATION_ID


def generate(options: Options, output: Path, progress: Progress, *, force: bool = False) -> dict[str, Any]:
    """Write a Spock database and its manifest.

    Args:
        options: what to generate.
        output: the SQLite file to write.
        progress: told of every step.
        force: overwrite also a file that the generator did not write.

    Returns:
        The manifest.

    Raises:
        UserError: the place cannot be written, or holds a file that is not ours.
    """
    if output.is_dir():
        raise UserError(f"{output} is a folder: give --output the name of a file in it.")
    if output.exists() and not force and not is_ours(output):
        raise UserError(
            f"{output} exists and was not made by this generator, so it is left alone. "
            "Give --output another name, or --force to replace it."
        )
    partial = output.with_name(output.name + ".partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        with closing(sqlite3.connect(partial, isolation_level=None)) as connection:
            manifest = _fill(connection, options, progress)
        # A journal of the file that is replaced would be taken for the new one's.
        for suffix in ("-wal", "-shm", "-journal"):
            output.with_name(output.name + suffix).unlink(missing_ok=True)
        partial.replace(output)
        manifest_path(output).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except (OSError, sqlite3.OperationalError) as error:
        raise UserError(
            f"{output} cannot be written: {error}. Give --output a place with room that you may write to."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def _fill(connection: sqlite3.Connection, options: Options, progress: Progress) -> dict[str, Any]:
    # Nothing has to survive a crash in the partial file.
    for pragma in ("journal_mode = off", "synchronous = off", "locking_mode = exclusive"):
        connection.execute(f"pragma {pragma}")
    # In KiB: later fetches add to every ticker, all over ohlcv_data's index (some 50 bytes a row).
    connection.execute(f"pragma cache_size = {-(100_000 + options.rows // 10)}")
    connection.execute(f"pragma application_id = {APPLICATION_ID}")
    connection.execute("begin")
    for statement in statements():
        connection.execute(statement)

    notes = Notes(options)
    universe = make_universe(options)
    plan = plan_prices(options, universe)
    for table in reference_tables(notes, universe, plan.first_days()):
        _insert(connection, notes.scan(table))
        progress.table(table.name, len(table.rows))

    prices: Prices | None = None
    for step in make_prices(options, plan, options.rng("prices")):
        if isinstance(step, Prices):
            prices = step
        else:
            progress.work("drawing prices", step, options.rows)
    assert prices is not None
    overlay = lay_dirt(notes, prices, plan)
    insert = f"insert into ohlcv_data ({', '.join(COLUMNS)}) values ({', '.join('?' * len(COLUMNS))})"
    before = connection.total_changes
    for rows in price_rows(notes, prices, overlay):
        connection.executemany(insert, rows)
        progress.work("writing ohlcv_data", connection.total_changes - before, options.rows)
    summary = note_prices(notes, prices, overlay)
    progress.table("ohlcv_data", len(prices))

    priced = list({(one.listing.ticker, one.listing.region): one.listing for one in prices.series}.values())
    for table in _rest(notes, universe, priced):
        _insert(connection, notes.scan(table))
        progress.table(table.name, len(table.rows))
    if options.dirt == "hostile":
        plant_hostile(connection, notes, universe, set(sampled_tickers(summary).values()))
    connection.execute("commit")
    return make_manifest(notes, universe, prices, summary)


def _rest(notes: Notes, universe: Universe, priced: list[Listing]) -> Iterator[Table]:
    yield from activity_tables(notes, universe, priced)
    yield from other_tables(notes, priced)


def _insert(connection: sqlite3.Connection, table: Table) -> None:
    for column in table.added:
        connection.execute(f'alter table "{table.name}" add column "{column}" real')
    names = ", ".join(f'"{name}"' for name in table.columns)
    marks = ", ".join("?" * len(table.columns))
    connection.executemany(f'insert into "{table.name}" ({names}) values ({marks})', table.rows)
