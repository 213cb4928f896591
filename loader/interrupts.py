"""Ctrl-C while ADBC reads: `quant.interrupts` has it."""

from quant.interrupts import leave_to_python

__all__ = ["leave_to_python"]
