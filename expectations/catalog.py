"""The target's tables as dbt's yml declares them: the one truth that suites and parity are made from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from loader.errors import UserError
from loader.paths import PROJECT

MODELS = PROJECT / "models"
# libyaml is ten times as fast where PyYAML has it
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
VARIABLE = re.compile(r"""\{\{\s*var\(\s*['"](\w+)['"]\s*\)\s*\}\}""")
BUCKETS = ("month", "quarter", "year")
READ = re.compile(r"""\{\{\s*ref\(\s*['"](\w+)['"]\s*\)\s*\}\}""")
REFERENCE = re.compile(r"""^\s*ref\(\s*['"](\w+)['"]\s*\)\s*$""")


@dataclass(frozen=True)
class ForeignKey:
    """Columns that must be found in another table, unless one of them is NULL."""

    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]

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


@dataclass(frozen=True)
class TargetTable:
    """A table of the schema `public`.

    `checks` are SQL conditions and `indexes` definitions by their names, `unique` the column groups that are unique
    beside the key, `clauses` what DDL says of a column after its type (identity, default, generated).
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
    """A continuous aggregate, its bucket column (month, quarter or year), its refresh policy and what it reads."""

    name: str
    bucket: str
    policy: Mapping[str, str]
    base: str = ""
    description: str = ""


@dataclass(frozen=True)
class Catalog:
    """Everything declared in `models/`, by name; `sources` are the tables of raw that the models read."""

    tables: Mapping[str, TargetTable]
    aggregates: Mapping[str, Aggregate]
    sources: frozenset[str]


def read(models: Path = MODELS) -> Catalog:
    """Read every yml file below `models`.

    Raises:
        UserError: when a file is not YAML, or no table is declared at all.
    """
    tables: dict[str, TargetTable] = {}
    aggregates: dict[str, Aggregate] = {}
    documents = list(_documents(models))
    project = models.parent / "dbt_project.yml"
    variables = _load(project).get("vars", {}) if project.exists() else {}
    for model in (model for document in documents for model in document.get("models", [])):
        columns = {column["name"] for column in model.get("columns", [])}
        bucket = next((name for name in BUCKETS if name in columns), None)
        if any(constraint["type"] == "primary_key" for constraint in _constraints(model)):
            tables[model["name"]] = _table(model, variables)
        elif bucket and {"ticker", "region"} <= columns:
            policy = model.get("config", {}).get("refresh_policy", {})
            base = _base(next(models.rglob(f"{model['name']}.sql"), None))
            aggregates[model["name"]] = Aggregate(model["name"], bucket, policy, base, model.get("description", ""))
    if not tables:
        raise UserError(f"No table is declared in {models}: its yml files must name columns and a primary key.")
    sources = [group for document in documents for group in document.get("sources", []) if group["name"] == "raw"]
    names = frozenset(table["name"] for group in sources for table in group["tables"])
    return Catalog(tables, aggregates, names)


def _table(model: dict[str, Any], variables: Mapping[str, Any]) -> TargetTable:
    constraints = list(_constraints(model))
    config = model.get("config", {})
    hypertable = None
    if "hypertable" in config:
        kept, packed = config["hypertable"], config.get("compression", {})
        values = (kept["time_column"], kept["chunk_interval"])
        packing = (packed.get("segment_by", ""), packed.get("order_by", ""), packed.get("after", ""))
        hypertable = Hypertable(*(_variable(value, variables) for value in (*values, *packing)))
    return TargetTable(
        name=model["name"],
        columns={str(column["name"]): str(column.get("data_type", "")) for column in model.get("columns", [])},
        key=next(tuple(c["columns"]) for c in constraints if c["type"] == "primary_key"),
        foreign_keys=tuple(_foreign_key(c) for c in constraints if c["type"] == "foreign_key"),
        checks={c["name"]: c["expression"] for c in constraints if c["type"] == "check"},
        indexes=config.get("named_indexes", {}),
        hypertable=hypertable,
        description=model.get("description", ""),
        required=frozenset(c["columns"][0] for c in constraints if c["type"] == "not_null"),
        unique=tuple(tuple(c["columns"]) for c in constraints if c["type"] == "unique"),
        clauses={c["columns"][0]: c["expression"] for c in constraints if c["type"] == "custom"},
    )


def _base(sql: Path | None) -> str:
    """What a model reads, where its SQL lies beside its yml."""
    found = READ.search(sql.read_text(encoding="utf-8")) if sql else None
    return found[1] if found else ""


def _variable(value: str, variables: Mapping[str, Any]) -> str:
    """A value of a yml file with dbt's `var()` filled in from dbt_project.yml."""
    return VARIABLE.sub(lambda found: str(variables[found[1]]), value)


def _load(path: Path) -> dict[str, Any]:
    try:
        return dict(yaml.load(path.read_text(encoding="utf-8"), _Loader) or {})
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not readable YAML: {error}") from error


def _documents(folder: Path) -> Iterator[dict[str, Any]]:
    return (_load(path) for path in sorted(folder.rglob("*.yml")))


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
        return ForeignKey(columns, found[1], tuple(constraint.get("to_columns", columns)))
    raise UserError(f"The foreign key of {columns} in models/ must say `to: ref('table')`, not {to!r}.")
