"""`python -m quant archive`: closed years of prices as Parquet, a file a year and region, proven equal by digests."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash
from adbc_driver_manager import dbapi
from adbc_driver_postgresql import dbapi as postgresql

from quant.errors import NOT_WELL, WELL, UserError, in_one_line
from quant.paths import DATA
from quant.target import resolve
from quant.text import as_json

APPLICATION = "quant archive"
DIGEST = b"quant.digest"
KEY = ["ticker", "region", "timeframe", "date"]
EPILOG = """\
A year is closed when it is over. Each file is read back from the disc, and its digest over every column, bit for bit,
is that of the rows in the table, or it does not get its name. Run it again at any time: a file that is equal stays, one
of a year that was corrected is written anew, and one that holds rows which the table has no more is kept as it is. So
the chunks of archived years may be dropped; the aggregates keep their buckets.

exit codes: 0 all is archived, 1 a file was kept that holds rows of days which the table still has, without having them
or as they were, 2 could not run.

examples:
  python -m quant archive --folder /mnt/cold
  psql -c "select drop_chunks('ohlcv_data', older_than => date '2020-01-01')"
  duckdb -c "select * from '/mnt/cold/*.parquet' where ticker = '005930'" """
YEARS = """
    select distinct extract(year from date)::int as year, region
    from public.ohlcv_data
    where date < date_trunc('year', now())::date and isfinite(date)
    order by year, region
"""
OLDEST = """
    select min(range_start at time zone 'UTC')::date from timescaledb_information.chunks
    where hypertable_schema = 'public' and hypertable_name = 'ohlcv_data'
"""
ROWS = """
    select * from public.ohlcv_data
    where region = $1 and date >= make_date($2::int, 1, 1) and date < make_date($2::int + 1, 1, 1)
    order by ticker collate "C", timeframe collate "C", date
"""


@dataclass(frozen=True)
class Archived:
    """A file, and what became of it: written, unchanged, or kept though it is unlike the table."""

    file: str
    rows: int
    state: str
    missing: int = 0


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--folder", type=Path, default=DATA / "archive", help="where the files are (default data/archive)"
    )


def run(options: argparse.Namespace) -> int:
    """Archive every closed year. Returns the exit code."""
    target = resolve()
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        with postgresql.connect(target.uri(APPLICATION)) as connection:
            found = list(_archive(connection, options.folder))
    except (dbapi.Error, OSError, pa.ArrowException) as error:
        raise UserError(
            f"The years of {target} could not be archived in {options.folder}: {in_one_line(error)}."
        ) from error
    print(as_json([asdict(each) for each in found]) if options.json else "\n".join(map(_line, found)))
    return NOT_WELL if any(each.missing for each in found) else WELL


def digest(table: pa.Table) -> str:
    """A digest of every value of a table, bit for bit, and of names, types and order."""
    whole = xxhash.xxh3_128()
    for name in table.column_names:
        column = pa.chunked_array(table.column(name)).combine_chunks()
        whole.update(f"{name} {column.type} {len(column)} ".encode())
        whole.update(column.is_null().cast(pa.uint8()).to_numpy(zero_copy_only=False).tobytes())
        if pa.types.is_string(column.type):
            texts = column.fill_null("")
            whole.update(pc.binary_length(texts).to_numpy(zero_copy_only=False).tobytes())
            whole.update("".join(texts.to_pylist()).encode())
        else:
            whole.update(_numbers(column, name).tobytes())
    return whole.hexdigest()


def _numbers(column: Any, name: str) -> Any:
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        plain = column
    elif pa.types.is_date32(column.type):
        plain = column.cast(pa.int32())
    elif pa.types.is_timestamp(column.type):
        plain = column.cast(pa.int64())
    elif pa.types.is_boolean(column.type):
        plain = column.cast(pa.uint8())
    else:
        raise UserError(
            f"ohlcv_data.{name} is {column.type}, for which there is no digest yet: nothing more is archived."
        )
    return plain.fill_null(0).to_numpy(zero_copy_only=False)


def _archive(connection: Any, folder: Path) -> Iterator[Archived]:
    with connection.cursor() as cursor:
        cursor.execute(YEARS)
        years = cursor.fetchall()
        cursor.execute(OLDEST)
        ((oldest,),) = cursor.fetchall()
        for year, region in years:
            cursor.execute(ROWS, (region, year))
            yield _file(cursor.fetch_arrow_table(), folder / f"ohlcv_data-{year}-{region}.parquet", oldest)


def _file(table: pa.Table, path: Path, oldest: date) -> Archived:
    """Bring a file into step with the rows of its year; what is older than the oldest chunk was dropped."""
    expected = digest(table)
    if path.exists():
        before = pq.read_table(path)
        if digest(before) == expected:
            return Archived(path.name, table.num_rows, "unchanged")
        if digest(before.filter(pc.field("date") >= oldest)) == expected:
            return Archived(path.name, before.num_rows, "kept")
        gone = before.select(KEY).join(table.select(KEY), KEY, join_type="left anti").num_rows
        if gone:
            return Archived(path.name, before.num_rows, "kept", gone)
    half = path.with_suffix(".half")
    pq.write_table(table.replace_schema_metadata({DIGEST: expected.encode()}), half, compression="zstd")
    if digest(pq.read_table(half)) != expected:
        raise UserError(
            f"{half} does not read back as it was written: the disc or Parquet changed a value. {path} is as it was."
        )
    half.replace(path)
    return Archived(path.name, table.num_rows, "written")


def _line(each: Archived) -> str:
    why = f": the table has no more of {each.missing:,} of its rows" if each.missing else ""
    return f"{each.file:<32}{each.rows:>12,} rows  {each.state}{why}"
