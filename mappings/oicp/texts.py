"""Texts as OICP takes them: of a length, in a language."""

import re
from functools import lru_cache
from typing import Final

from core.model.quantities import Text
from mappings.oicp.notes import Notes, lost, narrowed
from protocols.oicp.wire.common import InfoText

_LANGUAGE_CODE: Final = re.compile(r"^[a-z]{2,3}(?:-[A-Z]{2,3}(?:-[a-zA-Z]{4})?)?(?:-x-[a-zA-Z0-9]{1,8})?$")


def short_text(text: str | None, longest: int, notes: Notes | None, path: str, *, cut: bool = True) -> str | None:
    """What is too long is cut, or left out where a part would mean something else; either is noted."""
    if text is None or len(text) <= longest:
        return text
    if not cut:
        lost(notes, path, path, f"OICP takes 1 to {longest} characters", text)
        return None
    narrowed(notes, path, path, f"cut to {longest} characters", text)
    return text[:longest]


def info_texts(texts: tuple[Text, ...], notes: Notes | None, path: str) -> tuple[InfoText, ...]:
    found = []
    for index, text in enumerate(texts):
        usual = _info_text(text.language, text.text)
        if usual is not None:
            found.append(usual)
            continue
        language = text.language if _LANGUAGE_CODE.match(text.language) else text.language.lower()
        if not _LANGUAGE_CODE.match(language):
            lost(notes, path, f"{path}[{index}]", "not a language that OICP can name", text.language)
            continue
        value = short_text(text.text, 150, notes, f"{path}[{index}].text") or ""
        found.append(InfoText(language=language, value=value))
    return tuple(found)


@lru_cache(maxsize=65536)
def _info_text(language: str, text: str) -> InfoText | None:
    """None for a text that needs a closer look."""
    if len(text) > 150 or not _LANGUAGE_CODE.match(language):
        return None
    return InfoText(language=language, value=text)
