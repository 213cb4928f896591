"""Somebody who follows the documents: a fresh checkout, a fresh database, and a shell that keeps what was exported."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import embedded
from quant.paths import PROJECT
from quant.target import Target
from tests.support.documents import Block
from tests.support.places import Place, empty_environment, server_environment

SERVER_ALONE = re.compile(r"superuser|\bpsql\b|\bpg_|^source \.env|PGHOST")
ROWS = 5000  # the fewest that the generator takes


@dataclass
class Reader:
    """Follows one page after the other; each begins in a new shell."""

    checkout: Path
    environment: dict[str, str]
    superuser: Target | None  # None on the embedded engine
    words: dict[str, str]  # what the documents say, and what it is here
    page: str = ""
    said: str = ""
    ran: list[Block] = field(default_factory=list)
    pages: set[str] = field(default_factory=set)  # that were followed

    def follow(self, block: Block) -> None:
        """Run a block; its output is kept."""
        state = self.checkout / "state.sh"
        if block.page != self.page:
            self.page = block.page
            state.write_text("")
        if self.superuser is None and SERVER_ALONE.search(f"{block.mark}\n{block.text}"):
            return
        text = block.text
        for theirs, ours in self.words.items():
            text = text.replace(theirs, ours)
        environment = self.environment | (self._login(block.mark) if "superuser" in block.mark else {})
        if block.mark == "embedded":
            if not (PROJECT / "embedded" / "node_modules").exists():
                return
            environment |= {"QUANT_TARGET": "embedded"}
            self._run(Place.command("python", "-m", "loader.run"), environment, "")  # so that there is one
        if block.language == "sql":
            psql = ["psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1"]
            self.said = self._run(psql, environment | self._login(block.mark), text)
        else:
            kept = "" if "superuser" in block.mark or block.mark == "embedded" else f"export -p > '{state}'\n"
            again = f". '{state}'\n" if kept else ""
            once = "[ $? -eq 1 ]" if block.mark == "may end with 1" else "exit"
            lines = f"set -eo pipefail\n{again}{{ {text}\n}} || {once}\n{kept}"
            self.said = self._run(["bash", "-c", lines], environment, "")
        self.ran.append(block)
        if "cp .env.example .env" in text:
            self._fill_in()

    def knows(self, block: Block) -> bool:
        """Whether all its commands ran before; settings of a shell are set in each."""
        before = {command for one in self.ran for command in one.commands}
        return "export" not in block.text and before.issuperset(block.commands)

    def _run(self, command: list[str], environment: dict[str, str], given: str) -> str:
        done = subprocess.run(
            command,
            env=environment,
            cwd=self.checkout,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout.replace(f"{self.checkout}/", "")

    def _login(self, mark: str) -> dict[str, str]:
        """For PostgreSQL's own programs."""
        assert self.superuser
        own = self.superuser if "superuser" in mark else self._made
        names = {"PGHOST": own.host, "PGPORT": str(own.port), "PGDATABASE": own.database}
        return names | {"PGUSER": own.user, "PGPASSWORD": own.password}

    @property
    def _made(self) -> Target:
        """The database and login that the runbook has a superuser make."""
        assert self.superuser
        host, port = self.superuser.host, self.superuser.port
        login = self.words["owner quant"].split()[1]
        return Target("server", host, port, self.words["quant_platform"], login, "change-me")

    def _fill_in(self) -> None:
        """What a user writes into .env."""
        file = self.checkout / ".env"
        wanted = {"QUANT_TARGET": "embedded"}
        if self.superuser:
            wanted = server_environment(self._made)
        text = file.read_text()
        wanted |= {"QUANT_FACTORS": "false"}  # other tests score them
        for name, value in wanted.items():
            text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        file.write_text(text)


def checkout(folder: Path) -> Path:
    """What git knows of the project, and this environment, in another folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (PROJECT / name).is_file() or (PROJECT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name, follow_symlinks=False)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "embedded" / "node_modules").symlink_to(PROJECT / "embedded" / "node_modules")
    (folder / "data").mkdir()
    return folder


@contextmanager
def reader(server: Target | None, folder: Path) -> Iterator[Reader]:
    """A reader with a sample as the file that they would move, on a server where a superuser is at hand."""
    here = checkout(folder)
    backup = folder / "backup"
    backup.mkdir()
    names = {"/backup/": f"{backup}/"}
    if server and _superuser(server) and shutil.which("psql"):
        login = f"quant_docs_{os.getpid()}"
        names |= {
            "quant_platform": f"{login}_platform",
            "quant_restored": f"{login}_restored",
            "role quant login": f"role {login} login",
            "owner quant": f"owner {login}",
            "owner=quant": f"owner={login}",
        }
    else:
        server = None
    environment = empty_environment(folder) | {
        "PYTHONPATH": f"{here}{os.pathsep}{here / 'profiles'}",
        "DBT_EXCLUDE_RESOURCE_TYPES": "test unit_test",  # other tests run them
    }
    del environment["QUANT_ENV_FILE"]
    try:
        subprocess.run(
            Place.command("python", "-m", "loader.sample", "--rows", str(ROWS), "--quiet"),
            env=environment,
            cwd=here,
            check=True,
        )
        yield Reader(here, environment, server, names)
    finally:
        if server:
            for name in (names["quant_platform"], names["quant_restored"]):
                _administer(server, f"drop database if exists {name} with (force)")
            _administer(server, f"drop role if exists {names['owner quant'].split()[1]}")
        for engine in (here / "data" / "embedded", backup / "embedded"):
            if engine.exists():
                embedded.stop(engine)


def _superuser(server: Target) -> bool:
    return _administer(server, "select rolsuper from pg_roles where rolname = current_user") == [(True,)]


def _administer(server: Target, statement: str) -> list[tuple[object, ...]]:
    connection = server.connect("tests")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()
