"""Who we are on a connection that we open: a client certificate of ours, and whose server certificates we believe."""

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from core.errors import Invalid


class TlsIdentity(Struct, frozen=True, kw_only=True):
    """All in PEM. `certificate` (with its chain) and `private_key` go together; `trust_anchor` None: the usual ones."""

    certificate: str | None = None
    private_key: str | None = None
    trust_anchor: str | None = None

    def __repr__(self) -> str:
        return "TlsIdentity(…)"


def tls_context(identity: TlsIdentity) -> ssl.SSLContext:
    """Raises Invalid naming the member that is no such thing."""
    try:
        context = ssl.create_default_context(cadata=identity.trust_anchor)
    except (ssl.SSLError, ValueError) as error:
        raise Invalid("$.trust_anchor", "no certificate in PEM") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if (identity.certificate is None) != (identity.private_key is None):
        raise Invalid("$.outbound_private_key", "a certificate and its private key go together")
    if identity.certificate is not None and identity.private_key is not None:
        _load(context, identity.certificate, identity.private_key)
    return context


def _load(context: ssl.SSLContext, certificate: str, private_key: str) -> None:
    """The library reads files only: one in a directory that nobody else may enter, for as long as it takes."""
    with TemporaryDirectory() as directory:
        pair = Path(directory) / "pair.pem"
        pair.write_text(f"{private_key.strip()}\n{certificate.strip()}\n")
        try:
            context.load_cert_chain(pair, password="")  # without one it would ask at the terminal
        except (ssl.SSLError, OSError) as error:
            raise Invalid("$.outbound_certificate", "no certificate in PEM that fits its private key") from error
