"""The expectations about what is set apart and about the books; importing this module registers them."""

from __future__ import annotations

import psycopg2.errors
from great_expectations.expectations.expectation import BatchExpectation

from expectations import books, session, stubs
from expectations.custom import Judging, Outcome, outcome
from expectations.parity.result import told
from quant.text import counted


class ExpectQuarantineWithinLimit(Judging, BatchExpectation):
    """No more of a table's rows are in quarantine than dbt_project.yml allows; one row alone is no share of a table."""

    table: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        counts = now.counts.get(self.table)
        if counts is None or not counts.quarantined:
            return outcome([], 0)
        limits, rows = now.survey.catalog.quarantine_limits, counts.raw or 0
        limit = float(limits.get(self.table, limits.get("default", 1)))
        if counts.quarantined < rows and counts.quarantined <= max(1, rows * limit / 100):
            return outcome([], counts.quarantined)
        sentence = (
            f"{counted(counts.quarantined, 'row')} of {self.table} of {rows:,} in quarantine, more than {limit:g} %: "
            "mend the source, or allow more in quarantine_limits of dbt_project.yml"
        )
        return outcome([sentence], counts.quarantined)


class ExpectQuarantineToBeProven(Judging, BatchExpectation):
    """Every row in quarantine cannot live in public for just the reason that it is there for, and is kept whole."""

    table: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        survey = session.current().survey
        return outcome(survey.unproven(self.table), len(survey.quarantined.get(self.table, ())))


class ExpectLedgerToBeTrue(Judging, BatchExpectation):
    """The loader's books say of the source and of raw what is so."""

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        if now.at_work.loads:  # it writes them amid its work
            return outcome([], "a load is at work")
        problems = list(books.ledger(now.survey, now.counts))
        return outcome(told(problems, "{}"), len(now.counts))


class ExpectWatermarksToBeTrue(Judging, BatchExpectation):
    """The build's books say from which load each table was built, and what was made of its declaration."""

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        if now.at_work.loads or now.at_work.builds:
            return outcome([], "a load or a build is at work")
        problems = [*books.watermarks(now.survey, now.copied), *books.applied(now.ground.plain, now.survey.catalog)]
        problems += [
            f"audit.quarantine has rows of {name}, which no source fills"
            for name in sorted(now.survey.quarantined.keys() - set(now.copied))
        ]
        return outcome(told(problems, "{}"), len(now.copied))


class ExpectConservationToBeTrue(Judging, BatchExpectation):
    """The view audit.conservation shows what is counted here."""

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        if now.at_work.loads or now.at_work.builds:
            return outcome([], "a load or a build is at work")
        try:
            problems = list(books.conservation(now.survey, now.counts, now.copied, now.asked(session.CONSERVATION)))
        except psycopg2.errors.SyntaxError:
            now.rejoin()
            problems = ["audit.conservation does not read raw._tables and audit.quarantine as dbt makes it"]
        return outcome(told(problems, "{}"), len(now.copied))


class ExpectStubsToBeBare(Judging, BatchExpectation):
    """Every stub has in its columns what a stub has."""

    table: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        found = list(stubs.unlike(now.ground.plain, now.survey.catalog.tables[self.table]))
        return outcome(told(found, "{}"), len(found))


class ExpectStubsToBeNeeded(Judging, BatchExpectation):
    """Every stub stands for a child, be it in quarantine or taken by retention."""

    table: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        found = now.asked(session.stubs_of(self.table))
        return outcome(told(found, "{}"), len(found))
