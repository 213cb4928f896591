"""The target's tables as dbt's yml declares them: the one truth that suites and parity are made from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from quant.errors import UserError
from quant.paths import PROJECT

MODELS = PROJECT / "models"
# libyaml is ten times as fast where PyYAML has it
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
VARIABLE = re.compile(r"""\{\{\s*var\(\s*['"](\w+)['"]\s*\)\s*\}\}""")
BUCKET = re.compile(r"""\btime_bucket\(.*?\)\s+as\s+(\w+)""", re.I | re.S)
READ = re.compile(r"""\{\{\s*ref\(\s*['"](\w+)['"]\s*\)\s*\}\}""")
DOCUMENTED = re.compile(r"""\{\{\s*doc\(\s*['"](\w+)['"]\s*\)\s*\}\}""")
BLOCK = re.compile(r"\{%-?\s*docs (\w+)\s*-?%\}(.*?)\{%-?\s*enddocs\s*-?%\}", re.S)
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
    """A continuous aggregate: its bucket column (month, week, …), base and SQL with Jinja.

    The job refreshes it `every` so often, up to the bucket that holds the day that was the interval `lag` ago.
    """

    name: str
    bucket: str
    every: str
    lag: str
    base: str = ""
    description: str = ""
    sql: str = ""


@dataclass(frozen=True)
class Catalog:
    """Everything declared in `models/`, by name.

    `sources` are the tables of raw that the models read, with the types that their columns are read as.
    `quarantine_limits` are shares of a table's rows in percent; what has none of its own has that of `default`.
    """

    tables: Mapping[str, TargetTable]
    aggregates: Mapping[str, Aggregate]
    sources: Mapping[str, Mapping[str, str]]
    quarantine_limits: Mapping[str, float] = field(default_factory=dict)


def read(models: Path = MODELS) -> Catalog:
    """Read every yml file below `models`.

    Raises:
        UserError: when a file is not YAML, or no table is declared at all.
    """
    tables: dict[str, TargetTable] = {}
    aggregates: dict[str, Aggregate] = {}
    documents = dict(_documents(models))
    project = _load(models.parent / "dbt_project.yml")
    folders: dict[str, dict[str, str]] = next(iter(project.get("models", {}).values()), {})
    blocks = {
        found[1]: found[2].strip()
        for page in models.rglob("*.md")
        for found in BLOCK.finditer(page.read_text(encoding="utf-8"))
    }
    variables = project.get("vars", {})
    for path, document in documents.items():
        folder = folders.get(path.relative_to(models).parts[0], {})
        for model in document.get("models", []):
            kind = model.get("config", {}).get("materialized", folder.get("+materialized"))
            if kind == "durable_table":
                tables[model["name"]] = _table(model, variables, blocks)
            elif kind == "continuous_aggregate":
                aggregates[model["name"]] = _aggregate(model, path, variables)
    if not tables:
        raise UserError(f"No table is declared in {models}: its yml files must name columns and a primary key.")
    sources = [
        group for document in documents.values() for group in document.get("sources", []) if group["name"] == "raw"
    ]
    types = {
        table["name"]: {str(column["name"]): str(column.get("data_type", "")) for column in table.get("columns", [])}
        for group in sources
        for table in group["tables"]
    }
    return Catalog(tables, aggregates, types, variables.get("quarantine_limits", {}))


def _table(model: dict[str, Any], variables: Mapping[str, Any], blocks: Mapping[str, str]) -> TargetTable:
    constraints = list(_constraints(model))
    config = model.get("config", {})
    strict = [constraint for constraint in constraints if not _is_rule(constraint, config)]
    clauses: dict[str, str] = {}
    for one in strict:
        if one["type"] == "custom":
            column = one["columns"][0]
            clauses[column] = f"{clauses.get(column, '')} {one['expression']}".strip()
    key = next((tuple(c["columns"]) for c in constraints if c["type"] == "primary_key"), None)
    if key is None:
        raise UserError(f"The table {model['name']} has no primary key in models/: nothing could be said of its rows.")
    hypertable = None
    if "hypertable" in config:
        kept, packed = config["hypertable"], config.get("compression", {})
        values = (kept["time_column"], kept["chunk_interval"])
        packing = (packed.get("segment_by", ""), packed.get("order_by", ""), packed.get("after", ""))
        told = (*values, *packing, kept.get("drop_after", "never"))
        hypertable = Hypertable(*(_variable(value, variables) for value in told))
    return TargetTable(
        name=model["name"],
        columns={str(column["name"]): str(column.get("data_type", "")) for column in model.get("columns", [])},
        key=key,
        foreign_keys=tuple(_foreign_key(c) for c in constraints if c["type"] == "foreign_key"),
        checks={c["name"]: c["expression"] for c in constraints if c["type"] == "check"},
        indexes=config.get("named_indexes", {}),
        hypertable=hypertable,
        description=model.get("description", ""),
        required=frozenset(c["columns"][0] for c in strict if c["type"] == "not_null"),
        unique=tuple(tuple(c["columns"]) for c in strict if c["type"] == "unique"),
        clauses=clauses,
        descriptions={
            column["name"]: DOCUMENTED.sub(lambda found: blocks[found[1]], column["description"]).strip()
            for column in model.get("columns", [])
            if column.get("description")
        },
        if_null={str(column["name"]): _if_null(column) for column in model.get("columns", [])},
        stub_where=config.get("stub_where", "false"),
        rules=_rules(constraints, config),
    )


def _is_rule(constraint: dict[str, Any], config: Mapping[str, Any]) -> bool:
    """Whether it stands for the source's applications alone, and so gives way to the source's rows."""
    told = str(constraint.get("expression", ""))
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


def _aggregate(model: dict[str, Any], path: Path, variables: Mapping[str, Any]) -> Aggregate:
    file = path.with_name(f"{model['name']}.sql")
    sql = file.read_text(encoding="utf-8") if file.exists() else ""
    bucket, base = BUCKET.search(sql), READ.search(sql)
    if not (bucket and base):
        raise UserError(
            f"{file} must be the SQL of the continuous aggregate {model['name']}, which {path.name} declares: "
            "`time_bucket(…) as NAME` and `{{ ref('…') }}`."
        )
    every, lag = (str(variables.get(f"aggregate_refresh_{name}", "")) for name in ("every", "lag"))
    return Aggregate(model["name"], bucket[1], every, lag, base[1], model.get("description", ""), sql)


def _if_null(column: Mapping[str, Any]) -> str:
    meta = column.get("config", {}).get("meta", {})
    return str(meta.get("if_null", f"{column['name']} is missing"))


def _variable(value: str, variables: Mapping[str, Any]) -> str:
    """A value of a yml file with dbt's `var()` filled in from dbt_project.yml."""
    return VARIABLE.sub(lambda found: str(variables[found[1]]), value)


def _load(path: Path) -> dict[str, Any]:
    try:
        return dict(yaml.load(path.read_text(encoding="utf-8"), _Loader) or {})
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not readable YAML: {error}") from error


def _documents(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    return ((path, _load(path)) for path in sorted(folder.rglob("*.yml")))


def _constraints(model: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Constraints of the model and of its columns, the latter written like the former."""
    yield from model.get("constraints", [])
    for column in model.get("columns", []):
        for constraint in column.get("constraints", []):
            yield {"columns": [column["name"]], **constraint}


def _foreign_key(constraint: dict[str, Any]) -> ForeignKey:
    columns = tuple(constraint["columns"])
    to = str(constraint.get("to", ""))
    if found := REFERENCE.match(to):
        referred = tuple(constraint.get("to_columns", columns))
        return ForeignKey(columns, found[1], referred, str(constraint.get("expression", "")))
    raise UserError(f"The foreign key of {columns} in models/ must say `to: ref('table')`, not {to!r}.")
