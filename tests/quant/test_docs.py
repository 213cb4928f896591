"""What the documents tell a user to paste runs."""

from __future__ import annotations

from typing import Any

import pytest

from quant import PostgresDatabaseManager
from tests.quant.worlds import World
from tests.support.documents import blocks


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
@pytest.mark.usefixtures("db")
def test_snippets_run(world: World, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD", "QUANT_TARGET"):
        monkeypatch.delenv(name, raising=False)
    for name, value in world.place.environment.items():
        if name.startswith(("POSTGRES_", "QUANT_")):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("SPOCK_SQLITE", str(world.source))
    names: dict[str, Any] = {}
    snippets = [block for block in blocks(page) if block.language == "python"]
    assert snippets
    for snippet in snippets:
        exec(compile(snippet.text, str(snippet), "exec"), names)
    assert len(names["prices"]) > 0
    if isinstance(manager := names["db"], PostgresDatabaseManager):
        manager.close()
