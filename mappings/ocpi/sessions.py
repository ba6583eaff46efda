"""Sessions, and the pieces that they share with CDRs <-> ours. Source: OCPI 2.3.0, mod_sessions, mod_cdrs, types."""

from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import UNSET

from core.errors import Unsupported
from core.model import session as core
from core.model.cards import is_hashed
from core.model.ids import TokenUid
from core.model.loss import Loss
from core.model.quantities import Price, TaxAmount
from core.model.session import CdrToken, ChargingPeriod, Dimension, Session
from core.model.token import TokenKind
from mappings.losses import losses
from mappings.ocpi.common import (
    NA,
    NOTHING,
    Aside,
    Kept,
    assumption,
    each,
    kept,
    merged,
    part,
    parts,
    put_aside,
    time_in,
    time_out,
)
from mappings.ocpi.ids import contract_in, party_in, party_out, token_uid_in
from mappings.tables import CodeTable, same
from protocols.ocpi.wire import sessions as wire

SESSION_STATUS: Final = same(wire.SessionStatus, core.SessionStatus)
AUTH_METHOD: Final = same(wire.AuthMethod, core.AuthMethod)
DIMENSION_TYPE: Final[CodeTable[wire.CdrDimensionType, str]] = CodeTable(
    both={word: word.value for word in wire.CdrDimensionType}
)

NO_CURRENCY: Final = "XXX"
"""ISO 4217: no currency is involved. Sent where nobody knows it, and reported."""

NOT_CARRIED: Final = {
    "total_cost.after_taxes": "no field: the taxes themselves have to be named",
}


# --- prices, tokens, periods


def price_from_ocpi(price: wire.Price, unknown: dict[str, Any], name: str) -> Price:
    if price.extra:
        unknown[name] = price.extra
    taxes = price.taxes
    if taxes:
        for index, tax in enumerate(taxes):
            if tax.extra:
                unknown[f"{name}.taxes[{index}]"] = tax.extra
        return Price(before_taxes=price.before_taxes, taxes=tuple([_tax_from_ocpi(tax) for tax in taxes]))
    return Price(before_taxes=price.before_taxes, taxes=None if taxes is None else ())


def _tax_from_ocpi(tax: wire.TaxAmount) -> TaxAmount:
    return TaxAmount(name=tax.name, account_number=tax.account_number, percentage=tax.percentage, amount=tax.amount)


def price_to_ocpi(price: Price, back: Kept, name: str) -> wire.Price:
    taxes = price.taxes
    if taxes:
        taken = [_tax_to_ocpi(tax, back, f"{name}.taxes[{index}]") for index, tax in enumerate(taxes)]
        return wire.Price(before_taxes=price.before_taxes, taxes=tuple(taken), extra=back.parts.get(name))
    return wire.Price(before_taxes=price.before_taxes, taxes=None if taxes is None else (), extra=back.parts.get(name))


def _tax_to_ocpi(tax: TaxAmount, back: Kept, name: str) -> wire.TaxAmount:
    return wire.TaxAmount(
        name=tax.name,
        account_number=tax.account_number,
        percentage=tax.percentage,
        amount=tax.amount,
        extra=back.parts.get(name),
    )


def cdr_token_from_ocpi(token: wire.CdrToken) -> CdrToken:
    aside: Aside = {}
    return CdrToken(
        issuer=party_in(token.country_code, token.party_id, aside),
        uid=token_uid_in(token.uid, "uid"),
        kind=token.type,
        contract_id=contract_in(token.contract_id, aside, "contract_id"),
        extensions=put_aside(token.extra, aside),
    )


def cdr_token_to_ocpi(token: CdrToken) -> wire.CdrToken:
    """A contract that nobody knows is `#NA`. Raises Unsupported if nobody says whose token, or which."""
    back = kept(token.extensions)
    issuer = token.issuer or (token.contract_id.provider if token.contract_id else None)
    if issuer is None:
        raise Unsupported("OCPI demands the eMSP of the token, which the source does not say")
    country_code, party_id = party_out(issuer, back)
    return wire.CdrToken(
        country_code=country_code,
        party_id=party_id,
        uid=_uid(token).text,
        type=token.kind,
        contract_id=token.contract_id.text if token.contract_id else back.texts.get("contract_id", NA),
        extra=back.extra,
    )


def _uid(token: CdrToken) -> TokenUid:
    if token.uid is not None and is_hashed(token.kind):
        raise Unsupported("OCPI has no hashed cards, and nobody has told which card it is")
    if token.uid is not None:
        return token.uid
    if token.contract_id is not None and token.kind != TokenKind.RFID:
        return TokenUid.parse(token.contract_id.text)
    raise Unsupported("OCPI demands the uid of the token, which the source does not say")


def dimension_from_ocpi(dimension: wire.CdrDimension) -> Dimension:
    return Dimension(
        type=DIMENSION_TYPE.to_core(dimension.type),
        volume=dimension.volume,
        extensions=put_aside(dimension.extra, {}) if dimension.extra else {},
    )


def dimension_to_ocpi(dimension: Dimension) -> wire.CdrDimension:
    """Raises Unsupported for a kind of volume that OCPI does not have."""
    kind = DIMENSION_TYPE.wire_for(dimension.type)
    if kind is None:
        raise Unsupported(f"OCPI has no dimension {dimension.type}")
    extensions = dimension.extensions
    return wire.CdrDimension(type=kind, volume=dimension.volume, extra=kept(extensions).extra if extensions else None)


def period_from_ocpi(period: wire.ChargingPeriod) -> ChargingPeriod:
    aside: Aside = {}
    return ChargingPeriod(
        started_at=time_in(period.start_date_time, aside, "start_date_time"),
        dimensions=tuple([dimension_from_ocpi(dimension) for dimension in period.dimensions]),
        tariff_id=period.tariff_id,
        extensions=put_aside(period.extra, aside),
    )


def period_to_ocpi(period: ChargingPeriod) -> wire.ChargingPeriod:
    back = kept(period.extensions) if period.extensions else NOTHING
    return wire.ChargingPeriod(
        start_date_time=time_out(period.started_at, back, "start_date_time"),
        dimensions=tuple([dimension_to_ocpi(dimension) for dimension in period.dimensions]),
        tariff_id=period.tariff_id,
        extra=back.extra,
    )


# --- sessions


def session_from_ocpi(session: wire.Session) -> Session:
    aside: Aside = {}
    unknown: dict[str, Any] = {}
    cost, ended = session.total_cost, session.end_date_time
    return Session(
        owner=party_in(session.country_code, session.party_id, aside),
        id=session.id,
        started_at=time_in(session.start_date_time, aside, "start_date_time"),
        ended_at=time_in(ended, aside, "end_date_time") if ended is not None else None,
        energy_kwh=session.kwh,
        token=part(cdr_token_from_ocpi, session.cdr_token, "cdr_token"),
        auth_method=AUTH_METHOD.to_core(session.auth_method),
        authorization_reference=session.authorization_reference,
        location_id=session.location_id,
        evse_uid=session.evse_uid,
        connector_id=session.connector_id,
        meter_id=session.meter_id,
        currency=session.currency,
        periods=parts(period_from_ocpi, session.charging_periods, "charging_periods"),
        total_cost=price_from_ocpi(cost, unknown, "total_cost") if cost is not None else None,
        status=SESSION_STATUS.to_core(session.status),
        updated_at=time_in(session.last_updated, aside, "last_updated"),
        extensions=put_aside(session.extra, aside, unknown),
    )


def session_to_ocpi(session: Session) -> wire.Session:
    """What OCPI demands and nobody said is assumed, see `session_losses`. Raises Unsupported without a location, and as
    `cdr_token_to_ocpi`."""
    if session.location_id is None:
        raise Unsupported("OCPI demands the location of a session, which the source does not say")
    back = kept(session.extensions)
    country_code, party_id = party_out(session.owner, back)
    cost, ended = session.total_cost, session.ended_at
    return wire.Session(
        country_code=country_code,
        party_id=party_id,
        id=session.id,
        start_date_time=time_out(session.started_at, back, "start_date_time"),
        end_date_time=time_out(ended, back, "end_date_time") if ended is not None else None,
        kwh=session.energy_kwh if session.energy_kwh is not None else Decimal(0),
        cdr_token=cdr_token_to_ocpi(session.token),
        auth_method=AUTH_METHOD.to_wire(session.auth_method),
        authorization_reference=session.authorization_reference,
        location_id=session.location_id,
        evse_uid=session.evse_uid or NA,
        connector_id=session.connector_id or NA,
        meter_id=session.meter_id,
        currency=session.currency or NO_CURRENCY,
        charging_periods=each(period_to_ocpi, session.periods),
        total_cost=price_to_ocpi(cost, back, "total_cost") if cost is not None else None,
        status=SESSION_STATUS.to_wire(session.status),
        last_updated=time_out(session.updated_at, back, "last_updated"),
        extra=back.extra,
    )


def patch_session(session: Session, patch: wire.SessionPatch) -> Session:
    """The session as it is after a PATCH: periods are added to those known, null counts as not mentioned."""
    whole = session_to_ocpi(session)
    if added := patch.charging_periods:
        patch = msgspec.structs.replace(patch, charging_periods=(whole.charging_periods or ()) + added)
    else:
        patch = msgspec.structs.replace(patch, charging_periods=UNSET)
    return session_from_ocpi(merged(whole, patch))


def session_losses(session: Session) -> tuple[Loss, ...]:
    """What OCPI does not get of this session, and what had to be assumed."""
    return losses(session, NOT_CARRIED) + token_assumptions(session.token) + _assumptions(session)


def _assumptions(session: Session) -> tuple[Loss, ...]:
    """A session that bears the journey's own id was made by the hub."""
    sent = {"energy_kwh": 0, "evse_uid": NA, "connector_id": NA, "currency": NO_CURRENCY}
    found = [assumption(name, value) for name, value in sent.items() if getattr(session, name) is None]
    if session.journey_id is not None and session.id == session.journey_id:
        found.append(assumption("$", session.id, "made by the hub: the operator's protocol tells of no sessions"))
    return tuple(found)


def token_assumptions(token: CdrToken) -> tuple[Loss, ...]:
    found = []
    if token.contract_id is None and not token.extensions:
        found.append(assumption("token.contract_id", NA))
    if token.issuer is None and token.contract_id and token.contract_id.provider:
        value = str(token.contract_id.provider)
        found.append(assumption("token.issuer", value, "taken from the contract"))
    if token.uid is None and token.contract_id:
        value = token.contract_id.text
        found.append(assumption("token.uid", value, "the contract stands for it"))
    return tuple(found)
