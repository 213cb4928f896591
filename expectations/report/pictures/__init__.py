"""The pictures of the report, each a function that returns SVG; colours and letters come from the page's style."""

from __future__ import annotations

from expectations.report.pictures.compression import chunks, compression
from expectations.report.pictures.held import held
from expectations.report.pictures.lag import lag
from expectations.report.pictures.rows import rows
from expectations.report.pictures.speed import speed

__all__ = ["chunks", "compression", "held", "lag", "rows", "speed"]
