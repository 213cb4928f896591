"""What a value of the source must have become in the target, worked out without looking at dbt's macros.

Each function takes one value as SQLite holds it and returns the canonical one, or raises ValueError when
it cannot be read. They are applied once for each distinct value of a batch, to days once for all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SEOUL = ZoneInfo("Asia/Seoul")
DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)|(\d{4})/(\d\d)/(\d\d)|(\d{4})(\d\d)(\d\d)", re.ASCII)
AFTER_DAY = re.compile(r"[T ]\d\d", re.ASCII)
TIME = re.compile(r"([T ])(\d\d):(\d\d)(?::(\d\d)(\.\d{1,6})?)? ?(Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?)?", re.ASCII)
COMMON = r"^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2}|T\d{2}:\d{2}:\d{2}(\.\d{6})?)$"
TRUE = frozenset((1, "1", "t", "true", "y", "yes", "on"))
FALSE = frozenset((0, "0", "f", "false", "n", "no", "off"))
TIMEFRAMES = {"D": "1d", "W": "1w", "M": "1m"}
SHORT = re.compile(r"\d*(h|hrs?|hours?|hourly|min|mins|minutes?|t|s|secs?|seconds?|ms|us|ns|ticks?|intraday)", re.ASCII)
SHORT_AS_SPELT = re.compile(r"\d*m|[Hh]\d+", re.ASCII)
LONG = re.compile(
    r"\d*(d|days?|daily|w|wk|weeks?|weekly|mo|months?|monthly|q|quarters?|quarterly|y|yr|years?|yearly|annual)",
    re.ASCII,
)
LONG_AS_SPELT = re.compile(r"\d*M|MN1?|[DW]\d+", re.ASCII)
LONGEST_KEY = 2500  # bytes; a page takes 2,704 for an entry of an index, its header included
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
INSTANT = pa.timestamp("us", "UTC")

Reader = Callable[[object], object]


@lru_cache(1 << 16, typed=True)
def read_date(value: object) -> date | None:
    """A day, whatever its punctuation; a time after it is left aside. Blanks alone are none."""
    if is_blank(value):
        return None
    day, rest = _split(str(value))
    if rest and not AFTER_DAY.match(rest):
        raise ValueError(f"{value!r} has something after its date that is no time")
    return day


def is_blank(value: object) -> bool:
    """Whether a value says nothing."""
    return not str(value).strip(" ")


def read_instant(value: object) -> int | None:
    """Microseconds since 1970 in UTC; blanks alone are none.

    Exactly `YYYY-MM-DD HH:MM:SS` is what SQLite's CURRENT_TIMESTAMP writes, in UTC; every other time
    without an offset was written by the platform's programs, in Seoul. Of the two offsets of an hour that Seoul had
    twice, or left out, the smaller one counts, as PostgreSQL has it.
    """
    if is_blank(value):
        return None
    text = str(value)
    day, rest = _split(text)
    found = TIME.fullmatch(rest or "T00:00")
    if not found:
        raise ValueError(f"{rest!r} is not a time")
    mark, hour, minute, second, fraction, zone = found.groups()
    by_sqlite = text[4] == "-" and mark == " " and second is not None and fraction is None
    moment = datetime(
        *(day.year, day.month, day.day, int(hour), int(minute), int(second or 0)),
        int((fraction or ".")[1:].ljust(6, "0")),
        tzinfo=_offset(zone) if zone else UTC if by_sqlite else SEOUL,
    )
    return max(moment - EPOCH, moment.replace(fold=1) - EPOCH) // MICROSECOND


def read_boolean(value: object) -> bool:
    """1 or 0, as a number or in digits, or one of the words for true and false in either case."""
    word = value.strip(" ").lower() if isinstance(value, str) else value
    if word in TRUE or (isinstance(word, str) and re.fullmatch(r"1\.0*", word)):
        return True
    if word in FALSE or (isinstance(word, str) and re.fullmatch(r"0\.0*", word)):
        return False
    raise ValueError(f"{value!r} is not a truth value")


def read_timeframe(value: object) -> object:
    """D, W, M become 1d, 1w, 1m; any other stays as it is."""
    return TIMEFRAMES.get(str(value), value or None)


def less_than_a_day(timeframes: pa.Array, moments: pa.Array) -> np.ndarray:
    """Which bars are of less than a day: `date` is one in the target, so they have no place there."""
    usual = pc.is_in(timeframes, pa.array(["D", "W", "M", "1d", "1w"]))
    found = np.zeros(len(timeframes), bool)
    for place in np.flatnonzero(~np.asarray(usual) & np.asarray(timeframes.is_valid())).tolist():
        found[place] = _is_less_than_a_day(timeframes[place].as_py().strip(" "), str(moments[place].as_py() or ""))
    return found


def too_long(texts: Sequence[pa.Array]) -> np.ndarray:
    """Which rows no B-tree takes: their texts in one index have more than LONGEST_KEY bytes."""
    lengths = [np.asarray(pc.fill_null(pc.binary_length(text), 0)) for text in texts]
    found: np.ndarray = np.sum(lengths, axis=0) > LONGEST_KEY
    return found


def _is_less_than_a_day(timeframe: str, moment: str) -> bool:
    """By its timeframe; where that is none that is known (1m is a month here), by a time after the date."""
    if SHORT.fullmatch(timeframe.lower()) or (SHORT_AS_SPELT.fullmatch(timeframe) and timeframe != "1m"):
        return True
    known = LONG.fullmatch(timeframe.lower()) or LONG_AS_SPELT.fullmatch(timeframe)
    return not known and bool(AFTER_DAY.search(moment))


def read_ticker(value: object) -> str | None:
    """A ticker without the blanks around it; of blanks alone there is none."""
    return str(value).strip(" ") or None


def read_region(value: object) -> str | None:
    """A region in capitals without the blanks around it."""
    return str(value).strip(" ").upper() or None


def _split(text: str) -> tuple[date, str]:
    found = DAY.match(text)
    if not found:
        raise ValueError(f"{text!r} does not begin with a date")
    year, month, day = (int(part) for part in found.groups() if part is not None)
    return date(year, month, day), text[found.end() :]


def _offset(zone: str) -> timezone:
    if zone == "Z":
        return UTC
    digits = zone[1:].replace(":", "").ljust(4, "0")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-distance if zone[0] == "-" else distance)


def instants(column: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    """A column of times; the two common shapes all at once, anything else value by value."""
    column = column.cast(pa.string())
    encoded = column.dictionary_encode()
    fast = _common_instants(encoded.dictionary)
    return (fast.take(encoded.indices), None) if fast is not None else distinct(column, read_instant, INSTANT)


def _common_instants(column: pa.Array) -> pa.Array | None:
    """The instants if all values are `YYYY-MM-DD HH:MM:SS` or `YYYY-MM-DDTHH:MM:SS[.ffffff]`, else None."""
    if not pc.all(pc.match_substring_regex(column, COMMON)).as_py():
        return None
    try:
        naive = column.cast(pa.timestamp("us"))
        seoul = pc.assume_timezone(naive, "Asia/Seoul", ambiguous="latest", nonexistent="raise")
    except pa.ArrowInvalid:
        return None
    by_platform = pc.match_substring(column, "T")
    return pc.if_else(by_platform, seoul.cast(INSTANT), pc.assume_timezone(naive, "UTC"))


def distinct(column: pa.Array, read: Reader, kind: pa.DataType) -> tuple[pa.Array, np.ndarray | None]:
    """Apply a reader to the distinct values of a column.

    Returns:
        The canonical column, and where a value could not be read (None when all could).
    """
    encoded = column.dictionary_encode()
    values: list[object] = []
    unread = np.zeros(len(encoded.dictionary) + 1, bool)
    for place, value in enumerate(encoded.dictionary.to_pylist()):
        try:
            values.append(read(value))
        except (ValueError, OverflowError):
            values.append(None)
            unread[place] = True
    result = pa.array(values, kind).take(encoded.indices)
    if not unread.any():
        return result, None
    return result, unread[np.asarray(encoded.indices.fill_null(len(encoded.dictionary)))]
