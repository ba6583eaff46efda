"""The conformance plugin, run over small projects of its own."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.conformance import LEVELS, read_exemptions, read_rows, read_sections

ROWS = """id,level,title
OCPI-CRD-01,MUST,first
OCPI-CRD-02,MUST NOT,second
OCPI-TRN-01,SHOULD,third
OCPI-TRN-02,MAY,fourth
"""

TESTS = """
import pytest

@pytest.mark.spec("OCPI-CRD-01")
@pytest.mark.parametrize("n", [1, 2])
def test_holds(n):
    pass

@pytest.mark.spec("OCPI-CRD-02")
@pytest.mark.parametrize("n", [1, 2])
def test_holds_for_one(n):
    assert n == 1

@pytest.mark.spec("OCPI-TRN-01")
def test_is_skipped():
    pytest.skip("no server")

def test_proves_nothing():
    raise AssertionError("must not run")
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with four rows, the plugin, and no tests yet."""
    rows = pytester.path / "docs/protocols/rows"
    rows.mkdir(parents=True)
    (rows / "ocpi.csv").write_text(ROWS)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makeconftest('pytest_plugins = ["tests.conformance"]')
    return pytester


def run(project: pytest.Pytester, *args: str) -> pytest.RunResult:
    quiet = ("cacheprovider", "hypothesispytest", "faker")  # not needed, and slow to import in each run
    return project.runpytest_inprocess(*(f"-pno:{name}" for name in quiet), *args)


def statement(project: pytest.Pytester) -> dict[str, dict[str, object]]:
    return json.loads((project.path / "out/conformance.json").read_text())


def write_states(project: pytest.Pytester, text: str) -> None:
    (project.path / "docs/protocols/states.toml").write_text(text)


def test_only_marked_tests_run_and_the_files_say_what_they_prove(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=TESTS)
    result = run(project, "--conformance=out")
    result.assert_outcomes(passed=3, failed=1, skipped=1, deselected=1)
    assert statement(project) == {
        "OCPI-CRD-01": {"level": "MUST", "state": "proven", "tests": ["test_it.py::test_holds"]},
        "OCPI-CRD-02": {"level": "MUST NOT", "state": "untested", "tests": []},
        "OCPI-TRN-01": {"level": "SHOULD", "state": "untested", "tests": []},
        "OCPI-TRN-02": {"level": "MAY", "state": "untested", "tests": []},
    }
    page = (project.path / "out/ocpi.md").read_text()
    assert "| MUST | 1 | 0 | 0 | 0 | 1 |" in page
    assert "| OCPI-CRD-01 | MUST | first | proven | `test_it.py::test_holds` |" in page
    assert "| OCPI-CRD-02 | MUST NOT | second | untested (a test of it did not pass) |" in page
    assert "| OCPI-TRN-02 | MAY | fourth | untested |  |" in page


def test_a_row_needs_all_its_tests(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        import pytest

        @pytest.mark.spec("OCPI-CRD-01")
        def test_holds(): pass

        @pytest.mark.spec("OCPI-CRD-01")
        def test_fails(): assert False

        @pytest.mark.spec("OCPI-CRD-02")
        @pytest.mark.xfail(reason="not built")
        def test_is_expected_to_fail(): assert False
        """
    )
    run(project, "--conformance=out")
    assert statement(project)["OCPI-CRD-01"]["state"] == "untested"
    assert statement(project)["OCPI-CRD-02"]["state"] == "untested"


def test_a_failing_fixture_proves_nothing(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        import pytest

        @pytest.fixture
        def closes_badly():
            yield
            raise RuntimeError

        @pytest.mark.spec("OCPI-CRD-01")
        def test_holds(closes_badly): pass
        """
    )
    run(project, "--conformance=out")
    assert statement(project)["OCPI-CRD-01"]["state"] == "untested"


@pytest.mark.parametrize("args", [(), ("--conformance=out",)])
def test_an_unknown_id_is_an_error_in_every_run(project: pytest.Pytester, args: tuple[str, ...]) -> None:
    project.makepyfile(test_it='import pytest\n@pytest.mark.spec("OCPI-CRD-99")\ndef test_it(): pass')
    result = run(project, *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_it.py::test_it names OCPI-CRD-99, which is in no list*"])
    assert not (project.path / "out").exists()


def test_a_marker_without_ids_is_an_error(project: pytest.Pytester) -> None:
    project.makepyfile(test_it="import pytest\n@pytest.mark.spec()\ndef test_it(): pass")
    assert run(project).ret == pytest.ExitCode.USAGE_ERROR


def test_states_are_taken_from_the_list(project: pytest.Pytester) -> None:
    (project.path / "0001-why.md").write_text("# Why")
    write_states(
        project,
        """
        [[not-yet]]
        rows = ["OCPI-TRN-*"]
        except = ["OCPI-TRN-02"]
        reason = "next month"

        [[deviates]]
        rows = ["OCPI-CRD-02"]
        adr = "0001-why.md"
        reason = "better so"
        """,
    )
    project.makepyfile(
        test_it='import pytest\n@pytest.mark.spec("OCPI-CRD-01", "OCPI-CRD-02")\ndef test_it(): pass',
    )
    assert run(project, "--conformance=out").ret == pytest.ExitCode.OK
    found = statement(project)
    assert found["OCPI-CRD-02"] == {
        "level": "MUST NOT",
        "state": "deviates",
        "adr": "0001-why.md",
        "tests": ["test_it.py::test_it"],
    }
    assert {row: entry["state"] for row, entry in found.items()} == {
        "OCPI-CRD-01": "proven",
        "OCPI-CRD-02": "deviates",
        "OCPI-TRN-01": "not-yet",
        "OCPI-TRN-02": "untested",
    }
    page = (project.path / "out/ocpi.md").read_text()
    assert "not-yet: next month" in page
    assert "better so" in page


def test_a_proven_row_must_leave_the_list(project: pytest.Pytester) -> None:
    write_states(project, '[[not-yet]]\nrows = ["OCPI-CRD-*"]\nreason = "next month"\n')
    project.makepyfile(test_it='import pytest\n@pytest.mark.spec("OCPI-CRD-01")\ndef test_it(): pass')
    result = run(project, "--conformance=out")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["OCPI-CRD-01 is not-yet*take it off the list"])
    assert not (project.path / "out").exists()


@pytest.mark.parametrize(
    ("states", "complaint"),
    [
        ('[[deviates]]\nrows = ["OCPI-CRD-01"]\nadr = "none.md"\nreason = ""', "*its adr 'none.md' is no file"),
        ('[[deviates]]\nrows = ["OCPI-CRD-01"]\nreason = ""', "*its adr None is no file"),
        ('[[not-yet]]\nrows = ["OCPI-XYZ-*"]\nreason = ""', "*no row matches OCPI-XYZ-*"),
        ('[[not-yet]]\nrows = ["OCPI-CRD-01", "OCPI-*"]\nreason = ""', "*OCPI-CRD-01 is listed twice"),
        ('[[perhaps]]\nrows = ["OCPI-CRD-01"]\nreason = ""', "*unknown state perhaps"),
    ],
)
def test_a_wrong_list_is_an_error(project: pytest.Pytester, states: str, complaint: str) -> None:
    write_states(project, states)
    result = run(project)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([complaint])


def test_the_preface_comes_first_and_the_output_is_the_same_each_time(project: pytest.Pytester) -> None:
    preface = project.path / "docs/protocols/preface"
    preface.mkdir()
    (preface / "ocpi.md").write_text("Ambiguities taken: none.\n")
    (project.path / "docs/protocols/sections.csv").write_text("protocol,section,name\nocpi,CRD,Registration\n")
    project.makepyfile(test_it=TESTS)
    run(project, "--conformance=out")
    first = {path.name: path.read_bytes() for path in (project.path / "out").iterdir()}
    run(project, "--conformance=out")
    assert {path.name: path.read_bytes() for path in (project.path / "out").iterdir()} == first
    page = first["ocpi.md"].decode()
    assert page.index("Ambiguities taken: none.") < page.index("## Summary")
    assert "## CRD: Registration" in page


def test_every_row_of_ours_has_a_title_of_its_own(pytestconfig: pytest.Config) -> None:
    root = Path(pytestconfig.rootpath)
    rows = read_rows(root)
    assert Counter(row.protocol for row in rows.values()) == {"ocpi": 656, "oicp": 438, "ochp": 466, "emip": 297}
    for row in rows.values():
        assert row.id.startswith(row.protocol.upper() + "-"), row
        assert row.level in LEVELS or row.level.startswith("MUST (if"), row
        assert row.title.strip(), row
    assert read_sections(root).keys() == {f"{row.protocol}:{row.section}" for row in rows.values()}
    read_exemptions(root, rows)
