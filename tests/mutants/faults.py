"""The faults to plant, from `faults.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).with_name("faults.toml")


@dataclass(frozen=True)
class Fault:
    """One small change, and the tests that should see it."""

    file: str
    was: str
    becomes: str
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.file}: {self.was!r} -> {self.becomes!r}"

    def planted(self, text: str) -> str:
        """The file's text with the fault in it."""
        assert text.count(self.was) == 1, f"{self.was!r} stands {text.count(self.was)} times in {self.file}"
        return text.replace(self.was, self.becomes)


def read() -> list[Fault]:
    """All faults, in the order of the file."""
    return [
        Fault(group["file"], fault["was"], fault["is"], tuple(group["tests"]))
        for group in tomllib.loads(DATA.read_text(encoding="utf-8"))["files"]
        for fault in group["faults"]
    ]
