"""The faults that `make mutants` plants stand for the code as it is."""

from __future__ import annotations

import pytest

from quant.paths import PROJECT
from tests.mutants.faults import Fault, read


@pytest.mark.parametrize("fault", read(), ids=lambda fault: fault.name)
def test_a_fault_can_be_planted_and_its_tests_are_there(fault: Fault) -> None:
    text = (PROJECT / fault.file).read_text(encoding="utf-8")
    assert fault.planted(text) != text
    for test in fault.tests:
        file, _, name = test.partition("::")
        assert not name or f"def {name}(" in (PROJECT / file).read_text(encoding="utf-8"), test
        assert (PROJECT / file).is_file(), test
