"""What importing the package brings along, and its command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from quant.names import region_by_shape
from quant.paths import PROJECT
from tests.quant.worlds import World

HEAVY = ("loader", "expectations", "dlt", "dbt", "great_expectations")


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("POSTGRES_", "QUANT_"))}
    return subprocess.run(
        [sys.executable, *command], cwd=PROJECT, env=kept | environment, capture_output=True, text=True, check=False
    )


def test_the_library_is_light() -> None:
    program = (
        "import sys, quant; quant.PostgresDatabaseManager; quant.SQLiteDatabaseManager\n"
        f"print([name for name in sys.modules if name.partition('.')[0] in {HEAVY}])"
    )
    done = run("-c", program)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_errors_alone_need_no_pandas() -> None:
    done = run("-c", "import sys, quant.errors; print('pandas' in sys.modules)")
    assert done.stdout == "False\n"


def test_the_boundaries_hold() -> None:
    done = subprocess.run(["lint-imports", "--no-cache"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_command_line_says_what_it_can_do(world: World) -> None:
    said = run("-m", "quant")
    assert said.returncode == 0
    assert all(word in said.stdout for word in ("test", "pool", "POSTGRES_HOST", "exit codes"))
    settings = {key: value for key, value in world.place.environment.items() if key.startswith(("POSTGRES_", "QUANT_"))}
    tested = run("-m", "quant", "test", "--json", **settings)
    assert json.loads(tested.stdout)["tables in public"] >= 20
    pool = run("-m", "quant", "pool", **settings)
    assert "10min" in pool.stdout
    refused = run("-m", "quant", "test", POSTGRES_HOST="127.0.0.1", POSTGRES_PORT="1", POSTGRES_PASSWORD="hidden")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("The database postgres@127.0.0.1:1/quant_platform cannot be reached")
    assert "hidden" not in refused.stderr


TICKERS = [
    "005930", "33626L", "0001A0", "00088K", "130A", "7203", "0700.HK", "600519.SS", "1.SZ", "ABR/D", "NA", "TRUE",
    "BRK.B", "005930.KS", "035720.KQ", "7203.T", "ACB", "ACB.VN", "lower", "", "TOOLONG", "12", "1A2B", "12345",
    "５０５０", "AAPL\n", "A-B", "A.BCDE", "09988.HK",
]  # fmt: skip


def test_shapes_are_those_of_the_macro(world: World) -> None:
    """`dbt compile` gives the macro's own SQL."""
    macro = (PROJECT / "macros/canonical/region_by_ticker_shape.sql").read_text()
    case = macro[macro.index("case") : macro.index("end\n") + 3].replace("{{ column }}", "ticker")
    wanted = world.place.query(f"select ticker, {case} from unnest(%s) as t (ticker)", TICKERS)
    assert [(ticker, region_by_shape(ticker)) for ticker in TICKERS] == wanted


@pytest.mark.parametrize("name", ["QUANT_TARGET", "nothing"])
def test_without_settings_it_is_the_projects_target(world: World, name: str) -> None:
    if world.place.environment["QUANT_TARGET"] != "embedded":
        pytest.skip("a server is named by its settings")
    settings = {"QUANT_EMBEDDED_DIR": world.place.environment["QUANT_EMBEDDED_DIR"]}
    settings |= {name: "embedded", "POSTGRES_HOST": "127.0.0.1"} if name == "QUANT_TARGET" else {}
    done = run("-c", "from quant import PostgresDatabaseManager as M; print(M().count_tickers() > 0)", **settings)
    assert done.stdout == "True\n", done.stderr
