"""Files that are no sound SQLite database each get their own sentence, and exit code 2."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from loader import snapshot
from quant.errors import UserError
from quant.paths import PROJECT
from tests.support import sources


def refused(source: Path) -> str:
    with pytest.raises(UserError) as raised, snapshot.open_snapshot(source) as taken:
        snapshot.quick_check(taken)
    return str(raised.value)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return sources.write(
        tmp_path / "sound.db",
        "create table t (a text)",
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) "
        "insert into t select 'row ' || i from n",
    )


def test_a_missing_file_is_named_with_the_way_to_name_another(tmp_path: Path) -> None:
    assert "There is no file" in refused(tmp_path / "none.db")
    assert "--source or SPOCK_SQLITE" in refused(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "is not a file" in refused(tmp_path)


def test_an_empty_file_holds_no_database(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    assert "is empty" in refused(tmp_path / "empty.db")


def test_another_kind_of_file_is_not_sqlite_or_encrypted(tmp_path: Path) -> None:
    (tmp_path / "other.db").write_bytes(os.urandom(8192))
    assert "not a SQLite 3 database, or it is encrypted" in refused(tmp_path / "other.db")


def test_a_truncated_file_says_how_much_is_missing(sound: Path) -> None:
    whole = sound.stat().st_size
    os.truncate(sound, whole // 2)
    assert f"{whole // 2:,} bytes of {whole:,}" in refused(sound)


def test_a_corrupt_page_is_found_before_anything_is_loaded(sound: Path) -> None:
    with sound.open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\xff" * 4096)
    said = refused(sound)
    assert "is damaged" in said
    assert "\n" not in said


def refused_to_somebody(source: Path) -> str:
    """What a user without any rights is told: root, who may be running this, may read everything."""
    asked = (
        f"import os, sys; sys.path.insert(0, {str(PROJECT)!r}); from pathlib import Path\n"
        "from loader import snapshot\n"
        "if not os.geteuid(): os.setuid(65534)\n"
        f"try: snapshot.check(Path({str(source)!r}))\n"
        "except snapshot.UserError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_file_without_permission_says_how_to_give_it(sound: Path) -> None:
    for folder in sound.parents:
        if folder.stat().st_uid == os.geteuid() and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    sound.chmod(0)
    assert "may not be read by this user" in refused_to_somebody(sound)


def test_a_file_in_a_closed_folder_may_not_be_read_either(sound: Path) -> None:
    closed = sound.parent / "closed"
    closed.mkdir()
    sound = sound.rename(closed / sound.name)
    closed.chmod(0)
    assert "may not be read by this user" in refused_to_somebody(sound)
    closed.chmod(0o700)


def test_a_hot_journal_of_a_killed_writer_is_explained(tmp_path: Path) -> None:
    source = tmp_path / "hot.db"
    killed = (
        "import os, sqlite3, sys\n"
        f"c = sqlite3.connect({str(source)!r}, isolation_level=None)\n"
        "c.execute('create table t (a)'); c.execute('pragma cache_size = 1'); c.execute('begin')\n"
        "c.executemany('insert into t values (?)', [('x' * 1000,)] * 5000); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", killed], check=False)
    assert source.with_name("hot.db-journal").exists()
    before = source.read_bytes()
    said = refused(source)
    assert "was killed, open it once" in said or "is truncated" in said
    assert source.read_bytes() == before
    sqlite3.connect(source).execute("select count(*) from t").fetchall()  # the cure that the sentence names
    with snapshot.open_snapshot(source) as taken:
        assert taken.connect().execute("select count(*) from t").fetchall() == [(0,)]


def test_a_name_that_the_locale_cannot_read_is_a_name(sound: Path) -> None:
    source = sound.rename(sound.with_name("한국 #1?.db"))
    asked = f"""
import pathlib
from loader import snapshot
from quant import paths
with snapshot.open_snapshot(pathlib.Path({os.fsencode(source)!r}.decode("ascii", "surrogateescape"))) as taken:
    assert taken.connect().execute("select count(*) from sqlite_master").fetchone()[0]
    print(ascii(paths.as_text(taken.source)))
"""
    plain = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=PROJECT, env=plain, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == ascii(str(source)), done.stderr


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("(a integer not null, b)", ["NULL value in t.a"]),
        ("(a integer, b text) strict", ["non-TEXT value in t.b"] * 2),
    ],
)
def test_rows_that_break_a_rule_of_their_table_are_no_damage(tmp_path: Path, rule: str, found: list[str]) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (a integer, b)",
        "insert into t values (null, 1), (1, 2)",
        "pragma writable_schema = on",
        "update sqlite_master set sql = 'create table t " + rule + "' where name = 't'",
    )
    with snapshot.open_snapshot(source) as taken:
        assert snapshot.quick_check(taken) == found


def test_a_table_without_rowid_whose_key_names_the_last_column_early_is_sound(tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (region text, close real, day text, ticker text, primary key (ticker, region, day)) "
        "without rowid",
        "insert into t values ('US', 1.5, '2024-01-02', 'A'), ('US', 2.5, '2024-01-03', 'A')",
    )
    with snapshot.open_snapshot(source) as taken:
        assert snapshot.quick_check(taken) == []


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize(
    "made",
    [
        "update sqlite_master set name = cast(x'6be97273' as text), tbl_name = cast(x'6be97273' as text), "
        "rootpage = 99999",
        "update sqlite_master set sql = 'create table t (a) of the future'",
    ],
)
def test_a_schema_that_sqlite_cannot_read_is_told_as_such(tmp_path: Path, mode: str, made: str) -> None:
    source = sources.write(tmp_path / "s.db", "create table t (a)")
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute(f"pragma journal_mode = {mode}")
        writer.execute("pragma writable_schema = on")
        writer.execute(made)  # in WAL mode it stays open, so that the copy is made under a lock
        said = refused(source)
    assert "has a schema that SQLite" in said
    assert "malformed database schema (" in said


def test_the_command_line_prints_the_sentence_without_a_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loader.run", "--source", str(tmp_path / "none.db")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("loader: There is no file")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unreachable_server_is_named_without_its_password(sound: Path) -> None:
    environment = os.environ | {
        "QUANT_TARGET": "server",
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": "1",
        "POSTGRES_DB": "d",
        "POSTGRES_USER": "u",
        "POSTGRES_PASSWORD": "very-secret",
    }
    command = [sys.executable, "-m", "loader.run", "--source", str(sound)]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Connection refused. Check POSTGRES_HOST" in done.stderr
    assert "Traceback" not in done.stderr
    assert "very-secret" not in done.stdout + done.stderr
