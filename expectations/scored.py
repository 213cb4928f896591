"""The expectations of the factor scores; importing this module registers them."""

from __future__ import annotations

import secrets

from great_expectations.expectations.expectation import BatchExpectation

from expectations import session
from expectations.custom import Judging, Outcome, outcome


class ExpectFactorScores(Judging, BatchExpectation):
    """The project's own factors are in one respect what they should be: one of the questions of their judge."""

    about: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        judge = session.current().scores
        if not judge.built:
            return outcome([], "no build has scored factors here")
        more = (secrets.randbelow(10**6),) if self.about in ("recomputed", "evaluation") else ()
        found = getattr(judge, self.about)(*more)
        return outcome(found.problems, found.looked_at)
