"""The session of the embedded engine passes from client to client: nothing is lost on the way, and nobody waits for ever."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.embedded_fixture import Connect, message, run

PARSE = message(b"P", b"\0select generate_series(1, 3)\0\0\0")
BIND = message(b"B", b"\0\0\0\0\0\0\0\0")
ONE_ROW = message(b"E", b"\0\0\0\0\x01")
SYNC = message(b"S", b"")


@pytest.mark.parametrize("begin", [b"begin\0", b"begin isolation level repeatable read\0"], ids=["lent", "kept"])
@pytest.mark.parametrize(
    ("first", "then"), [(PARSE, BIND + ONE_ROW), (PARSE + BIND + ONE_ROW, ONE_ROW)], ids=["statement", "portal"]
)
def test_what_has_no_name_is_still_there_after_others_asked_for_their_turn(
    connect: Connect, begin: bytes, first: bytes, then: bytes
) -> None:
    holder = connect()
    with socket.socket(fileno=os.dup(holder.fileno())) as line, ThreadPoolExecutor(1) as pool:
        line.settimeout(10)
        line.sendall(message(b"Q", begin) + first + SYNC)
        waiting = pool.submit(lambda: run(connect(), "select 1"))
        time.sleep(0.6)
        line.sendall(then + SYNC + message(b"Q", b"rollback\0"))
        said = b""
        while b"ROLLBACK\0" not in said:
            said += line.recv(1 << 16)
        assert b"does not exist" not in said
        assert waiting.result(timeout=20) == [(1,)]
