"""What strangers may send as XML, and what the layer makes of it."""

import time

import pytest

from core.errors import Invalid
from protocols.transport.soap.xml import NotXml, escape, parse, path_of, plain, render_extra

BOMB = b"""<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><z y="&c;">&c;</z>"""


@pytest.mark.spec("OCHP-TRN-15", "OCHP-CLI-11")
@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        b'<!DOCTYPE z SYSTEM "http://127.0.0.1:9/x.dtd"><z/>',
        b'<!DOCTYPE z [<!ENTITY f SYSTEM "file:///etc/passwd">]><z>&f;</z>',
        b'<!-- <z> --><!DOCTYPE z [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]><z/>',
        BOMB.decode().encode("utf-16"),
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE z []><z/>'.encode("utf-16-le"),
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE z+AD4-<z/>',
        '<?xml version="1.0" encoding="cp037"?><z/>'.encode("cp037"),
        "<z/>".encode("utf-32"),
    ],
    ids=["bomb", "dtd", "file", "comment", "utf16", "utf16-bare", "utf7", "ebcdic", "utf32"],
)
def test_document_types_and_odd_encodings_are_refused_at_once(body: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(NotXml):
        parse(body)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("body", [b"", b"   ", b"<a>", b"<a></b>", b"{}", b"<a/><b/>", b"\x00" * 50, b"<a>&x;</a>"])
def test_what_is_not_xml_says_where_and_not_what(body: bytes) -> None:
    with pytest.raises(NotXml) as caught:
        parse(body)
    assert caught.value.path == "/"
    assert "&x" not in caught.value.reason


def test_a_long_body_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(NotXml, match="longer than 1000 bytes"):
        parse(b"<a>" + b"x" * 1000 + b"</a>", max_bytes=1000)


def test_deep_nesting_is_refused_quickly() -> None:
    started = time.perf_counter()
    with pytest.raises(NotXml):
        parse(b"<a>" * 100_000 + b"</a>" * 100_000)
    assert time.perf_counter() - started < 1


def test_unknown_elements_are_kept_to_a_depth() -> None:
    with pytest.raises(Invalid, match="nested more than"):
        plain(parse(b"<a>" * 30 + b"</a>" * 30))


@pytest.mark.spec("OCHP-TRN-24", "OCHP-CLI-31")
@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("<a>ü€</a>".encode(), None),
        ("\ufeff<a>ü€</a>".encode(), "utf-8"),
        ("<a>ü€</a>".encode("utf-16"), None),
        ('<?xml version="1.0" encoding="utf-16"?><a>ü€</a>'.encode("utf-16"), None),
        ('<?xml version="1.0" encoding="windows-1252"?><a>ü€</a>'.encode("cp1252"), "utf-8"),
    ],
)
def test_encodings_are_read_as_declared(body: bytes, charset: str | None) -> None:
    assert parse(body, charset).text == "ü€"


@pytest.mark.spec("OCHP-TRN-24")
def test_latin_1_by_declaration_and_by_header() -> None:
    assert parse('<?xml version="1.0" encoding="ISO-8859-1"?><a>ü</a>'.encode("latin-1")).text == "ü"
    assert parse("<a>ü</a>".encode("latin-1"), '"ISO-8859-1"').text == "ü"


def test_paths_count_from_one_where_there_are_several() -> None:
    root = parse(b'<x:m xmlns:x="urn:x"><x:a/><x:b/><x:b><x:c/></x:b></x:m>')
    assert path_of(root[2][0]) == "/m/b[2]/c"
    assert path_of(root[0], "@d") == "/m/a/@d"


@pytest.mark.spec("OCHP-DT-15")
def test_text_that_xml_does_not_have_is_left_out() -> None:
    text = "a\x00\x08b\ufffe<&>\"'\r\n\tc\ud800"
    assert escape(text) == "ab&lt;&amp;&gt;&quot;'&#13;&#10;&#9;c"


def test_extra_names_that_are_none_are_left_out() -> None:
    extra = {"ok": "1", "no good": "2", '@a" b': "3", "@c": "4", "<x": {"y": "5"}}
    assert render_extra(extra, None) == (' c="4"', "<ok>1</ok>")
