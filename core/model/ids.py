"""Identifiers: parsed and normalised here, once.

Each identifier keeps the owner's spelling (`text`) beside the form in which it is compared (`key`), and two identifiers
are equal when their keys are. The `parse` class methods raise Invalid with the path that the caller gives.

Sources: eMI3 / ISO 15118-2 Annex H (EVSE id, EMAID and its check digit), DIN SPEC 91286, OICP 2.3 data types,
OCHP 1.4 (DIN to ISO conversion).
"""

import re
from functools import lru_cache
from typing import NoReturn

from msgspec import Struct

from core.errors import Invalid

DIALLING_CODES = {
    "20": "EG", "27": "ZA", "30": "GR", "31": "NL", "32": "BE", "33": "FR", "34": "ES", "36": "HU", "39": "IT",
    "40": "RO", "41": "CH", "43": "AT", "44": "GB", "45": "DK", "46": "SE", "47": "NO", "48": "PL", "49": "DE",
    "90": "TR", "351": "PT", "352": "LU", "353": "IE", "354": "IS", "355": "AL", "356": "MT", "357": "CY", "358": "FI",
    "359": "BG", "370": "LT", "371": "LV", "372": "EE", "373": "MD", "376": "AD", "377": "MC", "378": "SM",
    "380": "UA", "381": "RS", "382": "ME", "383": "XK", "385": "HR", "386": "SI", "387": "BA", "389": "MK",
    "420": "CZ", "421": "SK", "423": "LI", "972": "IL",
}  # fmt: skip
"""ITU-T E.164 country code -> ISO 3166-1 alpha-2, where the code belongs to one country only (so not +1 and +7)."""

_PARTY = re.compile(r"([A-Z]{2})[*\-]?([A-Z0-9]{3})")
_PARTY_DIN = re.compile(r"\+?([0-9]{1,3})\*([0-9]{3})")
_EVSE_ISO = re.compile(r"([A-Z]{2})(\*?)([A-Z0-9]{3})(\*?)E([A-Z0-9*]{1,39})")
_EVSE_DIN = re.compile(r"\+?([0-9]{1,3})\*([0-9]{3})\*([0-9*]{1,32})")
_CONTRACT_ISO = re.compile(r"([A-Z]{2})-?([A-Z0-9]{3})-?([A-Z0-9]{9})(?:-?([A-Z0-9]))?")
_CONTRACT_DIN = re.compile(r"([A-Z]{2})[*\-]?([A-Z0-9]{3})[*\-]?([A-Z0-9]{6})[*\-]?([0-9X])")
_PRINTABLE = re.compile(r"[\x20-\x7e]+")


class PartyId(Struct, frozen=True, order=True):
    """A business party:

    ISO 3166-1 alpha-2 country and three characters, upper case. The same letters serve a CPO and an eMSP."""

    country_code: str
    party_id: str

    @classmethod
    def parse(cls, text: str, path: str = "$") -> "PartyId":
        """From `DE*ABC`, `DE-ABC`, `DEABC` or DIN `+49*810`, any case."""
        upper = text.upper()
        if match := _PARTY.fullmatch(upper):
            return cls(match[1], match[2])
        if match := _PARTY_DIN.fullmatch(upper):
            country = DIALLING_CODES.get(match[1])
            if country:
                return cls(country, match[2])
        raise Invalid(path, f"{text!r} is not a party id: two letters of a country and three characters")

    @classmethod
    def of(cls, country_code: str, party_id: str, path: str = "$") -> "PartyId":
        """From the two fields that OCPI uses."""
        return cls.parse(f"{country_code}*{party_id}", path)

    @property
    def key(self) -> str:
        """`DEABC`: without separator, for comparing and indexing."""
        return self.country_code + self.party_id

    def __str__(self) -> str:
        return f"{self.country_code}*{self.party_id}"


class _Id(Struct, frozen=True, eq=False):
    """Spelling and comparison form of an identifier."""

    text: str
    key: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.key == other.key

    def __ne__(self, other: object) -> bool:
        """Struct brings one of its own, which knows nothing of keys."""
        return not self == other

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text


class EvseId(_Id, frozen=True, eq=False):
    """An EVSE id as drivers and protocols know it: eMI3 / ISO (`DE*ABC*E123`) or DIN 91286 (`+49*810*000*438`).

    `key` is upper case, without separators, in ISO form; a DIN id of a known country compares equal to its ISO form.
    Stars inside the outlet part are ignored for comparing only."""

    @classmethod
    def parse(cls, text: str, path: str = "$") -> "EvseId":
        return _parse_evse_id(text) or _not(path, text, "an EVSE id such as DE*ABC*E123 or +49*810*000*438")

    @property
    def operator(self) -> PartyId:
        """The operator that the id names (it need not be the party that sends it)."""
        return PartyId(self.key[:2], self.key[2:5])

    @property
    def is_din(self) -> bool:
        return self.text[:1] in "+0123456789"

    @property
    def iso(self) -> str:
        """ISO form with both separators, upper case;

        stars inside the outlet part stay. An unknown DIN country has none: its own text."""
        upper = self.text.upper()
        if match := _EVSE_ISO.fullmatch(upper):
            return f"{match[1]}*{match[3]}*E{match[5]}"
        if (match := _EVSE_DIN.fullmatch(upper)) and match[1] in DIALLING_CODES:
            return f"{DIALLING_CODES[match[1]]}*{match[2]}*E{match[3]}"
        return self.text


@lru_cache(maxsize=65536)
def _parse_evse_id(text: str) -> EvseId | None:
    upper = text.upper()
    if len(text) > 48:
        return None
    if match := _EVSE_ISO.fullmatch(upper):
        return EvseId(text, upper.replace("*", ""))
    if match := _EVSE_DIN.fullmatch(upper):
        country = DIALLING_CODES.get(match[1], "+" + match[1])
        return EvseId(text, f"{country}{match[2]}E{match[3].replace('*', '')}")
    return None


class ContractId(_Id, frozen=True, eq=False):
    """A contract id: EMAID (ISO 15118-2), DIN 91286 EVCO, or any other text of up to 36 characters that OCPI allows.

    `key` is upper case without separators and without check digit, so that the same contract compares equal with and
    without it. DIN ids keep a key of their own: whether a DIN and an ISO id are one contract only the issuer knows."""

    @classmethod
    def parse(cls, text: str, path: str = "$") -> "ContractId":
        if not text or len(text) > 36 or not _PRINTABLE.fullmatch(text):
            _not(path, text, "a contract id of 1 to 36 printable characters")
        return _parse_contract_id(text)

    @property
    def is_emaid(self) -> bool:
        return bool(_CONTRACT_ISO.fullmatch(self.text.upper())) and not self.is_din

    @property
    def is_din(self) -> bool:
        return _is_din_contract(self.text.upper())

    @property
    def provider(self) -> PartyId | None:
        """The first five significant characters, where the id has a form that names its provider."""
        if self.is_emaid or self.is_din:
            return PartyId(self.key[:2], self.key[2:5])
        return None

    @property
    def check_digit(self) -> str | None:
        """The digit as the issuer wrote it, if it did."""
        upper = self.text.upper()
        match = _CONTRACT_DIN.fullmatch(upper) if self.is_din else _CONTRACT_ISO.fullmatch(upper)
        return match[4] if match else None

    @property
    def expected_check_digit(self) -> str | None:
        """The digit that belongs to the id; a written one that differs is reported, never corrected."""
        if self.is_din:
            return din_check_digit(self.key)
        return emaid_check_digit(self.key) if self.is_emaid else None


def _is_din_contract(upper: str) -> bool:
    # 12 significant characters are DIN; 14 or 15 are ISO; the two never overlap.
    return bool(_CONTRACT_DIN.fullmatch(upper))


@lru_cache(maxsize=65536)
def _parse_contract_id(text: str) -> ContractId:
    upper = text.upper()
    if _is_din_contract(upper):
        return ContractId(text, re.sub(r"[*\-]", "", upper)[:11])
    if match := _CONTRACT_ISO.fullmatch(upper):
        return ContractId(text, match[1] + match[2] + match[3])
    return ContractId(text, upper)


class TokenUid(_Id, frozen=True, eq=False):
    """What a reader reads or an app sends, 1 to 36 printable characters; compared without regard to case.

    RFID uids are hexadecimal, most significant byte first, without separators."""

    @classmethod
    def parse(cls, text: str, path: str = "$") -> "TokenUid":
        if not text or len(text) > 36 or not _PRINTABLE.fullmatch(text):
            _not(path, text, "a token uid of 1 to 36 printable characters")
        return cls(text, text.upper())


def _not(path: str, text: str, what: str) -> NoReturn:
    raise Invalid(path, f"{text!r} is not {what}")


_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Vector = tuple[int, int]


def _powers(matrix: tuple[Vector, Vector], modulus: int) -> list[tuple[Vector, Vector]]:
    result = [matrix]
    for _ in range(14):
        a, b = result[-1]
        result.append((_times(a, matrix, modulus), _times(b, matrix, modulus)))
    return result


def _times(vector: Vector, matrix: tuple[Vector, Vector], modulus: int) -> Vector:
    (a, b), (c, d) = matrix
    return ((vector[0] * a + vector[1] * c) % modulus, (vector[0] * b + vector[1] * d) % modulus)


_P1 = _powers(((0, 1), (1, 1)), 2)
_P2 = _powers(((0, 1), (1, 2)), 3)


def emaid_check_digit(code: str) -> str:
    """The check character over the 14 characters of an EMAID without separators. Source: ISO 15118-2 Annex H."""
    q, r = (0, 0), (0, 0)
    for index, character in enumerate(code):
        n = _ALPHABET.index(character)
        v = _times((n // 18, n // 9 % 2), _P1[index], 2)
        w = _times((n // 3 % 3, n % 3), _P2[index], 3)
        q = ((q[0] + v[0]) % 2, (q[1] + v[1]) % 2)
        r = ((r[0] + w[0]) % 3, (r[1] + w[1]) % 3)
    s = _times(r, _P2[0], 3)
    return _ALPHABET[18 * q[0] + 9 * q[1] + 3 * (-s[0] % 3) + (-s[1] % 3)]


def din_check_digit(code: str) -> str:
    """The check character over the 11 characters of a DIN 91286 contract id without separators."""
    digits = "".join(character if character.isdigit() else str(_ALPHABET.index(character)) for character in code)
    remainder = sum(int(digit) << position for position, digit in enumerate(digits)) % 11
    return "X" if remainder == 10 else str(remainder)
