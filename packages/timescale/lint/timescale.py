"""What sqlfluff renders in the place of the package's macros: a model's SQL has to parse, and no more."""


def timescaledb() -> str:
    """The schema of TimescaleDB's functions."""
    return "public"


def summed(column: str, _relation: object) -> str:
    """The sum of a column."""
    return f"sum({column})"
