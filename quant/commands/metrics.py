"""The state of a target in Prometheus' text format, for node_exporter's textfile collector."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from quant.commands.state import State, Step
from quant.errors import UserError

Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Labels, float]

# All are gauges. Times are seconds since 1970; what is not known has no sample.
METRICS = {
    "quant_status_timestamp_seconds": "When this was asked.",
    "quant_well": "1 if load, build, verdict and jobs are well, else 0.",
    "quant_database_size_bytes": "Size of the database.",
    "quant_load_timestamp_seconds": "When the last load ended.",
    "quant_load_well": "1 if the last load ended well; 0 also while one runs.",
    "quant_build_timestamp_seconds": "When the last build wrote.",
    "quant_verdict_timestamp_seconds": "When the last verdict was given.",
    "quant_verdict_passed": "1 if the last verdict passed, else 0.",
    "quant_verdict_failures": "Binding expectations that failed in the last verdict.",
    "quant_verdict_warnings": "Other expectations that failed in the last verdict.",
    "quant_table_rows": "Rows of a table or aggregate of public.",
    "quant_table_size_bytes": "Size of a table or aggregate with its indexes.",
    "quant_table_newest_timestamp_seconds": "Midnight (UTC) of the newest day, or the start of the newest bucket.",
    "quant_table_saved_ratio": "Share of the size of its compressed chunks that compression saves.",
    "quant_job_failed": "1 if a background job failed at its last run, else 0.",
    "quant_job_next_start_timestamp_seconds": "When a background job runs next.",
}


def write(found: State, path: Path) -> None:
    """Write the state into a file that a collector may read at any moment: it has the old text or the new one.

    Raises:
        UserError: when it cannot be written.
    """
    text = "".join(lines(found, datetime.now(UTC)))
    beside = None
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            beside = Path(file.name)
            file.write(text)
        beside.chmod(0o644)  # the collector is another user
        os.replace(beside, path)
    except OSError as error:
        if beside:
            with suppress(OSError):
                beside.unlink()
        raise UserError(f"The metrics cannot be written to {path} ({error.strerror}): name another file.") from error


def lines(found: State, asked: datetime) -> Iterator[str]:
    """The text, each metric with its help and type."""
    samples: dict[str, dict[Labels, float]] = {name: {} for name in METRICS}
    for name, labels, value in _samples(found, asked):
        known = samples[name]
        known[labels] = max(value, known.get(labels, value))  # two jobs of one kind on one table are one series
    for name, text in METRICS.items():
        if samples[name]:
            yield f"# HELP {name} {text}\n# TYPE {name} gauge\n"
            yield from (f"{name}{_braced(dict(labels))} {value!r}\n" for labels, value in samples[name].items())


def _samples(found: State, asked: datetime) -> Iterator[Sample]:
    yield "quant_status_timestamp_seconds", (), asked.timestamp()
    yield "quant_well", (), float(found.well)
    yield "quant_database_size_bytes", (), round(found.megabytes * 1e6)
    for name, step in (("load", found.load), ("build", found.build), ("verdict", found.verdict)):
        if step:
            yield from _step(name, step)
    for table in found.tables:
        labels = (("table", table.name),)
        if table.rows is not None:
            yield "quant_table_rows", labels, table.rows
        yield "quant_table_size_bytes", labels, round(table.megabytes * 1e6)
        if table.newest:
            yield "quant_table_newest_timestamp_seconds", labels, _midnight(date.fromisoformat(table.newest))
        if table.saved is not None:
            yield "quant_table_saved_ratio", labels, table.saved
    for job in found.jobs:
        of_job = (("job_name", job.name), ("of", job.of))  # `job` is Prometheus' own
        yield "quant_job_failed", of_job, float(job.outcome == "Failed")
        if job.next_start is not None:
            yield "quant_job_next_start_timestamp_seconds", of_job, job.next_start


def _step(name: str, step: Step) -> Iterator[Sample]:
    if step.timestamp is not None:
        yield f"quant_{name}_timestamp_seconds", (), step.timestamp
    if name != "build":  # which leaves no note when it fails
        yield f"quant_{name}_{'passed' if name == 'verdict' else 'well'}", (), float(step.well)
    for what in ("failures", "warnings") if name == "verdict" else ():
        yield f"quant_verdict_{what}", (), step.counts[what]


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _braced(labels: Mapping[str, str]) -> str:
    def escaped(value: str) -> str:
        return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

    return "{" + ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items()) + "}" if labels else ""
