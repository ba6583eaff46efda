"""Versions, details, credentials, and who is let in. Source: OCPI 2.3.0, version_information_endpoint, credentials."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from core.errors import RoamingError
from mappings.ocpi.parties import roles_from_ocpi
from protocols.ocpi.auth import fresh_token
from protocols.ocpi.check.faults import fault, read
from protocols.ocpi.check.visit import Got, Visit
from protocols.ocpi.dialect import dialect_of
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import hub_role
from protocols.ocpi.wire.credentials import Credentials
from protocols.ocpi.wire.versions import Endpoint, InterfaceRole, VersionDetails
from protocols.ocpi.wire.versions import Version as Listed

VERSIONS: Final = "version_information_endpoint"
CREDENTIALS: Final = "credentials, GET method"
AUTHORIZATION: Final = "transport_and_format, authorization header"
STATUS: Final = "status_codes; transport_and_format, HTTP status codes"
KNOWN: Final = frozenset(
    {"bookings", "cdrs", "chargingprofiles", "commands", "credentials", "hubclientinfo", "invoicereconciliation"}
    | {"locations", "payments", "sessions", "tariffs", "tokens"}
)


async def check_versions(visit: Visit) -> str | None:
    """The URL of the details of the version that the partner is registered for."""
    got = await visit.get("versions", settings_of(visit.partner).versions_url or "")
    if got is None or not _answered(visit, "versions", got):
        return None
    listed, faults = read(got.data, tuple[Listed, ...])
    if not visit.sheet.must("versions", "versions are listed as specified", VERSIONS, *faults) or listed is None:
        return None
    urls = {entry.version: entry.url for entry in listed}
    here = visit.version.id
    wrong = [] if here in urls else [f"{here} is not among {', '.join(urls) or 'nothing'}"]
    visit.sheet.must("versions", "the registered version is listed", VERSIONS, *wrong)
    return urls.get(here)


async def check_details(visit: Visit, url: str) -> tuple[Endpoint, ...]:
    """What the partner publishes now; what it published at the handshake if that cannot be read."""
    got = await visit.get("version details", url)
    kept = tuple(Endpoint(identifier=x.module, role=x.role, url=x.url) for x in settings_of(visit.partner).endpoints)
    if got is None or not _answered(visit, "version details", got):
        return kept
    dialect = dialect_of(visit.partner, hub_role(visit.hub.identity), visit.hub.clock.now(), visit.version)
    try:
        details = dialect.read_bare(got.data, VersionDetails)
    except RoamingError as error:
        visit.sheet.must("version details", "endpoints are listed as specified", VERSIONS, fault("/data", error))
        return kept
    _judge_details(visit, details, kept)
    return details.endpoints


def _judge_details(visit: Visit, details: VersionDetails, kept: Sequence[Endpoint]) -> None:
    sheet, subject = visit.sheet, "version details"
    sheet.must(subject, "endpoints are listed as specified", VERSIONS)
    wrong = [] if details.version == visit.version.id else [f"/data/version is {details.version}"]
    sheet.must(subject, "the details are of the version that was asked for", VERSIONS, *wrong)
    modules = {end.identifier for end in details.endpoints}
    wrong = [] if "credentials" in modules else ["/data/endpoints has no credentials"]
    sheet.must(subject, "credentials are among the endpoints", VERSIONS, *wrong)
    pairs = Counter((end.identifier, end.role) for end in details.endpoints if end.identifier != "credentials")
    twice = [f"{module} {role}" for (module, role), number in pairs.items() if number > 1]
    sheet.should(subject, "each module and role is listed once", VERSIONS, *twice)
    custom = [name for name in sorted(modules - KNOWN) if "-" not in name]
    sheet.should(subject, "names of custom modules begin with country code and party id", VERSIONS, *custom)
    before, now = _places(kept), _places(details.endpoints)
    moved = [f"{module} {role}: {url}" for (module, role, url) in sorted(now ^ before)]
    sheet.should(subject, "changed endpoints were announced by a credentials PUT", VERSIONS, *moved)


def _places(endpoints: Sequence[Endpoint]) -> set[tuple[str, str, str]]:
    return {
        (end.identifier, InterfaceRole.SENDER.value if end.identifier == "credentials" else end.role.value, end.url)
        for end in endpoints
    }


async def check_credentials(visit: Visit, endpoints: Sequence[Endpoint]) -> None:
    """Read only. The token in it is compared, and shown nowhere."""
    url = next((end.url for end in endpoints if end.identifier == "credentials"), None)
    if url is None:
        return
    got = await visit.get("credentials", url)
    if got is None or not _answered(visit, "credentials", got):
        return
    dialect = dialect_of(visit.partner, hub_role(visit.hub.identity), visit.hub.clock.now(), visit.version)
    try:
        theirs = dialect.read_bare(got.data, Credentials)
        said = {role.claim for role in roles_from_ocpi(theirs)}
    except RoamingError as error:
        visit.sheet.must("credentials", "credentials are as specified", CREDENTIALS, fault("/data", error))
        return
    visit.sheet.must("credentials", "credentials are as specified", CREDENTIALS)
    wrong = [] if theirs.token == visit.peer.token else ["/data/token is not the one that is in use"]
    visit.sheet.must("credentials", "the token is the one that is in use", CREDENTIALS, *wrong)
    known = {role.claim for role in visit.partner.voices}
    changed = [f"{claim} is not registered here" for claim in sorted(said - known)]
    changed += [f"{claim} is missing" for claim in sorted(known - said)]
    visit.sheet.should("credentials", "the roles are those of the registration", CREDENTIALS, *changed)


async def check_strangers(visit: Visit, url: str) -> None:
    """Who shows a wrong token is not let in; what is not there is not there."""
    stranger = await visit.get("wrong token", url, peer=replace(visit.peer, token=fresh_token()))
    if stranger is not None:
        wrong = [] if stranger.answer.status == 401 else [f"{url} answers {stranger.said}"]
        visit.sheet.must("wrong token", "a wrong token gets HTTP 401", AUTHORIZATION, *wrong)
    nowhere = await visit.get("unknown path", f"{url.rstrip('/')}/no-such-thing")
    if nowhere is not None:
        wrong = [] if nowhere.answer.status == 404 else [f"{nowhere.url} answers {nowhere.said}"]
        visit.sheet.must("unknown path", "what is no endpoint gets HTTP 404", STATUS, *wrong)
        bare = nowhere.envelope is None and nowhere.answer.status == 404
        visit.sheet.note("unknown path", "errors come in the OCPI envelope", *([nowhere.said] if bare else []))


def _answered(visit: Visit, subject: str, got: Got) -> bool:
    wrong = [] if got.succeeded else [f"{got.url} answers {got.said}"]
    return visit.sheet.must(subject, "requests succeed in the OCPI envelope", STATUS, *wrong)
