"""A window that is too large to be read at once is refused, for the driver would write beyond its memory."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from loader import plan, window
from loader.snapshot import Snapshot
from quant.errors import UserError
from tests.support import sources


@pytest.mark.parametrize(("bits", "fits"), [(4, False), (0, True)])
def test_a_column_of_too_many_bytes_says_how_to_make_them_fewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: int, fits: bool
) -> None:
    path = sources.write(tmp_path / "s.db", "create table t (a integer, b blob)")
    sources.write(path, *[("insert into t values (?, zeroblob(9000))", (number,)) for number in range(3)])
    monkeypatch.setattr(window, "LARGEST_COLUMN", 20_000)
    snapshot = Snapshot(path, path, "")
    with closing(snapshot.connect()) as connection:
        (table,) = plan.make(connection, window_bits=bits).tables
    if fits:
        assert [window.read(snapshot, table, some).rows.num_rows for some in table.windows] == [1, 1, 1]
    else:
        with pytest.raises(UserError, match=r"Column b of t holds 27,000 bytes in the rows 0 to 15, .*batch-size\.$"):
            window.read(snapshot, table, table.windows[0])
