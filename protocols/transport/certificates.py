"""The client certificate of a partner, as a proxy that has verified it passes it on.

Source: RFC 9440, Client-Cert: the DER form as a structured-field byte sequence, `:base64:`.
"""

import base64
import binascii
import hashlib
import ipaddress
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from msgspec import Struct

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ClientCertificate(Struct, frozen=True):
    """`fingerprint` is the SHA-256 of the DER form, lower-case hex: what a partner's entry is bound to."""

    fingerprint: str
    valid_from: datetime
    valid_until: datetime

    def valid_at(self, now: datetime) -> bool:
        return self.valid_from <= now <= self.valid_until


def client_certificate(header: str) -> ClientCertificate | None:
    """None for what is no certificate."""
    try:
        der = base64.b64decode(header.strip().removeprefix(":").removesuffix(":"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return _read(der)


@lru_cache(maxsize=1024)
def _read(der: bytes) -> ClientCertificate | None:
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        return None
    fingerprint = hashlib.sha256(der).hexdigest()
    return ClientCertificate(fingerprint, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def is_trusted_proxy(peer: str | None, proxies: Iterable[Network]) -> bool:
    """Whether the request comes from a proxy of ours: only then its header is more than a claim."""
    try:
        address = ipaddress.ip_address(peer or "")
    except ValueError:
        return False
    return any(address in network for network in proxies)
