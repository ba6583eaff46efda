from datetime import UTC, datetime

import msgspec
import pytest

from core.errors import Invalid, Unsupported
from core.model.ids import PartyId
from core.model.partner import PartnerState, PartyRole, PartyStatus, Role
from mappings.ocpi import parties, v2_2_1
from mappings.ocpi.forms import NOTHING_KNOWN
from protocols.ocpi.wire import credentials as wire
from protocols.ocpi.wire import hubclientinfo
from tests.golden.ocpi.goldens import golden


def test_credentials_name_parties_and_their_roles() -> None:
    roles = parties.roles_from_ocpi(golden("credentials/rich"))
    assert [(role.role, str(role.party)) for role in roles] == [
        (Role.CPO, "NL*VLT"),
        (Role.EMSP, "NL*VLM"),
        (Role.HUB, "NL*HUB"),
    ]
    assert tuple(parties.role_to_ocpi(role) for role in roles[:2]) == golden("credentials/rich").roles


def test_a_party_keeps_its_spelling() -> None:
    role = msgspec.structs.replace(golden("credentials/rich").roles[0], country_code="nl", party_id="vLt")
    ours = parties.role_from_ocpi(role)
    assert ours.party == PartyId("NL", "VLT")
    assert parties.role_to_ocpi(ours) == role
    assert parties.spelled(msgspec.structs.replace(ours, spelling="DE-VLT")) == ("NL", "VLT")


def test_the_payment_role_is_told_to_those_who_have_the_module() -> None:
    role = msgspec.structs.replace(golden("credentials/rich").roles[0], role=wire.Role.PTP)
    ours = parties.role_from_ocpi(role)
    assert ours.role is Role.PTP
    assert parties.role_to_ocpi(ours, payments=True) == role
    assert parties.role_to_ocpi(ours).role is wire.Role.OTHER


def test_a_wrong_party_is_named() -> None:
    credentials = golden("credentials/rich")
    wrong = msgspec.structs.replace(credentials.roles[1], party_id="?")
    with pytest.raises(Invalid) as error:
        parties.roles_from_ocpi(msgspec.structs.replace(credentials, roles=(credentials.roles[0], wrong)))
    assert error.value.path == "$.roles[1].party_id"


def test_the_state_of_a_connection() -> None:
    status = parties.party_status_from_ocpi(golden("client_info/example"))
    assert status == PartyStatus(
        party=PartyId("NL", "VLT"),
        role=Role.CPO,
        state=PartnerState.OFFLINE,
        updated_at=datetime(2025, 3, 4, 11, 5, tzinfo=UTC),
    )
    assert parties.party_status_to_ocpi(status) == golden("client_info/example")


def test_ocpi_has_no_role_for_hubs() -> None:
    with pytest.raises(Unsupported):
        parties.role_to_ocpi(PartyRole(role=Role.HUB, party=PartyId("NL", "HUB")))


@pytest.mark.spec("OCPI-HCI-20")
def test_a_hub_is_told_of_as_other_and_to_2_2_1_as_a_hub() -> None:
    hub = PartyStatus(
        party=PartyId("BE", "HB2"),
        role=Role.HUB,
        state=PartnerState.CONNECTED,
        updated_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    info = parties.party_status_to_ocpi(hub)
    assert info.role is wire.Role.OTHER
    older = v2_2_1.FORMS[type(info)].older(info, NOTHING_KNOWN)
    assert older.role.value == "HUB"
    assert parties.party_status_from_ocpi(v2_2_1.FORMS[hubclientinfo.ClientInfo].newer(older, NOTHING_KNOWN)) == hub


def test_a_party_without_name_is_named_by_its_id() -> None:
    role = PartyRole(role=Role.CPO, party=PartyId("DE", "NOR"))
    assert parties.role_to_ocpi(role).business_details.name == "DE*NOR"
