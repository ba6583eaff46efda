"""The conformance statement: which requirement is proven by which test.

A test says what it proves with `@pytest.mark.spec("OICP-AUTH-07")`. With `--conformance DIR` only such tests run, and
their outcome becomes `DIR/<protocol>.md` and `DIR/conformance.json`. The requirements are `docs/protocols/rows/*.csv`;
what is not built yet, and where we deviate on purpose, is `docs/protocols/states.toml`. An id that is in no list is an
error in every run, with the option or without.
"""

import csv
import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

STATES = ("proven", "deviates", "not-yet", "untested")
LEVELS = ("MUST", "MUST NOT", "MUST*", "SHOULD", "SHOULD NOT", "MAY", "TRAP")
SOURCES = Path("docs/protocols")


@dataclass(frozen=True)
class Row:
    """One requirement of a checklist; `section` is the middle of its id."""

    id: str
    level: str
    title: str
    protocol: str

    @property
    def section(self) -> str:
        return self.id.split("-", 1)[1].rsplit("-", 1)[0]


@dataclass(frozen=True)
class Exemption:
    """What `states.toml` says of a row: `not-yet` or `deviates`, why, and the decision behind a deviation."""

    state: str
    reason: str
    adr: str | None = None


@dataclass
class Statement:
    """All rows with their state; `tests` holds only tests that ran and passed, `broken` those that did not."""

    rows: dict[str, Row]
    exemptions: dict[str, Exemption]
    tests: dict[str, list[str]] = field(default_factory=dict)
    broken: dict[str, list[str]] = field(default_factory=dict)

    def state(self, row_id: str) -> str:
        if row_id in self.exemptions:
            return self.exemptions[row_id].state
        return "proven" if self.tests.get(row_id) and not self.broken.get(row_id) else "untested"

    def contradictions(self) -> list[str]:
        return [
            f"{row_id} is not-yet in states.toml, but {self.tests[row_id][0]} proves it: take it off the list"
            for row_id, exemption in self.exemptions.items()
            if exemption.state == "not-yet" and self.tests.get(row_id) and not self.broken.get(row_id)
        ]


def read_rows(root: Path) -> dict[str, Row]:
    """Every row of every protocol, in the order of the files. Raises UsageError if an id comes twice."""
    rows: dict[str, Row] = {}
    for path in sorted((root / SOURCES / "rows").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                row = Row(line["id"], line["level"], line["title"], path.stem)
                if row.id in rows:
                    raise pytest.UsageError(f"{path}: {row.id} is listed twice")
                rows[row.id] = row
    return rows


def read_exemptions(root: Path, rows: Iterable[str]) -> dict[str, Exemption]:
    """Row id -> what `states.toml` says of it. Raises UsageError on a pattern without rows, a missing decision page,
    or a row that is listed twice."""
    path = root / SOURCES / "states.toml"
    if not path.exists():
        return {}
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    if unknown := document.keys() - {"not-yet", "deviates"}:
        raise pytest.UsageError(f"{path}: unknown state {', '.join(sorted(unknown))}")
    ids = list(rows)
    exemptions: dict[str, Exemption] = {}
    for state, entries in document.items():
        for entry in entries:
            adr = entry.get("adr")
            if state == "deviates" and not (adr and (root / adr).is_file()):
                raise pytest.UsageError(f"{path}: {entry['rows']} deviates, but its adr {adr!r} is no file")
            for pattern in entry["rows"]:
                matches = [row for row in ids if fnmatchcase(row, pattern)]
                if not matches:
                    raise pytest.UsageError(f"{path}: no row matches {pattern}")
                for row in matches:
                    if any(fnmatchcase(row, exception) for exception in entry.get("except", [])):
                        continue
                    if row in exemptions:
                        raise pytest.UsageError(f"{path}: {row} is listed twice")
                    exemptions[row] = Exemption(state, entry["reason"], adr)
    return exemptions


def spec_ids(item: pytest.Item) -> list[str]:
    return sorted({row_id for mark in item.iter_markers("spec") for row_id in mark.args})


def without_parameters(nodeid: str) -> str:
    """`tests/a.py::test_b[x]` -> `tests/a.py::test_b`: one test, however many examples."""
    return nodeid.split("[", 1)[0]


# What the files look like


def as_json(statement: Statement) -> str:
    entries: dict[str, dict[str, object]] = {}
    for row_id, row in sorted(statement.rows.items()):
        entry: dict[str, object] = {"level": row.level, "state": statement.state(row_id)}
        exemption = statement.exemptions.get(row_id)
        if exemption and exemption.adr:
            entry["adr"] = exemption.adr
        entry["tests"] = statement.tests.get(row_id, []) if entry["state"] in ("proven", "deviates") else []
        entries[row_id] = entry
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


def as_markdown(protocol: str, statement: Statement, preface: str, sections: dict[str, str]) -> str:
    rows = [row for row in statement.rows.values() if row.protocol == protocol]
    counts = Counter((row.level, statement.state(row.id)) for row in rows)
    known = [level for level in LEVELS if any(row.level == level for row in rows)]
    levels = known + sorted({row.level for row in rows} - set(LEVELS))
    lines = [
        f"# Conformance statement: {protocol}",
        "",
        "Written by `make conformance`; do not edit. *proven*: a test of this row ran, and all its tests passed. "
        "*deviates*: we chose otherwise, and the decision says why. *not-yet*: not built. *untested*: no test shows "
        "it, whether it works or not.",
        "",
        *([preface.strip(), ""] if preface.strip() else []),
        "## Summary",
        "",
        f"| level | {' | '.join(STATES)} | rows |",
        f"| --- |{' ---: |' * (len(STATES) + 1)}",
    ]
    for level in levels:
        numbers = [counts[level, state] for state in STATES]
        lines.append(f"| {level} | {' | '.join(map(str, numbers))} | {sum(numbers)} |")
    totals = [sum(counts[level, state] for level in levels) for state in STATES]
    lines.append(f"| all | {' | '.join(map(str, totals))} | {sum(totals)} |")

    by_section: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_section[row.section].append(row)
    for section, members in by_section.items():
        name = sections.get(f"{protocol}:{section}")
        lines += ["", f"## {section}: {name}" if name else f"## {section}", ""]
        lines += ["| id | level | requirement | state | tests |", "| --- | --- | --- | --- | --- |"]
        lines += [
            f"| {row.id} | {row.level} | {cell(row.title)} | {state_cell(statement, row.id)} | "
            f"{tests_cell(statement, row.id)} |"
            for row in members
        ]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def state_cell(statement: Statement, row_id: str) -> str:
    state = statement.state(row_id)
    if exemption := statement.exemptions.get(row_id):
        why = cell(exemption.reason)
        return f"{state} ([decision](../../{exemption.adr}): {why})" if exemption.adr else f"{state}: {why}"
    return f"{state} (a test of it did not pass)" if statement.broken.get(row_id) else state


def tests_cell(statement: Statement, row_id: str) -> str:
    tests = sorted({*statement.tests.get(row_id, []), *statement.broken.get(row_id, [])})
    return "<br>".join(f"`{test}`" for test in tests)


def read_sections(root: Path) -> dict[str, str]:
    """`<protocol>:<section>` -> its name, from the optional `sections.csv`."""
    path = root / SOURCES / "sections.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {f"{line['protocol']}:{line['section']}": line["name"] for line in csv.DictReader(file)}


# The plugin


class Conformance:
    """Checks the ids of all spec markers; with a directory, also keeps outcomes and writes the statement."""

    def __init__(self, root: Path, directory: Path | None) -> None:
        self.root = root
        self.directory = directory
        self.rows = read_rows(root)
        self.exemptions = read_exemptions(root, self.rows)
        self.ids: dict[str, list[str]] = {}
        self.passed: set[str] = set()
        self.broken: set[str] = set()
        self.contradictions: list[str] = []
        self.written: Statement | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        wrong = [
            f"{item.nodeid} names {row_id}, which is in no list under {SOURCES}/rows"
            for item in items
            for row_id in spec_ids(item)
            if row_id not in self.rows
        ]
        wrong += [
            f"{item.nodeid} has a spec marker without ids"
            for item in items
            if any(not mark.args for mark in item.iter_markers("spec"))
        ]
        if wrong:
            raise pytest.UsageError("\n".join(["requirement ids that nobody knows:", *wrong]))
        if self.directory:
            config.hook.pytest_deselected(items=[item for item in items if not spec_ids(item)])
            items[:] = [item for item in items if spec_ids(item)]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.ids = {item.nodeid: spec_ids(item) for item in session.items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome != "passed" or hasattr(report, "wasxfail"):
            self.broken.add(report.nodeid)
        elif report.when == "call":
            self.passed.add(report.nodeid)

    def statement(self) -> Statement:
        passed: dict[str, set[str]] = defaultdict(set)
        broken: dict[str, set[str]] = defaultdict(set)
        for nodeid, row_ids in self.ids.items():
            good = nodeid in self.passed and nodeid not in self.broken
            for row_id in row_ids:
                (passed if good else broken)[row_id].add(without_parameters(nodeid))
        return Statement(
            self.rows,
            self.exemptions,
            {row_id: sorted(tests - broken[row_id]) for row_id, tests in passed.items()},
            {row_id: sorted(tests) for row_id, tests in broken.items()},
        )

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        ran = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if not self.directory or session.config.option.collectonly or not ran:
            return
        statement = self.statement()
        self.contradictions = statement.contradictions()
        if self.contradictions:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "conformance.json").write_text(as_json(statement), encoding="utf-8")
        sections = read_sections(self.root)
        for protocol in sorted({row.protocol for row in self.rows.values()}):
            preface = self.root / SOURCES / "preface" / f"{protocol}.md"
            text = preface.read_text(encoding="utf-8") if preface.exists() else ""
            page = as_markdown(protocol, statement, text, sections)
            (self.directory / f"{protocol}.md").write_text(page, encoding="utf-8")
        self.written = statement

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.contradictions:
            terminalreporter.section("conformance statement not written")
            for line in self.contradictions:
                terminalreporter.line(line)
        elif self.written:
            counts = Counter(map(self.written.state, self.rows))
            terminalreporter.line(
                f"conformance: {', '.join(f'{counts[state]} {state}' for state in STATES)}, of {len(self.rows)} rows"
            )


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--conformance",
        metavar="DIR",
        default=None,
        help="run only the tests that carry requirement ids, and write the conformance statement to DIR",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "spec(*ids): requirement ids that this test proves")
    directory = config.getoption("--conformance")
    config.pluginmanager.register(
        Conformance(config.rootpath, config.invocation_params.dir / directory if directory else None), "conformance"
    )
