"""What a live look at a partner finds: rules of its protocol that it keeps, breaks, or that could not be looked at."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Level(StrEnum):
    """How the specification puts it. NOTE: it says nothing, and it is of interest all the same."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    NOTE = "NOTE"


class Verdict(StrEnum):
    KEPT = "KEPT"
    BROKEN = "BROKEN"
    SKIPPED = "SKIPPED"


class Finding(Struct, frozen=True, kw_only=True):
    """`subject`: what was looked at (`versions`, `locations`). `rule`: what ought to be. `details`: what is, with JSON
    pointers, or why it was not looked at. `source`: chapter of the specification."""

    subject: str
    rule: str
    level: Level
    verdict: Verdict
    details: tuple[str, ...] = ()
    source: str = ""


class CheckReport(Struct, frozen=True, kw_only=True):
    partner: str
    name: str
    protocol: str
    version: str | None
    at: datetime
    calls: int
    duration_ms: int
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """No MUST is broken."""
        return not any(found.level is Level.MUST and found.verdict is Verdict.BROKEN for found in self.findings)


class Sheet:
    """Findings as they are made, in order."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def must(self, subject: str, rule: str, source: str, *faults: str) -> bool:
        """Whether it is kept: there are no faults."""
        return self._write(Level.MUST, subject, rule, source, faults)

    def should(self, subject: str, rule: str, source: str, *faults: str) -> bool:
        return self._write(Level.SHOULD, subject, rule, source, faults)

    def note(self, subject: str, rule: str, *faults: str) -> bool:
        return self._write(Level.NOTE, subject, rule, "", faults)

    def skip(self, subject: str, rule: str, why: str) -> None:
        self.findings.append(
            Finding(subject=subject, rule=rule, level=Level.NOTE, verdict=Verdict.SKIPPED, details=(why,))
        )

    def _write(self, level: Level, subject: str, rule: str, source: str, faults: tuple[str, ...]) -> bool:
        verdict = Verdict.BROKEN if faults else Verdict.KEPT
        self.findings.append(
            Finding(subject=subject, rule=rule, level=level, verdict=verdict, details=faults, source=source)
        )
        return not faults
