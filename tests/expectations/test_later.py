"""What Great Expectations imports for a few expectations is imported when it is asked for, and is then itself."""

from __future__ import annotations

import subprocess
import sys

CHECKED = """
import sys
import expectations.checkpoint
assert not {"scipy.stats._stats_py", "altair.vegalite"} & sys.modules.keys()
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as one
assert one.stats.entropy([0.5, 0.5], [0.5, 0.5]) == 0
assert one.alt.Chart.__module__.startswith("altair.")
import scipy.stats._stats_py, scipy.stats
assert scipy.stats.entropy is one.stats.entropy
"""


def test_heavy_modules_are_imported_when_they_are_asked_for() -> None:
    subprocess.run([sys.executable, "-c", CHECKED], check=True)
