"""Bodies in gzip, of partners and for them. Source: RFC 9110, Content-Encoding and Accept-Encoding."""

import gzip
import zlib
from typing import Final

from core.errors import Invalid

_FAST: Final = 1


def unpacked(body: bytes, encoding: str, limit: int) -> bytes | None:
    """The body as it is meant; None if that is longer than `limit`, and not more than that is ever inflated.

    `encoding` is the header Content-Encoding. Raises Invalid for another than gzip, and for what is no gzip."""
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip":
            return _inflated(body, limit)
    raise Invalid("$", "of content encodings only gzip is taken")


def takes_gzip(accepted: str) -> bool:
    """`accepted` is the header Accept-Encoding; only who names gzip gets it."""
    for one in accepted.lower().split(","):
        name, _, quality = one.partition(";")
        if name.strip() == "gzip":
            return quality.replace(" ", "").rstrip("0").rstrip(".") not in ("q=", "q=0")
    return False


def packed(body: bytes) -> bytes:
    return gzip.compress(body, _FAST, mtime=0)


def _inflated(body: bytes, limit: int) -> bytes | None:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise Invalid("$", "the body is not gzip") from None
    if len(plain) > limit:
        return None
    if not unpacker.eof:
        raise Invalid("$", "the gzip body is cut off")
    if unpacker.unused_data:
        raise Invalid("$", "the gzip body goes on after its end")
    return plain
