"""The engine's folder: one that somebody else uses is refused, and stays as it is."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

import embedded
from embedded.folder import make_folder
from quant.errors import UserError


def cluster(folder: Path) -> None:
    """PostgreSQL's own data, as the image `postgres` keeps them below its volume."""
    (folder / "pgdata" / "base").mkdir(parents=True)
    (folder / "pgdata" / "PG_VERSION").write_text("15\n")
    (folder / "pgdata" / "base" / "1").write_text("precious")


def cluster_itself(folder: Path) -> None:
    (folder / "base").mkdir()
    (folder / "PG_VERSION").write_text("15\n")


def cluster_beside_a_connection(folder: Path) -> None:
    cluster(folder)
    endpoint = {"host": "127.0.0.1", "port": 1, "database": "d", "user": "u", "password": "p", "pid": 0}
    (folder / "connection.json").write_text(json.dumps(endpoint))


def unfinished_of_somebody(folder: Path) -> None:
    (folder / "pgdata.new").mkdir()


def connection_of_another_program(folder: Path) -> None:
    (folder / "connection.json").write_text('{"url": "https://example.org"}')


def documents(folder: Path) -> None:
    (folder / "thesis.txt").write_text("precious")


def seen(folder: Path) -> dict[str, tuple[int, bytes]]:
    paths = [folder, *sorted(folder.rglob("*"))]
    return {
        str(path): (stat.S_IMODE(path.stat().st_mode), path.read_bytes() if path.is_file() else b"") for path in paths
    }


@pytest.mark.parametrize(
    "fill",
    [
        cluster,
        cluster_itself,
        cluster_beside_a_connection,
        unfinished_of_somebody,
        connection_of_another_program,
        documents,
    ],
)
def test_a_folder_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path, fill: Callable[[Path], None]) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)
    fill(folder)
    before = seen(folder)
    for begin in (embedded.start, embedded.ensure_running):
        with pytest.raises(UserError, match=r"did not put there, and nothing in it was touched: .*QUANT_EMBEDDED_DIR"):
            begin(folder)
    assert not embedded.stop(folder)
    assert seen(folder) == before


def test_an_empty_folder_and_one_that_a_killed_start_left_are_taken(tmp_path: Path) -> None:
    make_folder(tmp_path / "new" / "one")
    (tmp_path / "empty").mkdir(mode=0o755)
    make_folder(tmp_path / "empty")
    assert stat.S_IMODE((tmp_path / "empty").stat().st_mode) == 0o700
    (tmp_path / "empty" / "starting.lock").touch()
    make_folder(tmp_path / "empty")
    (tmp_path / "empty" / "connection.json.new").touch()
    make_folder(tmp_path / "empty")
