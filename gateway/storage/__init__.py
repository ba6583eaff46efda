"""The ports of core over MongoDB and Redis. `Storage` opens and closes them all."""

from gateway.storage.storage import Storage

__all__ = ["Storage"]
