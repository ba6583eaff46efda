"""ISO 639-3 in upper case, as OCHP writes languages <-> ISO 639-1. Source: crosswalk 1.18."""

from typing import Final

TWO_LETTERS: Final = {
    "ARA": "ar", "BUL": "bg", "CAT": "ca", "CES": "cs", "CYM": "cy", "DAN": "da", "DEU": "de", "ELL": "el",
    "ENG": "en", "EST": "et", "EUS": "eu", "FIN": "fi", "FRA": "fr", "GLE": "ga", "GLG": "gl", "HEB": "he",
    "HRV": "hr", "HUN": "hu", "HYE": "hy", "ISL": "is", "ITA": "it", "JPN": "ja", "KAT": "ka", "KOR": "ko",
    "LAV": "lv", "LIT": "lt", "LTZ": "lb", "MKD": "mk", "MLT": "mt", "NLD": "nl", "NNO": "nn", "NOB": "nb",
    "NOR": "no", "POL": "pl", "POR": "pt", "ROH": "rm", "RON": "ro", "RUS": "ru", "SLK": "sk", "SLV": "sl",
    "SPA": "es", "SQI": "sq", "SRP": "sr", "SWE": "sv", "TUR": "tr", "UKR": "uk", "ZHO": "zh",
}  # fmt: skip
_THREE_LETTERS: Final = {two: three for three, two in TWO_LETTERS.items()}
_OF_COUNTRY: Final = {
    "ALB": "SQI", "AUT": "DEU", "BEL": "NLD", "BGR": "BUL", "CHE": "DEU", "CZE": "CES", "DEU": "DEU", "DNK": "DAN",
    "ESP": "SPA", "EST": "EST", "FIN": "FIN", "FRA": "FRA", "GBR": "ENG", "GRC": "ELL", "HRV": "HRV", "HUN": "HUN",
    "IRL": "ENG", "ISL": "ISL", "ISR": "HEB", "ITA": "ITA", "LIE": "DEU", "LTU": "LIT", "LUX": "FRA", "LVA": "LAV",
    "MKD": "MKD", "MLT": "MLT", "NLD": "NLD", "NOR": "NOB", "POL": "POL", "PRT": "POR", "ROU": "RON", "SRB": "SRP",
    "SVK": "SLK", "SVN": "SLV", "SWE": "SWE", "TUR": "TUR", "UKR": "UKR", "USA": "ENG",
}  # fmt: skip
"""Country -> the language of most of its signs."""


def language_from_ochp(code: str) -> str:
    """Two letters where there are two, else the three in lower case."""
    return TWO_LETTERS.get(code, code.lower())


def language_to_ochp(tag: str) -> str | None:
    """From `de`, `deu`, `de-AT`. None for a tag that names no language of the table."""
    primary = tag.partition("-")[0].lower()
    three = _THREE_LETTERS.get(primary)
    if three is not None:
        return three
    return primary.upper() if primary.upper() in TWO_LETTERS or (len(primary) == 3 and primary.isascii()) else None


def language_of_country(country: str) -> str:
    return _OF_COUNTRY.get(country, "ENG")
