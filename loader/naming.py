"""dlt's naming convention for raw: names stay as they are.

dlt's own conventions rewrite quotes, case or blanks; `loader.plan.target_name` has already made every
name one that PostgreSQL keeps. dlt also names files after tables, and refuses a table whose name no
file may have: such a name travels through dlt as hexadecimal and is decoded where SQL is written.
"""

from __future__ import annotations

from typing import ClassVar

from dlt.common.normalizers.naming import NamingConvention as Base
from dlt.common.storages import FileStorage
from pathvalidate import ValidationError

OPENING, CLOSING = "⟦", "⟧"


class NamingConvention(Base):
    """Identity, with a separator that no SQL name has."""

    PATH_SEPARATOR: ClassVar[str] = "\x1f"

    def __init__(self, max_length: int | None = None) -> None:  # noqa: ARG002  (dlt's own way to shorten is not ours)
        super().__init__()

    def normalize_identifier(self, identifier: str) -> str:
        return identifier

    def normalize_path(self, path: str) -> str:
        return path  # a name has no parts here, and one of blanks alone is a name

    normalize_tables_path = normalize_path

    @property
    def is_case_sensitive(self) -> bool:
        return True


def encode_name(name: str) -> str:
    """The name under which dlt carries a table."""
    try:
        FileStorage.validate_file_name_component(name)
    except ValidationError:
        return f"{OPENING}{name.encode().hex()}{CLOSING}"
    return name


def decode_name(name: str) -> str:
    """The name in the database of what dlt carries."""
    if name.startswith(OPENING) and name.endswith(CLOSING):
        return bytes.fromhex(name[len(OPENING) : -len(CLOSING)]).decode()
    return name
