"""The README says what the code does."""

from pathlib import Path

from gateway.settings import settings_table

README = Path(__file__).parents[3] / "README.md"


def test_the_table_of_settings_is_the_codes() -> None:
    """To mend it: put what `gateway.settings.settings_table()` gives between the markers."""
    _, _, rest = README.read_text(encoding="utf-8").partition("<!-- settings -->\n")
    table, marker, _ = rest.partition("<!-- /settings -->")
    assert marker
    assert table == settings_table()
