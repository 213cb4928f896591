"""What monitoring reads: metrics in Prometheus' text format, its alerts, and the Grafana dashboard's queries."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from quant.commands import metrics
from quant.paths import PROJECT
from tests.support.verdict_ground import Ground

# docs: prometheus.io/docs/instrumenting/exposition_formats, "Text-based format"
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"(?P<name>{NAME})(?:\{{(?P<labels>{LABEL}(?:,{LABEL})*)\}})? (?P<value>[-+0-9.e]+)")
RESERVED = {"job", "instance"}  # Prometheus sets them itself
DASHBOARD = PROJECT / "examples" / "grafana" / "quant.json"


def parsed(text: str) -> dict[str, dict[str, float]]:
    """Values by metric and labels; fails on what the format forbids."""
    found: dict[str, dict[str, float]] = {}
    assert text.endswith("\n")
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("# HELP "):
            name = line.split()[2]
            assert name not in found, f"{name} comes in two groups"
            assert next(lines) == f"# TYPE {name} gauge"
            found[name] = {}
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        assert sample["name"] == name, "a sample outside of its group"
        labels = sample["labels"] or ""
        assert labels not in found[name], f"{line} comes twice"
        assert not RESERVED & set(re.findall(r'(\w+)="', labels))
        found[name][labels] = float(sample["value"])
    return found


@pytest.fixture
def written(migrated: Ground, tmp_path: Path) -> dict[str, dict[str, float]]:
    migrated.run("--only", "counts")
    done = migrated.place.run("python", "-m", "quant", "status", "--prometheus", str(tmp_path / "quant.prom"))
    assert (done.stdout, [path.name for path in tmp_path.iterdir()]) == ("", ["quant.prom"])
    assert oct(os.stat(tmp_path / "quant.prom").st_mode & 0o777) == "0o644"
    return parsed((tmp_path / "quant.prom").read_text())


def test_the_metrics_are_what_the_database_holds(written: dict[str, dict[str, float]], migrated: Ground) -> None:
    assert list(written) == [name for name in metrics.METRICS if name in written]
    assert metrics.METRICS.keys() - written.keys() <= {"quant_job_next_start_timestamp_seconds"}
    [(rows, newest, verdicts)] = migrated.query(
        "select count(*), extract(epoch from max(date)::timestamp)::float8, "
        "(select extract(epoch from max(judged_at))::float8 from audit.verdicts) from public.ohlcv_data"
    )
    assert written["quant_table_rows"]['table="ohlcv_data"'] == rows
    assert written["quant_table_newest_timestamp_seconds"]['table="ohlcv_data"'] == newest
    assert written["quant_verdict_timestamp_seconds"][""] == verdicts
    assert written["quant_verdict_passed"] == written["quant_load_well"] == written["quant_well"] == {"": 1}
    assert 0 <= time.time() - written["quant_status_timestamp_seconds"][""] < 86400
    # an alert on something that is never written would never fire
    rules = yaml.safe_load((PROJECT / "examples" / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
    for rule in rules:
        [name] = re.findall(r"quant_\w+", rule["expr"])
        assert written[name], rule["alert"]
        assert rule["annotations"]["summary"]
        for selector in re.findall(r"\{(.+?)\}", rule["expr"]):
            assert selector in written[name]


def test_metrics_that_cannot_be_written_are_told(migrated: Ground, tmp_path: Path) -> None:
    place = str(tmp_path / "none" / "quant.prom")
    done = migrated.place.run("python", "-m", "quant", "status", "--prometheus", place, check=False)
    said = f"The metrics cannot be written to {place} (No such file or directory): name another file.\n"
    assert (done.returncode, done.stderr) == (2, said)


def filled_in(sql: str, variables: dict[str, str]) -> str:
    """A query as Grafana sends it."""
    sql = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 between '2015-01-01T00:00:00Z' and '2099-01-01T00:00:00Z'", sql)
    for name, value in variables.items():
        sql = sql.replace(f"${{{name}:sqlstring}}", f"'{value}'")
    assert "$" not in sql.replace("$$", ""), sql
    return sql


def test_every_query_of_the_dashboard_has_rows(migrated: Ground) -> None:
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
    migrated.run("--only", "counts")
    variables: dict[str, str] = {}
    for one in dashboard["templating"]["list"]:
        values = migrated.query(filled_in(one["query"], variables))
        variables[one["name"]] = str(values[-1][0])
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        [target] = panel["targets"]
        assert migrated.query(filled_in(target["rawSql"], variables)), panel["title"]
        assert panel["datasource"] == target["datasource"]
        if panel["type"] in ("candlestick", "timeseries"):
            assert re.match(r"select \S+.* as time,", target["rawSql"])
    corners = [
        (p["gridPos"]["x"] + i, p["gridPos"]["y"] + j)
        for p in panels
        for i in range(p["gridPos"]["w"])
        for j in range(p["gridPos"]["h"])
    ]
    assert len(corners) == len(set(corners)), "two panels lie on each other"


def test_grafana_finds_dashboard_and_database() -> None:
    provisioning = PROJECT / "examples" / "grafana" / "provisioning"
    [source] = yaml.safe_load((provisioning / "datasources" / "quant.yml").read_text())["datasources"]
    dashboard = json.loads(DASHBOARD.read_text())
    used = {(one["datasource"]["uid"], one["datasource"]["type"]) for one in dashboard["panels"]}
    assert used == {(source["uid"], source["type"])}
    told = re.findall(r"\$(\w+)", json.dumps(source))
    assert {name for name in told if name not in (PROJECT / ".env.example").read_text()} == set()
    [provider] = yaml.safe_load((provisioning / "dashboards" / "quant.yml").read_text())["providers"]
    assert provider["type"] == "file"
