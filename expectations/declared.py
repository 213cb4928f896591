"""The expectations that hold the schema against its declaration; importing this module registers them."""

from __future__ import annotations

from great_expectations.expectations.expectation import BatchExpectation

from expectations import session
from expectations.custom import Judging, Outcome, outcome


class ExpectTableAsDeclared(Judging, BatchExpectation):
    """A table is in one respect (columns, constraints, indexes, ids, unusual) what models/ says, and nothing more."""

    table: str
    about: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        compared = session.current().structure.tables.get(self.table)
        if compared is None:
            return outcome([f"there is no table public.{self.table}: run `dbt build`"], 0)
        problems = list(getattr(compared, self.about)())
        return outcome(problems, len(problems))


class ExpectAggregateAsDeclared(Judging, BatchExpectation):
    """A continuous aggregate is made by the SQL of its model: PostgreSQL plans both alike."""

    aggregate: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        problems = session.current().structure.aggregate(self.aggregate)
        return outcome(problems, len(problems))
