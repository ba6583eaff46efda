"""Answers and checks that the receiver interfaces share."""

from datetime import datetime
from typing import Any, Final

from core.ports.stores import Saved
from mappings.ocpi.common import time_from_ocpi
from protocols.ocpi.codes import HUB_ERROR, INVALID, Failure
from protocols.ocpi.server.exchange import Ask, Reply

CREATED: Final = Reply(http=201)
DONE: Final = Reply()


def done(saved: Saved) -> Reply:
    """An older or repeated message is answered as what it is: understood. Nothing is overwritten by it."""
    return CREATED if saved is Saved.CREATED else DONE


def for_everybody(ask: Ask) -> None:
    """Raises the answer to an object that is addressed to one party, where the hub can only show it to all."""
    if ask.addressed is not None:
        raise Failure(HUB_ERROR, f"this hub forwards no such push to {ask.addressed} alone; address it to the hub")


def for_one(ask: Ask, what: str) -> None:
    """Raises the answer to a push that concerns one party and is addressed to all."""
    if ask.to_hub:
        raise Failure(INVALID, f"OCPI-to-party-id: {what} concerns one party and is no broadcast")


def time_of(patch: Any) -> datetime:
    return time_from_ocpi(patch.last_updated, "$.last_updated")
