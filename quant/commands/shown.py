"""Named values on the terminal, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from quant.errors import WELL


def show(found: Mapping[str, Any], as_json: bool) -> int:
    """Print a line for each value. Returns the exit code."""
    if as_json:
        print(json.dumps(found))
        return WELL
    width = max(map(len, found)) + 2
    for name, value in found.items():
        print(f"{name.replace('_', ' '):<{width}}{value}")
    return WELL
