"""Stories: tests of a file, or of a class, of which each goes on where the one before it has ended.

`pytestmark = pytest.mark.story` marks one, where order is the point. A test of it that is run alone takes those before
it along, and in whatever order tests are asked for, a story is told in its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest
from _pytest.fixtures import reorder_items  # what has pytest ask for each target once

STORY = "story"


@pytest.hookimpl(trylast=True)  # when others have chosen
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Put each story where its first test is asked for, from its beginning to the last that is."""
    asked = {item.nodeid for item in items}
    told: list[pytest.Item] = []
    begun = set()
    for item in items:
        story = story_of(item)
        if story is None:
            told.append(item)
        elif story.nodeid not in begun:
            begun.add(story.nodeid)
            told += up_to(asked, reorder_items(list(session.genitems(story))))
    items[:] = told


def story_of(item: pytest.Item) -> pytest.Collector | None:
    """The file or class that says of itself that it is one; None for a test that stands alone."""
    for node in item.listchain():
        if isinstance(node, pytest.Module | pytest.Class) and any(mark.name == STORY for mark in node.own_markers):
            return node
    return None


def up_to(asked: Collection[str], story: list[pytest.Item]) -> Iterator[pytest.Item]:
    """The tests of a story that are asked for, and those that come before one of them on the same target."""
    for number, item in enumerate(story):
        if item.nodeid in asked or any(later.nodeid in asked and alike(item, later) for later in story[number + 1 :]):
            yield item


def alike(one: pytest.Item, other: pytest.Item) -> bool:
    """Whether two tests have the same parameters, as far as both have them."""
    mine, yours = (getattr(getattr(item, "callspec", None), "params", {}) for item in (one, other))
    return all(mine[name] == yours[name] for name in mine.keys() & yours.keys())
