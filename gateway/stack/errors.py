"""What can go wrong with the embedded servers."""

from msgspec import Struct


class StackError(Exception):
    """The embedded stack cannot start, or cannot go on. The text says what is lacking and how to get it."""


class Death(Struct, frozen=True, kw_only=True):
    """A server ended without having been asked to.

    `exit_code` is negative for a signal; `last_words` are the last lines of its log; `again`: it is being restarted."""

    server: str
    exit_code: int
    last_words: tuple[str, ...]
    again: bool

    def __str__(self) -> str:
        then = "starting it again" if self.again else "giving up"
        said = "".join(f"\n    {line}" for line in self.last_words)
        return f"{self.server} died ({describe_exit(self.exit_code)}); {then}. Its last words:{said or ' none'}"


def describe_exit(code: int) -> str:
    """An exit code in words: `exit code 1`, `signal 9`."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"
