"""The expectations that Great Expectations lacks; importing this module registers them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any

import psycopg2.errors
import sqlalchemy
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation

from expectations import queries, session
from expectations.beside import looked_for
from expectations.parity.result import Comparison
from expectations.parity.survey import Counts
from quant.errors import in_one_line
from quant.text import counted

Outcome = dict[str, Any]
MONTHS = 2000  # that are listed, those with the most rows first


class Judging:
    """Lets an expectation judge by itself, without the metrics that Great Expectations would collect for it."""

    @abstractmethod
    def judge(self, engine: object) -> Outcome:
        """Look, and say with `outcome` what is not as it should be."""

    def _validate(
        self,
        metrics: object,  # noqa: ARG002
        runtime_configuration: object = None,  # noqa: ARG002
        execution_engine: object = None,
    ) -> Outcome:
        try:
            return self.judge(execution_engine)
        except (psycopg2.errors.UndefinedColumn, psycopg2.errors.UndefinedTable) as error:
            session.current().rejoin()
            return outcome([f"could not be evaluated, for what it is about is not there: {in_one_line(error)}"], "")
        except psycopg2.Error:
            session.current().rejoin()  # else all that is asked afterwards would fail as well
            raise


def outcome(problems: list[str], observed: object) -> Outcome:
    """What an expectation returns: it passes when there are no problems."""
    return {"success": not problems, "result": {"observed_value": observed, "details": {"problems": problems}}}


class ExpectSourceRowsInRaw(Judging, BatchExpectation):
    """Of every table of the source: source rows = raw rows + rejected rows."""

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        problems = [f"the source's table {name} was overlooked by the loader" for name in now.survey.overlooked]
        left = "raw.{} has no table in the source (any more): if it may go, drop it from raw, and load again"
        problems += [left.format(name) for name in now.survey.left_over]
        for counts in now.counts.values():
            problems += _raw_counts(counts)
        if not now.counts:
            problems.append("the source has no tables at all")
        return outcome(problems, sum(counts.source for counts in now.counts.values()))


def _raw_counts(counts: Counts) -> list[str]:
    if counts.raw is None:
        return [f"{counts.table} of the source ({counted(counts.source, 'row')}) is not in raw"]
    if counts.source == counts.raw + counts.rejected:
        return []
    return [
        f"{counts.table}: the source has {counted(counts.source, 'row')}, raw {counts.raw:,} and rejected "
        f"{counts.rejected:,}: the difference is {counts.source - counts.raw - counts.rejected:+,}"
    ]


class ExpectRawRowsInPublic(Judging, BatchExpectation):
    """Raw rows = rows of the table in public that come from raw + quarantined rows + those that retention took."""

    table: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        counts = now.counts.get(self.table)
        if counts is None:
            return outcome([], 0)
        if counts.public is None or counts.raw is None:
            return outcome([f"public.{self.table} or raw.{self.table} is not there: run `dbt build`"], 0)
        _, compared = now.comparisons.get(self.table, (None, None))
        public = counts.public
        if compared:  # as of one reading, for where no snapshot is held an application may write meanwhile
            public, apart = compared.there, compared.stubs + compared.others
        else:  # nobody knows which rows an application wrote: public may have more, but they make up for no lost row
            lost = now.survey.lost(self.table)
            apart = max(0, counts.public - counts.raw + counts.quarantined + lost)
        difference = counts.raw - (public - apart) - counts.quarantined - counts.retained
        if not difference:
            return outcome([], public)
        sentence = (
            f"{self.table}: raw has {counted(counts.raw, 'row')}, public {public:,} ({apart:,} of them not from "
            f"raw) and the quarantine {counts.quarantined:,}, retention took {counts.retained:,}: "
            f"the difference is {difference:+,}"
        )
        return outcome([sentence], public)


class ExpectSourceValuesInRaw(Judging, BatchExpectation):
    """Every column of every row of every table of the source is in raw, bit for bit, and nothing else is."""

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        compared = [on_raw for on_raw, _ in session.current().comparisons.values()]
        problems = [line for comparison in compared for line in describe(comparison)]
        if not compared:
            problems.append("no table of the source is in raw")
        return outcome(problems, sum(comparison.rows for comparison in compared))


class ExpectSourceValuesInPublic(Judging, BatchExpectation):
    """Every source row that is not quarantined is in public under its key, with every column in canonical form."""

    table: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        if self.table not in now.counts:
            return outcome([], 0)
        _, comparison = now.comparisons.get(self.table, (None, None))
        if comparison is None:
            return outcome([f"public.{self.table} could not be compared: it or its key is not there"], 0)
        return outcome(describe(comparison), comparison.rows)


class ExpectSourceMonths(Judging, BatchExpectation):
    """Every month of a hypertable, ticker by ticker, has in raw or public just the rows that the source gives."""

    place: str
    table: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        if self.table not in now.counts:
            return outcome([], 0)
        raw, public = now.comparisons.get(self.table, (None, None))
        comparison = raw if self.place == "raw" else public
        if comparison is None:
            return outcome([f"{self.place}.{self.table} could not be compared: it or its key is not there"], 0)
        listed = [(month, counted(count, "row")) for month, count in comparison.months.most_common(MONTHS)]
        problems = [f"{comparison.relation}: {month}: {rows} not as in the source" for month, rows in listed]
        if more := len(comparison.months) - len(listed):
            problems.append(f"… and {counted(more, 'more month')}")
        return outcome(problems + describe(comparison), comparison.rows)


class ExpectSourceColumnsInRaw(Judging, BatchExpectation):
    """Rows, NULLs, smallest and largest value and exact sum of every column of every table are the source's."""

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        compared = [on_raw for on_raw, _ in session.current().comparisons.values()]
        problems = [line for comparison in compared for line in _unlike(comparison)]
        if not compared:
            problems.append("no table of the source is in raw")
        return outcome(problems, sum(len(comparison.found) for comparison in compared))


class ExpectSourceColumnsInPublic(Judging, BatchExpectation):
    """The same of a table in public, in canonical form and without the rows that the source does not give."""

    table: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        if self.table not in now.counts:
            return outcome([], 0)
        _, comparison = now.comparisons.get(self.table, (None, None))
        if comparison is None:
            return outcome([f"public.{self.table} could not be summed up: it or its key is not there"], 0)
        return outcome(_unlike(comparison), len(comparison.found))


def _unlike(comparison: Comparison) -> list[str]:
    """What is not the source's, a line a column."""
    differences = comparison.wanted.differences(comparison.found)
    return [f"{comparison.relation}.{name}: {'; '.join(told)}" for name, told in differences.items()]


class ExpectSourceRulesInPublic(Judging, BatchExpectation):
    """NOT NULL, DEFAULT and UNIQUE of the file stand in public, or rows that are there break them."""

    table: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        found = now.rules(self.table)
        return outcome(found.problems, f"{len(found.weakened)} weakened")


class ExpectQueryWithinBudget(Judging, BatchExpectation):
    """A query of the platform returns rows within its budget; over a table that is still empty it says so."""

    query: str

    def judge(self, engine: object) -> Outcome:  # noqa: ARG002
        now = session.current()
        (query,) = (one for one in queries.QUERIES if one.meaning == self.query)
        connection = now.ground.plain
        if not queries.has_rows(connection, query):
            now.timings[query.meaning] = None
            return outcome([], f"no rows yet in {query.table}")
        budget, most = query.budget(now.target.name), queries.PULSE.budget(now.target.name)
        timing = queries.measure(connection, query, now.anchors, budget)
        now.pulses.append(queries.measure_once(connection, queries.PULSE, {}).p95)
        pulse = max(now.pulses[-2:])  # before the query, which is after the one before it, and after it
        problems = [] if timing.rows else [f"{query.table} has rows, but the query finds none"]
        observed = f"{timing.p95:.1f} of {budget:g} ms, {counted(timing.rows, 'row')}"
        if timing.p95 > budget:
            timing = replace(timing, plan=tuple(queries.explain(connection, query, now.anchors)))
            if pulse > most:
                observed += f", not judged: the machine is busy (select 1 took {pulse:.1f} ms)"
            else:
                problems.append(f"p95 {timing.p95:.1f} ms, budget {budget:g} ms, {counted(timing.rows, 'row')}")
        now.timings[query.meaning] = timing
        return outcome(problems, observed)


def describe(comparison: Comparison) -> list[str]:
    """What is wrong, in sentences: first the sums, then samples; nothing when all is equal."""
    if comparison.equal:
        return []
    name = comparison.relation
    lines = list(comparison.problems)
    if comparison.missing:
        lines.append(f"{name}: {counted(comparison.missing, 'row')} of the source missing")
    if comparison.differing:
        listed = ", ".join(f"{column} ({count:,})" for column, count in comparison.columns.most_common())
        among = f" among the first {comparison.examined:,}" if comparison.examined < comparison.differing else ""
        where = f", in the columns {listed}{among}" if listed else ""
        lines.append(f"{name}: {counted(comparison.differing, 'row')} with other values{where}")
    if comparison.twice:
        lines.append(f"{name}: {counted(comparison.twice, 'row')} with a key that another row has too")
    return lines + [f"  {sample}" for sample in comparison.samples]


class ExpectNoRows(Judging, BatchExpectation):
    """The query, which looks for what must not be, returns nothing."""

    query: str

    def judge(self, engine: object) -> Outcome:
        assert isinstance(engine, SqlAlchemyExecutionEngine)
        statement, beside = looked_for(self.query), session.current().beside
        rows = beside.answer(statement) if beside else None
        if rows is None:
            rows = [dict(row) for row in engine.execute_query(sqlalchemy.text(statement)).mappings()]
        total = rows[0]["total_"] if rows else 0
        problems = [", ".join(f"{name} {value!s}" for name, value in row.items() if name != "total_") for row in rows]
        if total > len(rows):
            problems.append(f"… and {total - len(rows):,} more")
        return outcome(problems, total)


class ExpectKeysToBeUnique(ExpectNoRows):
    """No key of a table has two rows: where every row of it was compared, that has told already."""

    table: str
    query: str

    def judge(self, engine: object) -> Outcome:
        now = session.current()
        _, compared = now.comparisons.get(self.table, (None, None))
        if now.reads_all and compared and not compared.twice:
            return outcome([], 0)
        return super().judge(engine)
