"""An application that writes beside what is tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread
from typing import Any

import psycopg2

from quant.target import Target


@contextmanager
def writing(target: Target, write: Callable[[Any], None], pause: float = 0.0) -> Iterator[None]:
    """Write again and again over a connection of its own, each time a transaction, until the block or the server ends.

    Args:
        target: the database.
        write: is given a cursor.
        pause: seconds between two times.
    """
    stop = Event()

    def work() -> None:
        try:
            with closing(target.connect("an application")) as connection:
                connection.autocommit = True
                while not stop.wait(pause):
                    write(connection.cursor())
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            pass  # the server has ended

    writer = Thread(target=work)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()
