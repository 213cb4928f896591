"""Which region a ticker belongs to: its own, else its parent's, else what its shape says."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.parity import canonical

# The first shape that fits decides: a suffix says more than digits. A bare word of letters is taken for a US
# ticker, as most are; Vietnamese ones look the same and need a parent.
SHAPES = tuple(
    (re.compile(shape, re.ASCII), region)
    for shape, region in (
        (r"[0-9A-Z]{1,6}\.K[SQ]", "KR"),
        (r"\d{1,5}\.HK", "HK"),
        (r"\d{1,6}\.S[HSZ]", "CN"),
        (r"\d[0-9A-Z]{3}\.T", "JP"),
        (r"[0-9A-Z]{3}\.(VN|HM|HN)", "VN"),
        (r"\d{4}[0-9A-Z]{2}", "KR"),
        (r"(\d[0-9A-Z]){2}", "JP"),
        (r"[A-Z]{1,5}([-./][A-Z]{1,4})?", "US"),
    )
)


def by_shape(ticker: str) -> str:
    """The region whose tickers look like this one.

    Raises:
        ValueError: when none does.
    """
    for shape, region in SHAPES:
        if shape.fullmatch(ticker):
            return region
    raise ValueError(f"the ticker {ticker!r} has the shape of no region")


def resolve(tickers: pa.Array, own: pa.Array | None, parents: Mapping[str, str]) -> tuple[pa.Array, np.ndarray | None]:
    """The region of each row, and where none can be found (None when all can)."""

    def inherited(ticker: object) -> str:
        return parents.get(str(ticker)) or by_shape(str(ticker))

    found, unread = canonical.distinct(tickers, inherited, pa.string())
    if own is None:
        return found, unread
    given, _ = canonical.distinct(own, canonical.read_region, pa.string())
    has_none = None if unread is None else unread & np.asarray(pc.is_null(given))
    return pc.coalesce(given, found), has_none
