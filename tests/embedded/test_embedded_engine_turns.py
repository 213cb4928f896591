"""The embedded engine's session passes from client to client: nothing is lost on the way, nobody waits for ever."""

from __future__ import annotations

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import psycopg2.errors
import pytest

from tests.support.embedded_fixture import Connect, message, run, soon


def test_what_was_sent_along_with_a_prepare_runs_once(connect: Connect) -> None:
    client, other = connect(), connect()
    run(other, "create table sent_along(a int)")
    run(
        client,
        "insert into sent_along values (1); /* ; */ Prepare Plain(int) as select ';', $1 -- ;\n;"
        """prepare "Quo""ted" as select E'\\';', $x$;$x$; insert into sent_along values (2)""",
    )
    run(other, "select 1")
    assert run(client, "execute plain(3)") == [(";", 3)]
    run(other, "select 1")
    assert run(client, 'execute "Quo""ted"') == [("';", ";")]
    assert run(other, "select count(*) from sent_along") == [(2,)]


def test_a_client_whose_settings_are_refused_takes_nothing_along(connect: Connect) -> None:
    keeper, gone = connect(), connect()
    run(gone, "select pg_try_advisory_lock(20)")
    run(keeper, "create temp table kept(a int)")
    run(keeper, "prepare kept as select 7")
    gone.close()
    time.sleep(0.2)
    with pytest.raises(psycopg2.OperationalError):
        run(connect(options="-c nonsense=1"), "select 1")
    other = connect()
    with pytest.raises(psycopg2.errors.UndefinedTable):
        run(other, "select * from kept")
    assert run(keeper, "select count(*) from kept") == [(0,)]
    assert run(keeper, "execute kept") == [(7,)]
    assert run(other, "select pg_try_advisory_lock(20)") == [(True,)]
    assert run(keeper, "select pg_try_advisory_lock(20)") == [(False,)]


def test_a_transaction_that_only_reads_is_lent_though_it_came_along_with_a_write(connect: Connect) -> None:
    run(connect(), "create table came_along(a int)")
    holder = connect()
    with socket.socket(fileno=os.dup(holder.fileno())) as line:
        line.settimeout(60)
        line.sendall(
            b"".join(
                message(b"Q", sql)
                for sql in (b"insert into came_along values (1)\0", b"begin\0", b"table came_along\0")
            )
        )
        while not line.recv(1 << 16).endswith(b"SELECT 1\0Z\0\0\0\x05T"):
            pass
        assert soon(connect(), "select 1") == [(1,)]


def test_a_transaction_is_lent_though_a_lock_was_taken_just_before_it(connect: Connect) -> None:
    holder = connect()
    for _ in range(5):  # the answer comes a moment before the turn is over
        run(holder, "select pg_try_advisory_lock(21)")
        run(holder, "begin")
        run(holder, "select 1")
        assert soon(connect(), "select 1") == [(1,)]
        run(holder, "commit")


def test_a_client_that_was_cancelled_while_it_waited_with_much_goes_on(connect: Connect) -> None:
    holder, waiting = connect(autocommit=False), connect()
    run(holder, "create temp table held(a int) on commit drop")
    threading.Timer(0.5, waiting.cancel).start()
    with pytest.raises(psycopg2.errors.QueryCanceled):
        run(waiting, f"select 1 /* {'x' * 6_000_000} */")
    holder.rollback()
    assert soon(connect(), "select 3") == [(3,)], "the cancelled one has no turn to use"
    assert soon(waiting, "select 2") == [(2,)]


LARGE = message(b"Q", b"select repeat('x', 1000) from generate_series(1, 100000)\0")


def test_a_cancel_that_waits_for_a_slow_reader_harms_nobody(connect: Connect) -> None:
    bystander, client = connect(), connect()
    run(bystander, "create temp table unharmed(a int)")
    with socket.socket(fileno=os.dup(client.fileno())) as line:
        line.settimeout(60)
        line.sendall(LARGE)
        time.sleep(0.5)
        client.cancel()
        time.sleep(6)
        said = b""
        while not said.endswith(b"Z\0\0\0\x05I"):
            said += line.recv(1 << 20)
    assert b"canceling statement due to user request\0F" in said
    assert run(bystander, "select count(*) from unharmed") == [(0,)]


PARSE = message(b"P", b"\0select generate_series(1, 3)\0\0\0")
BIND = message(b"B", b"\0\0\0\0\0\0\0\0")
ONE_ROW = message(b"E", b"\0\0\0\0\x01")
SYNC = message(b"S", b"")


@pytest.mark.parametrize(
    ("begin", "first", "then", "lent"),
    [
        (b"begin\0", PARSE, BIND + ONE_ROW, True),
        (b"begin isolation level repeatable read\0", PARSE, BIND + ONE_ROW, False),
        (b"begin\0", PARSE + BIND + ONE_ROW, ONE_ROW, False),
    ],
    ids=["lent", "not lent", "a portal"],
)
def test_what_has_no_name_is_still_there_after_others_asked_for_their_turn(
    connect: Connect, begin: bytes, first: bytes, then: bytes, lent: bool
) -> None:
    holder = connect()
    with socket.socket(fileno=os.dup(holder.fileno())) as line, ThreadPoolExecutor(1) as pool:
        line.settimeout(60)
        line.sendall(message(b"Q", begin) + first + SYNC)
        waiting = pool.submit(lambda: run(connect(), "select 1"))
        if lent:
            assert waiting.result(timeout=20) == [(1,)]
        time.sleep(0.6)
        line.sendall(then + SYNC + message(b"Q", b"rollback\0"))
        said = b""
        while b"ROLLBACK\0" not in said:
            said += line.recv(1 << 16)
        assert b"does not exist" not in said
        assert waiting.result(timeout=20) == [(1,)]
