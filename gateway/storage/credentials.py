"""Secrets at rest.

Inbound and registration secrets are looked up by their SHA-256: they are random and long, so that a slow hash would
protect nothing more, and a hash can be found by index without comparing secrets. What must be repeated or sent is
encrypted as well (Fernet: AES-128-CBC and HMAC-SHA-256).
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pymongo.errors import DuplicateKeyError

from core.errors import Invalid, Unavailable
from core.model.partner import CredentialKind, Partner
from gateway.storage.database import Database, Session, translated
from gateway.storage.documents import Document
from gateway.storage.partners import MongoPartners
from gateway.storage.watcher import Change, Watcher

_INCOMING = (CredentialKind.INBOUND, CredentialKind.REGISTRATION)
_REPEATABLE = (CredentialKind.INBOUND, CredentialKind.OUTBOUND)


class SecretBox:
    """Encrypts with the first of the keys, decrypts with any of them: put a new key in front, then `reseal`.

    `keys` is text: random secrets of the operator's, separated by commas."""

    def __init__(self, keys: str) -> None:
        secrets = [key.strip() for key in keys.split(",") if key.strip()]
        if not secrets:
            raise Invalid("$.secret_key", "a secret key is needed to keep credentials")
        self._fernet = MultiFernet([Fernet(_derive(secret)) for secret in secrets])

    def seal(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise Unavailable("a credential was sealed with another secret key") from error

    def reseal(self, sealed: bytes) -> bytes:
        return self._fernet.rotate(sealed)


def _derive(secret: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"chargesphere credentials")
    return base64.urlsafe_b64encode(kdf.derive(secret.encode()))


def fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class MongoCredentials:
    """What was found is remembered until anything in the collection changes; what was not found never is."""

    def __init__(self, database: Database, partners: MongoPartners, watcher: Watcher, box: SecretBox) -> None:
        self._database = database
        self._collection = database["credentials"]
        self._partners = partners
        self._watcher = watcher
        self._box = box
        self._version = 0
        self._found: dict[str, tuple[str, CredentialKind]] = {}
        self._opened: dict[tuple[str, CredentialKind], str] = {}
        watcher.on("credentials", self._seen)
        watcher.on("partners", self._seen_partner)

    async def partner_by_secret(self, secret: str) -> tuple[str, CredentialKind] | None:
        mark = fingerprint(secret)
        if self._watcher.live and mark in self._found:
            return self._found[mark]
        version = self._version
        with translated(writes=False):
            document = await self._collection.find_one({"hash": mark}, {"partner": 1, "kind": 1})
        if document is None:
            return None
        found = (document["partner"], CredentialKind(document["kind"]))
        if version == self._version:
            self._found[mark] = found
        return found

    async def put(self, partner_id: str, kind: CredentialKind, secret: str) -> None:
        with translated(writes=True):
            try:
                await self._put(partner_id, kind, secret, None)
            finally:
                self._seen()

    async def outbound(self, partner_id: str) -> str | None:
        return await self._open(partner_id, CredentialKind.OUTBOUND)

    async def inbound(self, partner_id: str) -> str | None:
        return await self._open(partner_id, CredentialKind.INBOUND)

    async def drop(self, partner_id: str, kind: CredentialKind) -> None:
        with translated(writes=True):
            await self._collection.delete_one({"_id": _key(partner_id, kind)})
        self._seen()

    async def switch(self, partner: Partner, *, inbound: str, outbound: str, spend_registration: bool) -> Partner:
        async def write(session: Session) -> Partner:
            updated = await self._partners.write_update(partner, session)
            if spend_registration:  # first: it may be the very token that becomes the inbound one
                spent = _key(partner.id, CredentialKind.REGISTRATION)
                await self._collection.delete_one({"_id": spent}, session=session)
            await self._put(partner.id, CredentialKind.INBOUND, inbound, session)
            await self._put(partner.id, CredentialKind.OUTBOUND, outbound, session)
            return updated

        try:
            return await self._database.transaction(write)
        finally:
            self._partners.seen()
            self._seen()

    async def reseal(self) -> int:
        """Encrypts everything with the first key; afterwards the others can go. Returns how many."""
        number = 0
        with translated(writes=True):
            async for document in self._collection.find({"sealed": {"$exists": True}}):
                held = {"_id": document["_id"], "sealed": document["sealed"]}
                sealed = self._box.reseal(document["sealed"])
                number += (await self._collection.update_one(held, {"$set": {"sealed": sealed}})).modified_count
        return number

    async def _put(self, partner_id: str, kind: CredentialKind, secret: str, session: Session | None) -> None:
        document: Document = {"partner": partner_id, "kind": kind.value}
        if kind in _INCOMING:
            document["hash"] = fingerprint(secret)
        if kind in _REPEATABLE:
            document["sealed"] = self._box.seal(secret)
        try:
            key = {"_id": _key(partner_id, kind)}
            await self._collection.replace_one(key, document, upsert=True, session=session)
        except DuplicateKeyError as error:
            raise Invalid("$.secret", "this secret is in use already") from error

    async def _open(self, partner_id: str, kind: CredentialKind) -> str | None:
        name = (partner_id, kind)
        if self._watcher.live and name in self._opened:
            return self._opened[name]
        version = self._version
        with translated(writes=False):
            document = await self._collection.find_one({"_id": _key(partner_id, kind)}, {"sealed": 1})
        if document is None:
            return None
        secret = self._box.open(document["sealed"])
        if version == self._version:
            self._opened[name] = secret
        return secret

    def _seen(self, change: Change = Change.CONTENT) -> None:
        self._version += 1
        self._found.clear()
        self._opened.clear()

    def _seen_partner(self, change: Change) -> None:
        if change is Change.MEMBERS:
            self._seen(change)


def _key(partner_id: str, kind: CredentialKind) -> str:
    return f"{partner_id}/{kind}"
