"""The target's tables as dbt has parsed them: the one truth that suites, parity, diagram and report are made from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from expectations import manifest
from quant.errors import UserError
from quant.paths import PROJECT

BUCKET = re.compile(r"""\btime_bucket\(\s*(?:interval\s*)?'([^']+)'.*?\)\s+as\s+(\w+)""", re.I | re.S)
OF_SOURCE, DEFAULT = "of the source", "default "
REFERENCE = re.compile(r"""^\s*ref\(\s*['"](\w+)['"]\s*\)\s*$""")


@dataclass(frozen=True)
class ForeignKey:
    """Columns that must be found in another table, unless one of them is NULL; `actions` as DDL says them."""

    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]
    actions: str = ""

    def __post_init__(self) -> None:
        if not self.columns or len(self.columns) != len(self.referred):
            raise UserError(
                f"The foreign key {self.columns} to {self.table} {self.referred} in models/ must name as many columns "
                "on the one side as on the other."
            )

    def pairs(self) -> dict[str, str]:
        """The column here by the column there."""
        return dict(zip(self.referred, self.columns, strict=True))


@dataclass(frozen=True)
class Hypertable:
    """How TimescaleDB keeps a table: in chunks of an interval of time, old ones compressed."""

    time_column: str
    chunk_interval: str
    segment_by: str
    order_by: str
    compress_after: str
    drop_after: str


@dataclass(frozen=True)
class SourceRules:
    """What an application of the source relies on, where its rows and its file do not say otherwise.

    Attributes:
        required: the columns that are NOT NULL; True for one that stubs leave NULL.
        defaults: SQL by column.
        unique: groups of columns.
        weakened: why a group is not kept unique, by 'unique (a, b)'.
        stubs: the condition that marks a row that stands in for a missing parent; empty where there are none.
    """

    required: Mapping[str, bool] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    unique: tuple[tuple[str, ...], ...] = ()
    weakened: Mapping[str, str] = field(default_factory=dict)
    stubs: str = ""


@dataclass(frozen=True)
class TargetTable:
    """A table of the schema `public`.

    `widened` are columns that are wider than declared, since values of the source need it; `columns` tells as what.
    `checks` are SQL conditions and `indexes` definitions by their names, `unique` the column groups that are unique
    beside the key, `clauses` what DDL says of a column after its type (identity, default, generated). `if_null` is why
    a row without a value of that column is no row of this table, `stub_where` the SQL condition on what is a stub,
    `descriptions` are the columns' comments.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    checks: Mapping[str, str] = field(default_factory=dict)
    indexes: Mapping[str, str] = field(default_factory=dict)
    hypertable: Hypertable | None = None
    description: str = ""
    required: frozenset[str] = frozenset()
    unique: tuple[tuple[str, ...], ...] = ()
    clauses: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    if_null: Mapping[str, str] = field(default_factory=dict)
    stub_where: str = "false"
    rules: SourceRules = SourceRules()
    widened: frozenset[str] = frozenset()

    def regions(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Region columns that belong to a ticker: {region: (ticker, the tables whose region it inherits)}."""
        found: dict[str, tuple[str, tuple[str, ...]]] = {}
        if self.name == "tickers":
            return {"region": ("ticker", ())}
        for foreign in self.foreign_keys:
            pairs = foreign.pairs()
            if {"ticker", "region"} <= pairs.keys():
                ticker, parents = found.get(pairs["region"], (pairs["ticker"], ()))
                found[pairs["region"]] = (ticker, (*parents, foreign.table))
        return found


@dataclass(frozen=True)
class Aggregate:
    """A continuous aggregate: its columns, that of the bucket (month, week, …), its width, base and SQL with Jinja.

    The job refreshes it `every` so often, up to the bucket that holds the day that was the interval `lag` ago.
    """

    name: str
    columns: tuple[str, ...]
    bucket: str
    width: str
    every: str
    lag: str
    base: str
    description: str
    sql: str


@dataclass(frozen=True)
class Catalog:
    """Everything that dbt has parsed, by name.

    `sources` are the tables of raw that the models read, with the types that their columns are read as.
    `quarantine_limits` are shares of a table's rows in percent; what has none of its own has that of `default`.
    """

    tables: Mapping[str, TargetTable]
    aggregates: Mapping[str, Aggregate]
    sources: Mapping[str, Mapping[str, str]]
    quarantine_limits: Mapping[str, float] = field(default_factory=dict)


def read(project: Path = PROJECT) -> Catalog:
    """Read what a dbt project declares.

    Raises:
        UserError: when dbt cannot parse it, no table is declared at all, or something of one is missing.
    """
    parsed = manifest.read(project)
    variables = _variables(project)
    models = sorted(
        (node for node in parsed["nodes"].values() if node["resource_type"] == "model"),
        key=lambda node: str(node["original_file_path"]),
    )
    of_kind = {
        kind: [node for node in models if node["config"]["materialized"] == kind]
        for kind in ("durable_table", "continuous_aggregate")
    }
    if not of_kind["durable_table"]:
        raise UserError(f"No table is declared in {project / 'models'}: its yml files must name columns and a key.")
    # what dbt has run says of a foreign key which relation it led to, what it has parsed alone says it as written
    relations = {node["relation_name"]: node["name"] for node in models}
    sources = {one["name"]: one["columns"] for one in parsed["sources"].values() if one["source_name"] == "raw"}
    return Catalog(
        {
            node["name"]: _table(node, sources.get(node["config"].get("source_table"), {}), relations)
            for node in of_kind["durable_table"]
        },
        {node["name"]: _aggregate(node, parsed["nodes"], variables) for node in of_kind["continuous_aggregate"]},
        {
            source: {name: str(column["data_type"] or "") for name, column in columns.items()}
            for source, columns in sources.items()
        },
        variables.get("quarantine_limits", {}),
    )


def _variables(project: Path) -> dict[str, Any]:
    """The project's `vars`, which dbt fills in wherever they are asked for and writes nowhere."""
    return dict(yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8")).get("vars", {}))


def _table(model: dict[str, Any], of_source: Mapping[str, Any], relations: Mapping[str, str]) -> TargetTable:
    """A table; a column that it leaves as the source has it is described there alone."""
    constraints, config = list(_constraints(model)), model["config"]
    strict = [constraint for constraint in constraints if not _is_rule(constraint, config)]
    clauses: dict[str, str] = {}
    for one in strict:
        if one["type"] == "custom":
            column = one["columns"][0]
            clauses[column] = f"{clauses.get(column, '')} {one['expression']}".strip()
    key = next((tuple(c["columns"]) for c in constraints if c["type"] == "primary_key"), None)
    if key is None:
        raise UserError(f"The table {model['name']} has no primary key in models/: nothing could be said of its rows.")
    columns: dict[str, Any] = model["columns"]
    return TargetTable(
        name=model["name"],
        columns={name: str(column["data_type"] or "") for name, column in columns.items()},
        key=key,
        foreign_keys=tuple(_foreign_key(c, relations) for c in constraints if c["type"] == "foreign_key"),
        checks={c["name"]: c["expression"] for c in constraints if c["type"] == "check"},
        indexes=config.get("named_indexes", {}),
        hypertable=_hypertable(config),
        description=model["description"],
        required=frozenset(c["columns"][0] for c in strict if c["type"] == "not_null"),
        unique=tuple(tuple(c["columns"]) for c in strict if c["type"] == "unique"),
        clauses=clauses,
        descriptions={
            name: text
            for name, column in columns.items()
            if (text := (column["description"] or of_source.get(name, {}).get("description", "")).strip())
        },
        if_null={name: str(column["meta"].get("if_null", f"{name} is missing")) for name, column in columns.items()},
        stub_where=config.get("stub_where", "false"),
        rules=_rules(constraints, config),
    )


def _hypertable(config: Mapping[str, Any]) -> Hypertable | None:
    if "hypertable" not in config:
        return None
    kept, packed = config["hypertable"], config.get("compression", {})
    return Hypertable(
        kept["time_column"],
        kept["chunk_interval"],
        packed.get("segment_by", ""),
        packed.get("order_by", ""),
        packed.get("after", ""),
        kept.get("drop_after", "never"),
    )


def _is_rule(constraint: dict[str, Any], config: Mapping[str, Any]) -> bool:
    """Whether it stands for the source's applications alone, and so gives way to the source's rows."""
    told = constraint["expression"] or ""
    return told.startswith(OF_SOURCE) or ("source_table" in config and told.startswith(DEFAULT))


def _rules(constraints: list[dict[str, Any]], config: Mapping[str, Any]) -> SourceRules:
    found = [constraint for constraint in constraints if _is_rule(constraint, config)]
    return SourceRules(
        {c["columns"][0]: c["expression"] != OF_SOURCE for c in found if c["type"] == "not_null"},
        {c["columns"][0]: c["expression"].removeprefix(DEFAULT) for c in found if c["type"] == "custom"},
        tuple(tuple(c["columns"]) for c in found if c["type"] == "unique"),
        config.get("weakened", {}),
        config.get("stub_where", ""),
    )


def _aggregate(model: dict[str, Any], nodes: Mapping[str, Any], variables: Mapping[str, Any]) -> Aggregate:
    sql, bases = model["raw_code"], model["depends_on"]["nodes"]
    bucket = BUCKET.search(sql)
    if not bucket or len(bases) != 1:
        raise UserError(
            f"{model['original_file_path']} must be the SQL of the continuous aggregate {model['name']}: "
            "`time_bucket(interval '…', …) as NAME`, of one `{{ ref('…') }}`."
        )
    every, lag = (str(variables.get(f"aggregate_refresh_{name}", "")) for name in ("every", "lag"))
    base = str(nodes[bases[0]]["name"])
    columns, (width, name) = tuple(model["columns"]), bucket.groups()
    return Aggregate(model["name"], columns, name, width, every, lag, base, model["description"], sql)


def _constraints(model: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Constraints of the model and of its columns, the latter written like the former."""
    yield from model["constraints"]
    for name, column in model["columns"].items():
        for constraint in column["constraints"]:
            yield {**constraint, "columns": [name], "expression": constraint["expression"] or ""}


def _foreign_key(constraint: dict[str, Any], relations: Mapping[str, str]) -> ForeignKey:
    columns = tuple(constraint["columns"])
    to = str(constraint["to"] or "")
    found = REFERENCE.match(to)
    if not (table := found[1] if found else relations.get(to)):
        raise UserError(f"The foreign key of {columns} in models/ must say `to: ref('table')`, not {to!r}.")
    return ForeignKey(columns, table, tuple(constraint["to_columns"] or columns), constraint["expression"] or "")
