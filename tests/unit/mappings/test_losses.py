from datetime import UTC, datetime
from decimal import Decimal

from core.model.ids import EvseId, PartyId
from core.model.location import Evse, EvseStatus, Location
from core.model.loss import LossKind
from core.model.quantities import Coordinates
from mappings.losses import losses
from mappings.tables import CodeTable

NOW = datetime(2025, 3, 1, tzinfo=UTC)


def location() -> Location:
    evses = (
        Evse(uid="1", status=EvseStatus.PLANNED, updated_at=NOW),
        Evse(uid="2", status=EvseStatus.AVAILABLE, updated_at=NOW, max_capacity_kwh=Decimal("7.5"),
             evse_id=EvseId.parse("DE*ABC*E1")),
    )  # fmt: skip
    return Location(
        owner=PartyId("DE", "ABC"), id="L", address="A", city="C", country="DEU", updated_at=NOW, evses=evses,
        coordinates=Coordinates(latitude=Decimal("1.00000"), longitude=Decimal("2.00000")),
    )  # fmt: skip


def test_only_what_the_object_holds_is_lost() -> None:
    found = losses(location(), {"evses[].max_capacity_kwh": "no field", "help_phone": "no field"})
    assert [(loss.path, loss.reason, loss.value) for loss in found] == [("evses[1].max_capacity_kwh", "no field", 7.5)]


def test_ids_are_shown_as_their_owner_writes_them() -> None:
    assert [loss.value for loss in losses(location(), {"evses[].evse_id": "x", "owner": "y"})] == [
        "DE*ABC*E1",
        "DE*ABC",
    ]


def test_one_way_codes_are_losses() -> None:
    table = CodeTable(both={"A": EvseStatus.AVAILABLE}, outbound={s: "A" for s in EvseStatus if s != "AVAILABLE"})
    (loss,) = losses(location(), {}, {"evses[].status": table})
    assert (loss.path, loss.kind, loss.value) == ("evses[0].status", LossKind.NARROWED, "PLANNED")
