"""What became of each record of an upload: counted, the refused ones named with their reasons.

Source: checklist, OCHP-RES-03 to OCHP-RES-08. A record that cannot be read is never echoed, only named.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from msgspec import Struct

from core.errors import Invalid
from protocols.ochp.codes import LONGEST, SEVERITY, result
from protocols.ochp.wire.results import Result
from protocols.ochp.wire.words import ResultCode
from protocols.transport.soap.reading import Refused

R = TypeVar("R")
_ROOM_FOR_COUNT: Final = 24


class Refusal(Struct, frozen=True, kw_only=True):
    """`name`: the record's id as far as it can be read. `record` is the record itself, if it may be echoed."""

    position: int
    name: str
    code: ResultCode
    reason: str
    record: Any = None
    kind: str = "record"


class Feedback:
    def __init__(self) -> None:
        self.accepted = 0
        self.notes: list[str] = []
        self._refusals: list[Refusal] = []

    def accept(self, number: int = 1) -> None:
        self.accepted += number

    def refuse(self, refusal: Refusal) -> None:
        self._refusals.append(refusal)

    def unreadable(self, refused: Iterable[Refused], name_of: Any = None, kind: str = "record") -> None:
        for one in refused:
            self.refuse(
                Refusal(
                    position=one.position,
                    name=str(name_of(one.raw) if name_of else ""),
                    code=ResultCode.FORMAT,
                    reason=str(one.error),
                    kind=kind,
                )
            )

    def note(self, text: str) -> None:
        """Something the caller should know, though nothing was refused."""
        self.notes.append(text)

    def last_of_each(self, right: Iterable[tuple[str, R]]) -> dict[str, R]:
        """Accepts records that are right, each with its key; of one that was given twice the last one counts."""
        taken: dict[str, R] = {}
        doubles = 0
        for key, record in right:
            doubles += key in taken and taken[key] != record
            taken[key] = record
            self.accept()
        if doubles:
            self.note(f"{doubles} given twice, the last one counts")
        return taken

    @property
    def refusals(self) -> list[Refusal]:
        """In the order of the request."""
        return sorted(self._refusals, key=lambda one: one.position)

    @property
    def echoed(self) -> tuple[Any, ...]:
        return tuple(one.record for one in self.refusals if one.record is not None)

    @property
    def nothing_accepted(self) -> bool:
        return bool(self._refusals) and not self.accepted

    def result(self) -> Result:
        """All, part of them, or the gravest reason why none."""
        if not self._refusals:
            return result(ResultCode.OK, _described(f"{self.accepted} accepted", self.notes, ()))
        head = f"{self.accepted} accepted, {len(self._refusals)} refused"
        code = ResultCode.PARTLY if self.accepted else self._gravest()
        return result(code, _described(head, self.notes, self.refusals))

    def _gravest(self) -> ResultCode:
        codes = {one.code for one in self._refusals}
        return next(code for code in SEVERITY if code in codes)


def invalid(position: int, name: str, error: Invalid, record: Any, kind: str = "record") -> Refusal:
    """A record that is well-formed and cannot be right."""
    return Refusal(position=position, name=name, code=ResultCode.FORMAT, reason=str(error), record=record, kind=kind)


def _described(head: str, notes: Sequence[str], refusals: Sequence[Refusal]) -> str:
    text = "; ".join([head, *notes])
    for index, one in enumerate(refusals):
        name = f"{one.name}: " if one.name else ""
        entry = f"; {one.kind} {one.position}: {name}{one.reason[:200]}"
        if len(text) + len(entry) > LONGEST - _ROOM_FOR_COUNT:
            return f"{text} (+{len(refusals) - index} more)"
        text += entry
    return text
