"""The example of deploy/ on loopback, from its very files: two nodes of Patroni, etcd, HAProxy and PgBouncer."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg2

from quant.errors import UserError
from quant.paths import PROJECT
from quant.target import Target
from tests.support import native
from tests.support.places import query
from tests.support.replicas import program, until

DEPLOY = PROJECT / "deploy"
PACKAGES = {"patroni": "patroni", "etcd": "etcd-server", "haproxy": "haproxy", "pgbouncer": "pgbouncer"}
# Debian keeps what administrators start where a user's PATH does not look.
FOUND = {name: shutil.which(name) or shutil.which(name, path="/usr/sbin") for name in PACKAGES}
LACKING = [name for name, place in FOUND.items() if not place]
MISSING = (
    f"there is no {' and no '.join(LACKING)} here: install Debian's "
    f"{'packages' if len(LACKING) > 1 else 'package'} {', '.join(PACKAGES[name] for name in LACKING)}"
)
ETCD = 2379
NODES = {"node1": (5433, 8008), "node2": (5434, 8009)}  # PostgreSQL's port, and Patroni's
PRIMARY, STANDBY, POOLED = 5000, 5001, 6432
LEADER, SYNCHRONOUS, FOLLOWS = "/primary", "/synchronous", "/replica"  # what Patroni answers 200 to
LONG = 180.0  # seconds that nothing of a cluster takes


@dataclass
class Room:
    """A folder for all of them, and what runs in it."""

    folder: Path
    ports: Mapping[int, int]
    programs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def configuration(self, name: str, node: str = "node1") -> Path:
        """A file of deploy/ with the ports, folders and names of this room; that of Patroni is the first node's."""
        text = (DEPLOY / name).read_text(encoding="utf-8")
        if node != "node1":
            # Only that file names one node alone.
            for ours, theirs in zip(NODES["node1"], NODES[node], strict=True):
                text = text.replace(str(ours), str(theirs))
            text = text.replace("node1", node)
        text = re.sub(r"\b\d{4}\b", lambda found: str(self.ports.get(int(found[0]), found[0])), text)
        text = text.replace("/usr/lib/postgresql/15/bin", str(self.programs))
        text = re.sub("/var/(lib/postgresql/15|run/postgresql)", str(self.folder), text)
        return self.write(f"{node}.{name}", text)

    def write(self, name: str, text: str) -> Path:
        """A file that the programs can read."""
        written = self.folder / name
        written.write_text(text, encoding="utf-8")
        native.give(written)
        return written

    def start(self, name: str, program: str, *arguments: str | Path) -> None:
        """Start a program under a name; what it says is in `name.log`."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [str(FOUND[program]), *arguments],
                user=native.ordinary_user(),
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """End a program as a power cut would, and what it has started, but for a server: that is of its own."""
        process = self.running.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        """End all that runs, and remove the folder."""
        for name in tuple(self.running):
            self.kill(name)
        for data in (self.folder / node for node in NODES):  # nobody is left to start them again
            if native.server_runs(data):
                program(self.programs, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def said(self) -> str:
        """The last of what each of them said."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"{log.name}:\n{log.read_text(errors='replace')[-1500:]}" for log in logs)


@dataclass(frozen=True)
class Node:
    """A server and its Patroni."""

    name: str
    target: Target
    api: int
    room: Room

    def start(self) -> None:
        """Start Patroni, which starts the server."""
        self.room.start(self.name, "patroni", self.room.configuration("patroni.yml", self.name))

    def kill(self) -> None:
        """End both as a power cut would, first him who would start the other again."""
        postmaster = int((self.room.folder / self.name / "postmaster.pid").read_text().split()[0])
        self.room.kill(self.name)
        os.kill(postmaster, signal.SIGKILL)

    def is_(self, role: str) -> bool:
        """What Patroni says of it."""
        asking = http.client.HTTPConnection("127.0.0.1", self.api, timeout=10)
        try:
            asking.request("OPTIONS", role)
            return asking.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asking.close()


@dataclass(frozen=True)
class Cluster:
    """Two nodes, and the three ports by which programs reach them."""

    nodes: tuple[Node, ...]
    primary: Target
    standby: Target
    pooled: Target
    room: Room

    def until_settled(self) -> None:
        """Wait until both nodes and all ports are what they should be: from here on a commit waits for the standby."""
        self._until(lambda: any(one.is_(LEADER) for one in self.nodes))
        self._until(lambda: any(one.is_(SYNCHRONOUS) for one in self.nodes))
        self.until_led_by(self.leader())
        self._until(lambda: _is_standby(self.standby) is True)

    def until_led_by(self, node: Node) -> None:
        """Wait until that node is the primary, and HAProxy has seen it."""
        self._until(lambda: node.is_(LEADER) and _is_standby(self.primary) is False)

    def leader(self) -> Node:
        """The node that is the primary."""
        (found,) = [one for one in self.nodes if one.is_(LEADER)]
        return found

    def follower(self) -> Node:
        """The other."""
        (found,) = [one for one in self.nodes if one.is_(FOLLOWS)]
        return found

    def _until(self, said: Callable[[], bool]) -> None:
        until(said, LONG, self.room.said)


def _is_standby(target: Target) -> bool | None:
    """What the server there says; None where there is none."""
    with suppress(UserError, psycopg2.Error):
        ((answer,),) = query(target, "select pg_is_in_recovery()")
        return bool(answer)
    return None


@contextmanager
def cluster(programs: Path) -> Iterator[Cluster]:
    """Start all of it; it is ended and removed at the end."""
    room = Room(Path(tempfile.mkdtemp(prefix="quant-cluster-")), _free_ports(), programs)
    with ExitStack() as ending:
        ending.callback(room.end)
        native.give(room.folder)
        room.write("users.txt", '"quant" "secret"\n')
        here, peers = (f"http://127.0.0.1:{port}" for port in (room.ports[ETCD], room.ports[ETCD + 1]))
        own = ("--listen-client-urls", here, "--advertise-client-urls", here, "--listen-peer-urls", peers)
        own += ("--initial-advertise-peer-urls", peers, "--initial-cluster", f"default={peers}")
        room.start("etcd", "etcd", "--data-dir", room.folder / "etcd", *own)
        server = Target("server", "127.0.0.1", 0, "postgres", "quant", "secret")
        nodes = tuple(
            Node(name, replace(server, port=room.ports[port]), room.ports[api], room)
            for name, (port, api) in NODES.items()
        )
        for node in nodes:
            node.start()
        room.start("haproxy", "haproxy", "-db", "-f", room.configuration("haproxy.cfg"))
        room.start("pgbouncer", "pgbouncer", room.configuration("pgbouncer.ini"))
        through = (replace(server, port=room.ports[port]) for port in (PRIMARY, STANDBY, POOLED))
        made = Cluster(nodes, *through, room)
        made.until_settled()
        yield made


def _free_ports() -> dict[int, int]:
    """A port that nobody listens on for each of the example's, no two of them the same."""
    wanted = [ETCD, ETCD + 1, PRIMARY, STANDBY, POOLED, *(port for both in NODES.values() for port in both)]
    with ExitStack() as held:
        free = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in wanted]
        return {port: int(one.getsockname()[1]) for port, one in zip(wanted, free, strict=True)}
