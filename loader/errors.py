"""The errors and exit codes that all commands share; they live in `quant.errors`."""

from quant.errors import COULD_NOT_RUN, NOT_WELL, WELL, UserError, in_one_line

__all__ = ["COULD_NOT_RUN", "NOT_WELL", "WELL", "UserError", "in_one_line"]
