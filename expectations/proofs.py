"""Keeps what a verdict has proven beside its report, where no hand reaches it that only has the database."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg2.extensions

from expectations.parity import proven
from expectations.parity.since import Proven

NAME = ".{}-proven.json"  # in the folder of reports, by checkpoint
LIVES = 1 << 31  # transactions after which PostgreSQL's numbers begin to mean others
VERDICTS = "select to_regclass('audit.verdicts') is not null"
KNOWN = "select exists (select from audit.verdicts where judged_at = %s and checkpoint = %s)"


@dataclass
class Proofs:
    """What is known of a database, and where it is kept.

    A database that was set back to an earlier state does not know the verdict that proved this.
    """

    path: Path
    checkpoint: str
    server: str
    transaction: int
    known: dict[str, Proven] = field(default_factory=dict)
    found: dict[str, Proven] = field(default_factory=dict)

    def save(self, judged: datetime) -> None:
        """Write what was found, for the verdict of that time."""
        tables = {name: {"parts": one.parts, "apart": one.apart} for name, one in self.found.items()}
        document = {"judged": judged.isoformat(), "server": self.server, "transaction": self.transaction}
        written = self.path.with_suffix(".new")
        written.write_text(json.dumps(document | {"tables": tables}), encoding="utf-8")
        written.replace(self.path)


def load(folder: Path, checkpoint: str, plain: psycopg2.extensions.connection) -> Proofs:
    """What an earlier verdict has proven of this database; nothing is known where anything about it is in doubt."""
    proofs = Proofs(folder / NAME.format(checkpoint), checkpoint, *proven.server(plain))
    try:
        document = json.loads(proofs.path.read_text(encoding="utf-8"))
        judged, transaction = str(document["judged"]), int(document["transaction"])
        tables = {name: Proven(**one) for name, one in document["tables"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return proofs
    same = document["server"] == proofs.server and 0 <= proofs.transaction - transaction < LIVES
    with plain.cursor() as cursor:
        cursor.execute(VERDICTS)
        if same and cursor.fetchone() == (True,):
            cursor.execute(KNOWN, (judged, checkpoint))
            proofs.known = tables if cursor.fetchone() == (True,) else {}
    return proofs
