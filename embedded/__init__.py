"""A TimescaleDB that needs nothing but Python wheels: for trying the platform out, and for its tests.

PostgreSQL 17 with TimescaleDB, compiled to WebAssembly (PGlite), runs in a Node that comes from PyPI;
`bridge/` makes a server of it that speaks PostgreSQL's wire protocol on 127.0.0.1, with a generated
password. It has one session, which clients take in turns: from the first statement of a transaction to its
end. A client that holds a transaction open therefore holds up all the others, and is rolled back when it
does nothing in it for ten minutes (`QUANT_EMBEDDED_IDLE_IN_TRANSACTION_MINUTES`). What differs from a real
server stands in docs/decisions/0002-embedded-engine.md.

    python -m loader.embedded setup     install the engine's Node packages (once)
    python -m loader.embedded start     start it; `stop`, `restart` and `status` do what they say

Everything it keeps is in one folder: `data/embedded` of the project, or the one that `QUANT_EMBEDDED_DIR`
names. There `connection.json` (readable by its owner only) holds host, port, user and password. It stops by
itself after 60 minutes without a client (`QUANT_EMBEDDED_IDLE_MINUTES`).
"""

from __future__ import annotations

from embedded.engine import ensure_running, start, stop
from embedded.folder import Endpoint, engine_folder
from embedded.status import Status, status

__all__ = ["Endpoint", "Status", "engine_folder", "ensure_running", "start", "status", "stop"]
