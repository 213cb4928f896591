"""The report of a run, for people: an HTML page with its pictures in it, the same in Markdown, and all as JSON."""

from __future__ import annotations

from expectations.report.asked import asking
from expectations.report.facts import Facts, Occasion
from expectations.report.files import prepare, write
from expectations.report.gather import gather
from expectations.report.health import health

__all__ = ["Facts", "Occasion", "asking", "gather", "health", "prepare", "write"]
