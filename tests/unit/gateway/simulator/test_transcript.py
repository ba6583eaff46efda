import io

from gateway.simulator.transcript import Transcript


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(stream: io.StringIO) -> str:
    out = Transcript(stream)
    out.chapter("Networks join")
    out.tell("Somebody [speaks].")
    out.held("It worked")
    out.broke("It did not")
    out.table("Counts", ("what", "how many"), [("points [a]", "12"), ("x", "3")])
    return stream.getvalue()


def test_plain_text_where_nobody_watches() -> None:
    assert told(io.StringIO()) == (
        "\n== Networks join\n  Somebody [speaks].\n  ✓ It worked\n  ✗ It did not\n"
        "\nCounts\n  what        how many\n  ----------  --------\n  points [a]  12\n  x           3\n"
    )


def test_square_brackets_are_no_markup_at_a_terminal() -> None:
    text = told(Terminal())
    assert "Somebody [speaks]." in text
    assert "points [a]" in text


def test_an_empty_table() -> None:
    stream = io.StringIO()
    Transcript(stream).table("Nothing", ("a",), [])
    assert stream.getvalue() == "\nNothing\n  a\n  -\n"
