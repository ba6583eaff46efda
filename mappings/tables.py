"""Two enumerations side by side. A member without a home fails at import, not in production."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar

from core.model.loss import Loss, LossKind

W = TypeVar("W")
C = TypeVar("C")


class CodeTable(Generic[W, C]):
    """Codes of a wire and codes of the model.

    `both` holds the pairs that mean the same, `inbound` (wire -> core) and `outbound` (core -> wire) those that lose
    detail, one way each. `unsent` and `unread` (code -> reason) are the codes for which the other side has no word at
    all: `to_wire` and `to_core` raise KeyError for them, `wire_for` and `core_for` give None.

    Enumerations are taken from the keys and must be covered completely; for open enumerations, whose codes are plain
    text, `wire` and `core` name the codes that have to be covered. Raises ValueError for a code that is missing, or
    stands in two places."""

    def __init__(
        self,
        *,
        both: Mapping[W, C],
        inbound: Mapping[W, C] | None = None,
        outbound: Mapping[C, W] | None = None,
        unread: Mapping[W, str] | None = None,
        unsent: Mapping[C, str] | None = None,
        wire: Iterable[W] | None = None,
        core: Iterable[C] | None = None,
        reasons: Mapping[C, str] | None = None,
    ) -> None:
        self.both = dict(both)
        self.lossy_in = dict(inbound or {})
        self.lossy_out = dict(outbound or {})
        self.unread = dict(unread or {})
        self.unsent = dict(unsent or {})
        self._reasons = dict(reasons or {})
        self._in = _joined("wire", self.both, self.lossy_in, self.unread)
        self._out = _joined("core", {code: word for word, code in both.items()}, self.lossy_out, self.unsent)
        if len(set(both.values())) != len(both):
            raise ValueError("both: one core code stands for two wire codes")
        _covered("wire", wire, self._in, self.unread)
        _covered("core", core, self._out, self.unsent)
        self.to_core = self._in.__getitem__
        self.to_wire = self._out.__getitem__
        self.core_for = self._in.get
        self.wire_for = self._out.get

    @property
    def lossless(self) -> bool:
        """Whether every code goes out whole."""
        return not self.lossy_out and not self.unsent

    def loses(self, code: C) -> bool:
        """Whether anything is lost when `code` goes out."""
        return code in self.lossy_out or code in self.unsent

    def loss(self, code: C, path: str) -> Loss | None:
        """What is lost when `code` goes out, or None."""
        if code in self.unsent:
            return Loss(path=path, reason=self._reasons.get(code) or self.unsent[code], value=code)
        if code not in self.lossy_out:
            return None
        reason = self._reasons.get(code) or f"sent as {_word(self.lossy_out[code])}, the nearest word of the other side"
        return Loss(path=path, reason=reason, value=code, kind=LossKind.NARROWED)


def same(wire: type[W], core: type[C]) -> CodeTable[W, C]:
    """Two enumerations with the same values. Raises ValueError if they are not."""
    members: Any = core
    words: Any = wire
    by_value = {code.value: code for code in members}
    if by_value.keys() != {word.value for word in words}:
        raise ValueError(f"{wire.__name__} and {core.__name__} do not hold the same values")
    return CodeTable(both={word: by_value[word.value] for word in words})


def _word(code: object) -> object:
    return code.value if isinstance(code, Enum) else code


def _joined(side: str, both: dict[Any, Any], one_way: dict[Any, Any], silent: dict[Any, str]) -> dict[Any, Any]:
    twice = (both.keys() & one_way.keys()) | (both.keys() & silent.keys()) | (one_way.keys() & silent.keys())
    if twice:
        raise ValueError(f"{side}: {sorted(map(str, twice))} stands in two places")
    return both | one_way


def _covered(side: str, wanted: Iterable[Any] | None, mapped: dict[Any, Any], silent: dict[Any, str]) -> None:
    homes = mapped.keys() | silent.keys()
    if wanted is None:
        kinds = {type(code) for code in homes if isinstance(code, Enum)}
        wanted = [member for kind in kinds for member in kind]
    missing = [code for code in wanted if code not in homes]
    if missing:
        raise ValueError(f"{side}: no home for {sorted(map(str, missing))}")
