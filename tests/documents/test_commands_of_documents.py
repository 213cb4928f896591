"""Every block of commands in the documents is followed, in order, on one fresh database; what cannot be says why."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from quant.target import Target
from tests.support.documents import Block, blocks
from tests.support.reader import Reader, reader
from tests.support.sources import write

# In an order in which one prepares the next; the runbook ends with the cut-over.
FOLLOWED = ("README.md", "docs/VALIDATION_REPORT.md", "docs/PERFORMANCE_TUNING_GUIDE.md", "docs/MIGRATION_RUNBOOK.md")
RUN = ("sh", "sql")
MARKS = re.compile(r"|superuser|embedded|may end with 1|not run: .{20,}")
OUTPUT = "output"
ANOTHER_DAY = "update ohlcv_data set close = close + 1 where id = (select max(id) from ohlcv_data)"


@pytest.fixture(scope="module")
def person(native_server: Target | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with reader(native_server, tmp_path_factory.mktemp("checkout")) as made:
        [first] = [block for block in blocks("docs/MIGRATION_RUNBOOK.md") if block.text.startswith("create role quant")]
        made.follow(first)  # a server comes before all
        yield made


def test_each_block_says_what_it_is() -> None:
    for page in FOLLOWED:
        for block in blocks(page):
            assert block.language in (*RUN, "text", "python"), block
            assert MARKS.fullmatch(block.mark) or (block.language, block.mark) == ("text", OUTPUT), block


@pytest.mark.parametrize("page", FOLLOWED)
def test_every_block_runs(person: Reader, page: str) -> None:
    for one in FOLLOWED[: FOLLOWED.index(page) + 1]:
        if one not in person.pages:
            person.pages.add(one)
            follow(person, one)


def follow(person: Reader, page: str) -> None:
    if page == FOLLOWED[-1]:
        write(person.checkout / "data" / "spock_local.db", ANOTHER_DAY)  # something to load
    found = blocks(page)
    for block, after in zip(found, [*found[1:], None], strict=True):
        awaited = after is not None and after.mark == OUTPUT
        if block.mark == OUTPUT:
            compare(block, person.said)
        elif block.language in RUN and not block.mark.startswith("not run") and (awaited or not person.knows(block)):
            try:
                person.follow(block)
            except AssertionError as failed:
                pytest.fail(f"{block}:\n{block.text}\n{failed}", pytrace=False)


def compare(block: Block, said: str) -> None:
    """See that each line of an example is said, in this order; numbers, times and what is left out may be others."""
    lines = iter(list(map(shape, said.splitlines())))
    for line in block.text.splitlines():
        if line.strip() not in ("", "…"):
            assert shape(line) in lines, f"{block}: nothing like this, in this order, is said:\n{line}\nin\n{said}"


def shape(line: str) -> str:
    """A line without what differs from run to run."""
    line = re.sub(r"\x1b\[[\d;]*m", "", line)
    line = re.sub(r"^\d\d:\d\d:\d\d +", "", line)
    line = (
        re.sub(r"\(\S+@\S+\)", "(login)", line)
        .replace("server (login)", "target")
        .replace("embedded (login)", "target")
    )
    line = re.sub(r", \d+ warnings? \([^)]*\)", "", line)
    line = re.sub(r"[\d,.:-]*\d", "N", line)
    line = re.sub(r"N (row|failure|warning|error)s?\b", r"N \1", line)
    return " ".join(line.split())
