"""What the file declares of a table: NOT NULL, DEFAULT and UNIQUE, read from SQLite's pragmas alone."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from loader.plan import FORBIDDEN_COLUMNS, target_name

# Defaults that say the present time, each of which PostgreSQL has too.
PRESENT = re.compile(r"current_(timestamp|date)|date(time)?\((\s*'now'\s*(,\s*'(utc|localtime)'\s*)?)?\)", re.I)


@dataclass(frozen=True)
class FileRules:
    """What the file declares of a table, under the names of the target; `defaults` are SQL of SQLite, by column.

    `types` are those that the file declares, and `number` is the column that SQLite numbers by itself.
    """

    types: Mapping[str, str]
    required: frozenset[str]
    defaults: Mapping[str, str]
    unique: tuple[frozenset[str], ...]
    number: str | None


def of_file(connection: sqlite3.Connection, name: str) -> FileRules:
    """Read the rules of a table out of SQLite's pragmas."""

    def ask(what: str, about: str) -> list[tuple[object, ...]]:
        return connection.execute(f"select * from pragma_{what}(?)", (about,)).fetchall()

    described = {target_name(str(row[1]), FORBIDDEN_COLUMNS): row for row in ask("table_info", name)}
    key = [column for column, row in described.items() if row[5]]
    groups = [frozenset(key)] if key else []
    by_index = False
    for _, index, unique, origin, partial in ask("index_list", name):
        by_index |= origin == "pk"
        named = [row[2] for row in ask("index_info", str(index))]
        if unique and not partial and None not in named:
            groups.append(frozenset(target_name(str(column), FORBIDDEN_COLUMNS) for column in named))
    number = key[0] if len(key) == 1 and not by_index and str(described[key[0]][2]).upper() == "INTEGER" else None
    return FileRules(
        {column: str(row[2] or "") for column, row in described.items()},
        frozenset(column for column, row in described.items() if row[3]),
        {column: str(row[4]) for column, row in described.items() if row[4] is not None},
        tuple(dict.fromkeys(groups)),
        number,
    )


def default_value(default: str, type_there: str) -> object:
    """What SQLite fills in for a column of that type with that default."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for told in (default, f"({default})"):  # a function needs brackets, "a string" must not have them
            try:
                connection.execute(f"create table t (c {type_there} default {told}, d)")
                break
            except sqlite3.OperationalError:
                continue
        connection.execute("insert into t (d) values (1)")
        return connection.execute("select c from t").fetchone()[0]


def must_translate(default: str) -> bool:
    """Whether a default is one that public has to have: a constant, or the present time."""
    text = default.strip()
    return text.startswith(("'", '"')) or "(" not in text or bool(PRESENT.fullmatch(text))
