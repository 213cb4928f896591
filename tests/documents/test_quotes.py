"""What the documents quote is there: messages in the sources, commands with their options, vars with their values."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterator

import pytest
import yaml

from expectations import cli as verdict_cli
from expectations.verdict import CRITICAL, Check, Verdict
from loader import run as loader_cli
from quant import cli
from quant.paths import PROJECT
from tests.support.documents import PAGES, blocks, read, spans, table

QUOTING = ("README.md", "docs/MIGRATION_RUNBOOK.md", "docs/VALIDATION_REPORT.md")
CODE = (
    "quant",
    "loader",
    "embedded",
    "sample",
    "expectations",
    "macros",
    "packages",
    "models",
    "tests/generic",
    "profiles",
    "scripts",
)
KINDS = {".sql", ".yml", ".ts", ".mts", ".mjs", ".js", ".j2", ".json", ""}
OF_OTHERS = {"errors ignored on restore": "pg_restore", 'relation "raw._loads" does not exist': "PostgreSQL"}
COMMANDS = ("python", "dbt", "great_expectations", "make", "psql", "pg_dump", "docker", "cp", "source", "tail", "git")
SQL = ["select", "alter", "drop", "create", "grant", "reassign", "analyze", "explain", "insert", "delete", "where"]
HOLE = "\0"  # where a message has something that differs each time
PLACEHOLDER = re.compile(r"…|\b[nmx-y]\b|\d[\d,]*")
OPTIONS: dict[str, Callable[[list[str]], int]] = {
    "python -m quant": cli.main,
    "python -m loader.run": loader_cli.main,
    "great_expectations": verdict_cli.main,
}


def test_every_quoted_message_is_in_the_sources() -> None:
    said = HOLE.join(messages())
    missing = [
        f"{page}: {span}"
        for page in QUOTING
        for span in dict.fromkeys(spans(page))
        if quoted(span) and not found(span, said)
    ]
    assert missing == []


def quoted(span: str) -> bool:
    """Whether code within the text is what a command says, and not a command, SQL, an option or a name."""
    first = span.split(maxsplit=1)[0]
    return " " in span and first not in (*COMMANDS, *SQL) and not re.match(r"-|\w+=|[A-Z]+ [A-Z]+$", first)


def found(span: str, said: str) -> bool:
    parts = [re.escape(part.strip()) for part in PLACEHOLDER.split(span) if part.strip(" ,;.")]
    return span in OF_OTHERS or bool(re.search(r".{0,120}?".join(parts), said))


def messages() -> Iterator[str]:
    """All texts of the sources, with holes; Python's by its own grammar, others whole."""
    for folder in CODE:
        for path in sorted((PROJECT / folder).rglob("*")):
            if "node_modules" in path.parts or "__pycache__" in path.parts or not path.is_file():
                continue
            if path.suffix == ".py":
                yield from of_python(path.read_text(encoding="utf-8"))
            elif path.suffix in KINDS:
                yield flat(path.read_text(encoding="utf-8"))
    yield from verdicts()


def of_python(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else HOLE for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.replace("{}", HOLE)


def flat(text: str) -> str:
    """SQL, Jinja and TypeScript on one line, with what is put together in one piece."""
    text = re.sub(r"\s+", " ", text).replace("''", "'").replace(r"\"", '"')
    text = re.sub(r"""["'`] [~+] ["'`]""", "", text)
    text = re.sub(r"""["'`] [~+] [^~+]*? [~+] ["'`]""", HOLE, text)
    return re.sub(r"\{\{[^\"'}]*\}\}|\$\{.*?\}|%%?s?", HOLE, text)


def verdicts() -> Iterator[str]:
    """The last line of a checkpoint, which is put together of words."""

    def check(suite: str, severity: str, error: str | None = None) -> Check:
        return Check(suite, "", severity, False, "", (), error)

    warned = [check(suite, "warning") for suite in [*["speed"] * 7, "content", "health"]]
    for checks in ([], warned, [check("counts", CRITICAL)], [check("counts", CRITICAL, "why")]):
        yield Verdict("phase1", "", "", (), tuple(checks), (), 0.0).line


def commands() -> Iterator[tuple[str, str]]:
    """Each command of the documents, in blocks and within the text, with its page."""
    for page in PAGES:
        lines = [line for block in blocks(page) if block.language == "sh" for line in block.text.splitlines()]
        for line in [*lines, *spans(page)]:
            yield page, re.split(r" +#| && | \|\| ", line)[0].strip()


@pytest.mark.parametrize("start", OPTIONS)
def test_every_option_is_one(start: str, capsys: pytest.CaptureFixture[str]) -> None:
    calls = {line for _, line in commands() if re.match(rf"{re.escape(start)}\b", line) and "…" not in line}
    assert calls
    for line in calls:
        words = shlex.split(line.replace("SUITE", "speed"))[len(start.split()) :]
        with pytest.raises(SystemExit):
            OPTIONS[start]([*words, "--no-such-option"])
        assert capsys.readouterr().err.rstrip().endswith("unrecognized arguments: --no-such-option"), line


def test_every_target_of_make_and_operation_of_dbt_is_there() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    macros = "\n".join(path.read_text() for name in ("macros", "packages") for path in (PROJECT / name).rglob("*.sql"))
    for page, line in commands():
        words = shlex.split(line) if line.count("'") % 2 == 0 else []
        if words[:1] == ["make"]:
            assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), (page, line)
        if words[:2] == ["dbt", "run-operation"]:
            told = yaml.safe_load(words[4]) if words[3:4] == ["--args"] else {}
            [[arguments]] = [re.findall(rf"macro {words[2]}\((.*?)\)", macros)]
            assert told.keys() <= set(re.findall(r"\w+", arguments)), (page, line)


def test_every_var_of_the_guide_has_its_value() -> None:
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    for names, values, *_ in table("docs/PERFORMANCE_TUNING_GUIDE.md", "var"):
        told = dict(zip(re.findall(r"`(.+?)`", names), re.findall(r"`(.+?)`", values), strict=True))
        assert told == {name: str(declared[name]) for name in told}


def test_every_link_leads_somewhere() -> None:
    for page in (*PAGES, "CONTRIBUTING.md"):
        for link in re.findall(r"\]\((?!https?://)([^)\s]+)\)", read(page)):
            file, _, anchor = link.partition("#")
            target = (PROJECT / page).parent / file if file else PROJECT / page
            assert target.exists(), f"{page}: {link}"
            if anchor:
                heads = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
                assert anchor in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}, link
