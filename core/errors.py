"""The seven ways in which a request between partners can fail. Every protocol has its own words for each of them."""

from typing import Final

MOST_SAID: Final = 1000
"""Characters. Reasons hold what partners said, are kept with what failed, and may be told to other partners."""


class RoamingError(Exception):
    """Base of all errors that cross a border of the hub."""

    def __init__(self, reason: str) -> None:
        reason = reason[:MOST_SAID]
        super().__init__(reason)
        self.reason = reason


class Invalid(RoamingError):
    """The message cannot be right:

    the caller has to correct it. `path` is a JSON pointer-like path, `$.evses[0].uid`."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class Unknown(RoamingError):
    """The message names something that we do not hold. `what` is the noun (`token`, `location`, `party`...)."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"unknown {what}: {name}")
        self.what = what
        self.name = name


class Refused(RoamingError):
    """Not authenticated (`authenticated=False`), or authenticated but not allowed to touch what the message names."""

    def __init__(self, reason: str, *, authenticated: bool = True) -> None:
        super().__init__(reason)
        self.authenticated = authenticated


class Unsupported(RoamingError):
    """The partner's protocol or installation lacks the operation: route round it."""


class Unavailable(RoamingError):
    """The other side was never reached, nothing happened there: retry later."""


class Busy(Unavailable):
    """The other side was reached and took nothing: it wants to be asked later."""


class StoreUnavailable(Unavailable):
    """It is our own database that was not reached: this says nothing of any partner."""


class Uncertain(RoamingError):
    """The request was sent and no usable answer came: it may have happened. Ask, never resend blindly."""


class Rejected(RoamingError):
    """The partner said no, in its own words."""

    def __init__(self, code: str, text: str) -> None:
        text = text[:MOST_SAID]
        super().__init__(f"{code}: {text}" if text else code)
        self.code = code
        self.text = text
