"""The expectations of the factor scores; importing this module registers them."""

from __future__ import annotations

import secrets

from great_expectations.expectations.expectation import BatchExpectation

from expectations import session
from expectations.custom import Judging, Outcome, outcome
from expectations.factors import judged


class ExpectFactorScores(Judging, BatchExpectation):
    """The project's own factors are in one respect what they should be: one of the functions of `judged`."""

    about: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        connection = session.current().ground.plain
        if not judged.built(connection):
            return outcome([], "no build has scored factors here")
        more = (secrets.randbelow(10**6),) if self.about in ("recomputed", "evaluation") else ()
        found = getattr(judged, self.about)(connection, *more)
        return outcome(found.problems, found.looked_at)
