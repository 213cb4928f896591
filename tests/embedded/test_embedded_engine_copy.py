"""COPY, large messages and clients that misbehave, on the embedded engine."""

from __future__ import annotations

import io
import os
import random
import socket
import struct
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import psycopg2
import psycopg2.errors
import pyarrow as pa
import pytest

import embedded
from tests.support.embedded_fixture import Connect, message, run

ROWS = [(n, f'text {n}, with "quotes",\nlines\tand \\ signs', n / 7) for n in range(50_000)]
PARTS = 5_000_000


@pytest.fixture
def table(connect: Connect) -> str:
    run(connect(), "drop table if exists copied, copied_again")
    run(connect(), "create table copied(a bigint, b text, c double precision); create table copied_again (like copied)")
    run(
        connect(),
        "insert into copied select n, format(E'text %s, with \"quotes\",\nlines\\tand \\\\ signs', n), "
        "n / 7.0::double precision from generate_series(0, 49999) as n",
    )
    return "copied"


def test_the_oracle_of_these_tests_is_what_the_table_holds(connect: Connect, table: str) -> None:
    assert run(connect(), f"select * from {table} order by a") == ROWS


@pytest.mark.parametrize("form", ["text", "csv", "binary"])
def test_what_copy_takes_out_copy_brings_in_again(connect: Connect, table: str, form: str) -> None:
    client, file = connect(), io.BytesIO()
    cursor = client.cursor()
    cursor.copy_expert(f"copy {table} to stdout with (format {form})", file)
    file.seek(0)
    cursor.copy_expert(f"copy {table}_again from stdin with (format {form})", file, size=997)
    assert cursor.rowcount == len(ROWS)
    assert run(client, f"select * from {table}_again order by a") == ROWS


def test_adbc_brings_arrow_in_and_out(own_engine_folder: Path, table: str) -> None:
    arrow = pa.table({"a": [row[0] for row in ROWS], "b": [row[1] for row in ROWS], "c": [row[2] for row in ROWS]})
    endpoint = embedded.ensure_running(own_engine_folder)
    uri = f"postgresql://{endpoint.user}:{endpoint.password}@{endpoint.host}:{endpoint.port}/{endpoint.database}"
    with adbc.connect(uri) as made, made.cursor() as cursor:
        cursor.adbc_ingest(f"{table}_again", arrow, mode="append")
        made.rollback()
        cursor.adbc_ingest(f"{table}_again", arrow, mode="append")
        made.commit()
        cursor.execute(f"select * from {table}_again order by a")
        assert cursor.fetch_arrow_table().equals(arrow)


@pytest.mark.parametrize("bad", ["1\tb\t2\nx\tb\t2\n", "1\tb\n", "1\tb\t2\n" * 100_000 + "x\n" + "1\tb\t2\n" * 100_000])
def test_an_error_inside_copy_is_the_clients_own(connect: Connect, table: str, bad: str) -> None:
    client = connect(autocommit=False)
    run(client, f"insert into {table}_again values (1)")
    with pytest.raises(psycopg2.DataError):
        client.cursor().copy_expert(f"copy {table}_again from stdin", io.StringIO(bad))
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        run(client, "select 1")
    client.rollback()
    assert run(client, f"select count(*) from {table}_again") == [(0,)]


def test_a_client_that_fails_its_own_copy_leaves_nothing(connect: Connect, table: str) -> None:
    class Broken(io.StringIO):
        def read(self, size: int | None = -1) -> str:
            if self.tell() > 100_000:
                raise RuntimeError("the file broke")
            return super().read(size)

    client = connect()
    with pytest.raises(Exception, match="the file broke"):
        client.cursor().copy_expert(f"copy {table}_again from stdin", Broken("1\tb\t2\n" * 100_000))
    assert run(client, f"select count(*) from {table}_again") == [(0,)]


def test_a_client_that_vanishes_in_a_copy_leaves_nothing(connect: Connect, table: str) -> None:
    gone = connect()
    with socket.socket(fileno=os.dup(gone.fileno())) as line:
        line.sendall(message(b"Q", f"copy {table}_again from stdin\0".encode()) + message(b"d", b"1\tb\t2\n" * 1000))
        line.shutdown(socket.SHUT_RDWR)
    assert run(connect(), f"select count(*) from {table}_again") == [(0,)]


def test_a_client_that_vanishes_in_a_result_does_not_hold_up_the_others(connect: Connect) -> None:
    gone = connect()
    with socket.socket(fileno=os.dup(gone.fileno())) as line:
        line.settimeout(30)
        line.sendall(message(b"Q", b"select repeat('x', 1000) from generate_series(1, 2000000)\0"))
        line.recv(1000)
        line.shutdown(socket.SHUT_RDWR)
    assert run(connect(), "select 1") == [(1,)]


def test_a_large_message_goes_in_and_comes_out(connect: Connect) -> None:
    text = "ä" * (2 * PARTS)
    client = connect()
    run(client, "create temp table large(t text)")
    run(client, "insert into large values (%s)", text)
    assert run(client, "select t from large") == [(text,)]


def test_a_result_that_nobody_reads_does_not_fill_the_memory(connect: Connect, own_engine_folder: Path) -> None:
    client = connect()
    pid = embedded.ensure_running(own_engine_folder).pid
    run(client, "select repeat('x', 1000) from generate_series(1, 1000)")
    before = resident(pid)
    with socket.socket(fileno=os.dup(client.fileno())) as line:
        line.settimeout(30)
        line.sendall(message(b"Q", b"select repeat('x', 1000) from generate_series(1, 400000)\0"))
        read, head = 0, line.recv(100)
        assert head[:1] == b"T"
        grown = 0
        while piece := line.recv(1 << 20):
            read += len(piece)
            grown = max(grown, resident(pid) - before)
            if piece.endswith(b"Z\0\0\0\x05I"):
                break
    assert read > 400_000_000
    assert grown < 150_000_000


def test_many_messages_in_one_go_are_all_answered(connect: Connect) -> None:
    client = connect()
    step = (
        message(b"P", b"\0select $1::int\0\0\0")
        + message(b"B", b"\0\0\0\0\0\x01\0\0\0\x015\0\0")
        + message(b"E", b"\0\0\0\0\0")
    )
    with socket.socket(fileno=os.dup(client.fileno())) as line:
        line.settimeout(30)
        line.sendall(step * 3000 + message(b"S", b""))
        answer = b""
        while not answer.endswith(b"Z\0\0\0\x05I"):
            answer += line.recv(1 << 16)
    assert answer.count(b"SELECT 1\0") == 3000


GARBAGE = {
    "nothing and silence": b"\0\0",
    "random bytes": random.Random(1).randbytes(5000),
    "a web browser": b"GET / HTTP/1.1\r\n\r\n",
    "an endless startup packet": struct.pack(">II", 0xFFFFFFFF, 196608),
    "a cancel with a wrong key": struct.pack(">IIII", 16, 80877102, 1, 1),
    "a startup packet without an end": struct.pack(">II", 12, 196608) + b"user",
}


@pytest.mark.parametrize("sent", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_before_the_log_in_harms_nobody(connect: Connect, own_engine_folder: Path, sent: bytes) -> None:
    endpoint = embedded.ensure_running(own_engine_folder)
    with socket.create_connection((endpoint.host, endpoint.port)) as line:
        line.sendall(sent)
        assert run(connect(), "select 1") == [(1,)]
    assert embedded.ensure_running(own_engine_folder).pid == endpoint.pid


MISCHIEF = {
    "random bytes": random.Random(2).randbytes(5000),
    "a message of two gigabytes": b"Q" + struct.pack(">I", 0x7FFFFFFF),
    "a message shorter than its own length": b"Q" + struct.pack(">I", 3),
    "a query without an end": message(b"Q", b"select"),
    "a Bind of nothing": message(b"B", b"x") + message(b"S", b""),
    "a Bind with a negative count": message(b"B", b"\0\0\xff\xff") + message(b"S", b""),
    "an unknown function": message(b"F", struct.pack(">Ihhh", 1, 0, 0, 0)),
    "another query inside of a COPY": message(b"Q", b"copy harmed from stdin\0") + message(b"Q", b"select 1\0"),
    "a COPY's end without a COPY": message(b"c", b"") + message(b"d", b"x") + message(b"f", b"x\0"),
}


@pytest.mark.parametrize("sent", MISCHIEF.values(), ids=MISCHIEF.keys())
def test_mischief_after_the_log_in_harms_nobody(connect: Connect, own_engine_folder: Path, sent: bytes) -> None:
    pid = embedded.ensure_running(own_engine_folder).pid
    other = connect()
    run(other, "create table if not exists harmed(a int)")
    with socket.socket(fileno=os.dup(connect().fileno())) as line:
        line.sendall(sent)
        line.settimeout(0.3)
        try:
            while line.recv(1 << 16):
                pass
        except TimeoutError:
            line.shutdown(socket.SHUT_RDWR)
    assert run(other, "select count(*) from harmed") == [(0,)]
    assert embedded.ensure_running(own_engine_folder).pid == pid


PIPELINED = {
    "simple": message(b"Q", b"copy piped from stdin\0"),
    "extended": message(b"P", b"\0copy piped from stdin\0\0\0")
    + message(b"B", b"\0\0\0\0\0\0\0\0")
    + message(b"E", b"\0\0\0\0\0")
    + message(b"H", b""),
}


@pytest.mark.parametrize("copy", PIPELINED.values(), ids=PIPELINED.keys())
def test_a_copy_sent_along_with_a_reset_gets_its_rows(connect: Connect, copy: bytes) -> None:
    other = connect()
    run(other, "drop table if exists piped; create table piped(a int)")
    with socket.socket(fileno=os.dup(connect().fileno())) as line:
        line.settimeout(60)
        line.sendall(message(b"Q", b"reset all\0") + copy)
        said = b""
        while b"G\0\0\0" not in said:  # CopyInResponse
            said += line.recv(1 << 16)
        line.sendall(message(b"d", b"42\n") + message(b"c", b"") + message(b"S", b""))
        while b"COPY 1\0" not in said:
            said += line.recv(1 << 16)
    assert run(other, "select a from piped") == [(42,)]


def query(sql: str) -> bytes:
    return message(b"Q", sql.encode() + b"\0")


def executed(sql: str) -> bytes:
    parsed = message(b"P", b"\0" + sql.encode() + b"\0\0\0")
    return parsed + message(b"B", b"\0" * 8) + message(b"E", b"\0" * 5)


SYNC = message(b"S", b"")
ANSWERED = {  # as PostgreSQL answers, by the first letters of its messages
    "queries": (query("select 1/0") + query("select 1") + query("select 2"), "EZ TDCZ TDCZ"),
    "a query and a batch": (query("bogus") + executed("select 1") + SYNC, "EZ 12DCZ"),
    "batches": (
        executed("select 1") + executed("bogus") + executed("select 2") + SYNC + executed("select 3") + SYNC,
        "12DC EZ 12DCZ",
    ),
    "a transaction": (query("begin") + query("bogus") + query("select 1") + query("rollback"), "CZ EZ EZ CZ"),
    "a COPY": (query("copy (select 1/0) to stdout") + query("select 1"), "EZ TDCZ"),
}


@pytest.mark.parametrize(("sent", "answers"), ANSWERED.values(), ids=ANSWERED.keys())
def test_each_answer_of_many_is_ended_also_after_an_error(connect: Connect, sent: bytes, answers: str) -> None:
    with socket.socket(fileno=os.dup(connect().fileno())) as line:
        line.settimeout(60)
        line.sendall(sent)
        said, kinds, wanted = b"", "", answers.replace(" ", "")
        while len(kinds) < len(wanted):
            said += line.recv(1 << 16)
            kinds = kinds_of(said)
    assert kinds == wanted


def kinds_of(said: bytes) -> str:
    """The letters of whole messages."""
    kinds, at = "", 0
    while at + 5 <= len(said) and at + 1 + (size := int.from_bytes(said[at + 1 : at + 5])) <= len(said):
        kinds += chr(said[at])
        at += 1 + size
    return kinds


def resident(pid: int) -> int:
    """Bytes of memory that a process really has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
