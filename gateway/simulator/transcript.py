"""What the story tells: chapters, sentences, tables. Coloured at a terminal, plain text anywhere else."""

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text


class Transcript:
    """Writes to `stream` at once, so that a reader follows the story while it happens."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._console = Console(file=stream, highlight=False) if stream.isatty() else None

    def chapter(self, title: str) -> None:
        if self._console:
            self._console.print()
            self._console.rule(Text(title, style="bold"), align="left")
        else:
            self._line("")
            self._line(f"== {title}")

    def tell(self, sentence: str) -> None:
        self._styled(f"  {sentence}", "")

    def held(self, sentence: str) -> None:
        """Something that was expected and did happen."""
        self._styled(f"  ✓ {sentence}", "green")

    def broke(self, sentence: str) -> None:
        """The step at which the story ended other than told."""
        self._styled(f"  ✗ {sentence}", "bold red")

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        if self._console:
            table = Table(*columns, title=title, title_justify="left")
            for row in rows:
                table.add_row(*(Text(cell) for cell in row))
            self._console.print()
            self._console.print(table)
            return
        self._line("")
        self._line(title)
        widths = [max(len(cell) for cell in column) for column in zip(columns, *rows, strict=True)]
        for row in (columns, tuple("-" * width for width in widths), *rows):
            self._line("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    def _styled(self, text: str, style: str) -> None:
        if self._console:
            self._console.print(Text(text, style=style))
        else:
            self._line(text)

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()
