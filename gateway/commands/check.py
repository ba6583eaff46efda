"""A check of a partner as a page to read."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

MARKS: Final = {"KEPT": "ok", "SKIPPED": "-"}


def check_lines(report: Mapping[str, Any]) -> Iterator[str]:
    took = f"{report['calls']} calls in {report['duration_ms']} ms"
    yield f"{report['name']}: {report['protocol']} {report['version']}, {took}"
    subject = None
    for finding in report["findings"]:
        if finding["subject"] != subject:
            subject = finding["subject"]
            yield f"\n{subject}"
        yield from _finding(finding)
    broken = [finding for finding in report["findings"] if finding["verdict"] == "BROKEN"]
    musts = sum(finding["level"] == "MUST" for finding in broken)
    yield f"\n{'PASSED' if report['passed'] else 'FAILED'}: {musts} broken MUST, {len(broken) - musts} other remarks"


def _finding(finding: Mapping[str, Any]) -> Iterator[str]:
    mark = MARKS.get(finding["verdict"], finding["level"])
    yield f"  {mark:<7}{finding['rule']}"
    for detail in finding["details"]:
        yield f"         {_plain(detail)}"
    if finding["verdict"] == "BROKEN" and finding["source"]:
        yield f"         see {finding['source']}"


def _plain(text: str) -> str:
    """What a partner has said may hold anything, and goes to a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
