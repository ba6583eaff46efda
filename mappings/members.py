"""Several members of an object at once."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any


def reader(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """A function that gives them as a tuple, however many there are."""
    if not names:
        return lambda _: ()
    if len(names) == 1:
        one = attrgetter(names[0])
        return lambda value: (one(value),)
    return attrgetter(*names)
