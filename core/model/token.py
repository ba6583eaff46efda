"""A driver's means of identification."""

from datetime import datetime
from enum import StrEnum

from core.model.base import Extensions, Model
from core.model.ids import ContractId, PartyId, TokenUid


class TokenKind(StrEnum):
    """Open in OCPI: other words may occur, see `Token.kind`."""

    RFID = "RFID"
    APP_USER = "APP_USER"
    AD_HOC_USER = "AD_HOC_USER"
    EMAID = "EMAID"
    OTHER = "OTHER"


class Whitelist(StrEnum):
    """Whether a CPO may decide without asking the issuer."""

    ALWAYS = "ALWAYS"
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    NEVER = "NEVER"


class EnergyContract(Model, frozen=True, kw_only=True):
    supplier_name: str
    contract_id: str | None = None
    extensions: Extensions = {}


class Token(Model, frozen=True, kw_only=True):
    """Issued by an eMSP.

    Key: (`issuer`, `kind`, `uid` without regard to case). `kind` is a TokenKind or an issuer's own word.

    `uid` is what a reader reads (RFID: hex, most significant byte first). `pin_hash` (OICP QR code) never leaves the
    hub.
    `updated_at` is UTC and the issuer's, never ours."""

    issuer: PartyId
    uid: TokenUid
    kind: str
    contract_id: ContractId | None = None
    visual_number: str | None = None
    issuer_name: str | None = None
    group_id: str | None = None
    valid: bool
    expires_at: datetime | None = None
    whitelist: Whitelist
    language: str | None = None
    default_profile_type: str | None = None
    energy_contract: EnergyContract | None = None
    rfid_family: str | None = None
    pin_hash: str | None = None
    updated_at: datetime
    extensions: Extensions = {}

    @property
    def key(self) -> str:
        return token_key(self.issuer, self.kind, self.uid)


def token_key(issuer: PartyId, kind: str, uid: TokenUid) -> str:
    return f"{issuer.key}/{kind}/{uid.key}"


class TokenQuery(Model, frozen=True, kw_only=True):
    """As LocationQuery, for tokens. `issuers` None = all that the reader may see.

    `stored_from`, inclusive: by the hub's own time of the last write, whatever time the issuer gave."""

    updated_from: datetime | None = None
    updated_to: datetime | None = None
    stored_from: datetime | None = None
    issuers: tuple[PartyId, ...] | None = None
    offset: int = 0
    limit: int = 100
