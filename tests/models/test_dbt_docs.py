"""What the project says of itself: everything is described, and the schema's page is that of the declared tables."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jinja2.nodes
import pytest
from dbt.parser.schemas import is_valid_type
from dbt_common.clients.jinja import parse

from expectations import catalog, diagram
from quant.paths import PROJECT
from tests.support.places import Place

NOWHERE = {"QUANT_TARGET": "server", "PATH": ""} | {
    f"POSTGRES_{name}": "nowhere.invalid" for name in ("HOST", "DB", "USER", "PASSWORD")
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All that dbt reads from the project; no server is asked."""
    written = tmp_path_factory.mktemp("target")
    done = subprocess.run(
        Place.command("dbt", "parse", "--target-path", str(written), "--log-path", str(written)),
        env=NOWHERE,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    found: dict[str, Any] = json.loads((written / "manifest.json").read_text())
    return found


def undescribed(kind: str, manifest: dict[str, Any]) -> list[str]:
    """Models or sources of this project without a description, without columns, or with a column without one.

    A column that a model leaves as the source has it is described there alone.
    """
    things = [*manifest["nodes"].values(), *manifest["sources"].values()]
    own = [thing for thing in things if thing["resource_type"] == kind and thing["package_name"] == "quant"]
    assert own
    of_source = {source["name"]: source["columns"] for source in manifest["sources"].values()}
    found = [thing["name"] for thing in own if not thing["description"] or not thing["columns"]]
    return found + [
        f"{thing['name']}.{name}"
        for thing in own
        for name, column in thing["columns"].items()
        if not column["description"]
        and not of_source.get(thing["config"].get("source_table"), {}).get(name, {}).get("description")
    ]


def test_no_description_of_the_source_is_repeated(manifest: dict[str, Any]) -> None:
    of_source = {source["name"]: source["columns"] for source in manifest["sources"].values()}
    assert [
        f"{node['name']}.{name}"
        for node in manifest["nodes"].values()
        for name, told in of_source.get(node["name"].removeprefix("stg_"), {}).items()
        if (column := node.get("columns", {}).get(name)) and column["description"] == told["description"]
    ] == []


def own_macros(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [macro for macro in manifest["macros"].values() if macro["package_name"] in ("quant", "timescale")]


def own_macros_with_arguments(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Without materializations and generic tests, whose arguments dbt fills in by itself."""
    return [macro for macro in own_macros(manifest) if not macro["name"].startswith(("materialization_", "test_"))]


def signature(macro: dict[str, Any]) -> list[str]:
    """The arguments that the Jinja names."""
    found = parse(macro["macro_sql"]).find_all(jinja2.nodes.Macro)
    return [argument.name for one in found for argument in one.args]


def test_every_model_and_column_is_described(manifest: dict[str, Any]) -> None:
    assert undescribed("model", manifest) == []


def test_every_source_table_and_column_is_described(manifest: dict[str, Any]) -> None:
    assert undescribed("source", manifest) == []
    assert [source["name"] for source in manifest["sources"].values() if not source["source_description"]] == []


def test_every_unit_test_is_described(manifest: dict[str, Any]) -> None:
    assert [test["name"] for test in manifest["unit_tests"].values() if not test["description"]] == []


def test_every_macro_is_described_with_the_arguments_that_it_takes(manifest: dict[str, Any]) -> None:
    macros = own_macros(manifest)
    assert len(macros) > 80
    assert [macro["name"] for macro in macros if not macro["description"]] == []
    called = own_macros_with_arguments(manifest)
    told = {macro["name"]: [argument["name"] for argument in macro["arguments"]] for macro in called}
    assert told == {macro["name"]: signature(macro) for macro in called}


def test_every_argument_has_a_type_that_dbt_knows_and_a_description(manifest: dict[str, Any]) -> None:
    arguments = [
        (macro["name"], argument) for macro in own_macros_with_arguments(manifest) for argument in macro["arguments"]
    ]
    assert [
        f"{name}({argument['name']})"
        for name, argument in arguments
        if not argument["description"] or not is_valid_type(argument["type"] or "")
    ] == []


def test_the_exposures_depend_on_what_they_read(manifest: dict[str, Any]) -> None:
    exposures = manifest["exposures"].values()
    found = {one["name"]: {node.split(".")[-1] for node in one["depends_on"]["nodes"]} for one in exposures}
    assert [one["name"] for one in exposures if not one["description"]] == []
    declared = catalog.read()
    everything = {*declared.tables, *declared.aggregates}
    asked = set(re.findall(r"\bpublic\.(\w+)", (PROJECT / "examples" / "grafana" / "quant.json").read_text()))
    assert found == {"quant_package": everything, "validation_report": everything, "grafana_dashboard": asked}


def test_the_page_of_the_schema_is_current(tmp_path: Path) -> None:
    fresh = diagram.write(tmp_path / diagram.PAGE.name).read_text()
    assert fresh == diagram.PAGE.read_text(), "run `make diagram`"


def test_the_page_of_the_schema_shows_every_table_key_and_aggregate() -> None:
    declared = catalog.read()
    lines = diagram.PAGE.read_text().splitlines()
    assert [f"    {name}[" for name in declared.tables] == [
        line[: line.index("[") + 1] for line in lines if line.endswith("] {")
    ]
    assert sum("--" in line and " : " in line for line in lines) == sum(
        len(table.foreign_keys) for table in declared.tables.values()
    )
    assert [line.strip() for line in lines if "}|..|| " in line] == [
        'ohlcv_data }|..|| ohlcv_monthly : "by month"',
        'ohlcv_monthly }|..|| ohlcv_quarterly : "by quarter"',
        'ohlcv_monthly }|..|| ohlcv_yearly : "by year"',
    ]
    assert [line.split("[")[0].strip() for line in lines if "(hypertable on date)" in line] == [
        "ohlcv_data",
        "factor_scores",
    ]
