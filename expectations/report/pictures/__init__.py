"""The pictures of the report, each a function that returns SVG; colours and letters come from the page's style."""

from __future__ import annotations

from expectations.report.pictures.compression import chunks, compression
from expectations.report.pictures.history import history
from expectations.report.pictures.kept import kept
from expectations.report.pictures.times import times

__all__ = ["chunks", "compression", "history", "kept", "times"]
