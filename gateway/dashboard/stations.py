"""`/stations`: a form, and what is found."""

from decimal import Decimal
from html import escape
from typing import Any

from litestar import MediaType, Request, Response, get
from msgspec import Struct

from core.errors import Invalid
from core.model.ids import PartyId
from core.model.location import EvseStatus, StationQuery
from gateway.admin.search import StationView, place, station_view
from gateway.dashboard.parts import guarded, table
from gateway.wiring import Assembled, Assembly

MOST_SHOWN = 100
MOST_M = 200_000
MOST_KW = 10**6
FIELDS = (
    ("near", "Near (latitude, longitude)", "52.0895,5.1104"),
    ("radius_m", "Within, m", "1000"),
    ("operator", "Operator", "NL*CPA"),
    ("standard", "Plug", "IEC_62196_T2"),
    ("min_kw", "At least, kW", "50"),
)


class Form(Struct, frozen=True):
    """As it was filled in."""

    near: str = ""
    radius_m: str = ""
    operator: str = ""
    standard: str = ""
    min_kw: str = ""
    status: str = ""

    def query(self) -> StationQuery:
        """Raises Invalid naming the field."""
        return StationQuery(
            near=place(self.near),
            radius_m=_number(self.radius_m, "$.radius_m", MOST_M) or 1000,
            operator=PartyId.parse(self.operator, "$.operator") if self.operator else None,
            standard=self.standard or None,
            min_power_w=_number(self.min_kw, "$.min_kw", MOST_KW) * 1000 or None,
            statuses=(EvseStatus(self.status),) if self.status in set(EvseStatus) else (),
            limit=MOST_SHOWN,
        )


@get("/stations", media_type=MediaType.HTML, include_in_schema=False)
async def stations_page(request: Request[Any, Any, Any], assembly: Assembled) -> Response[str]:
    given = {name: request.query_params.get(name, "").strip()[:64] for name in Form.__struct_fields__}

    async def page(assembly: Assembly) -> str:
        return _form(Form(**given)) + await _found(assembly, Form(**given))

    return await guarded(request, assembly, page)


async def _found(assembly: Assembly, form: Form) -> str:
    try:
        query = form.query()
    except Invalid as error:
        return f"<p class=bad>{escape(str(error))}</p>"
    found, total = await assembly.hub.locations.search(query)
    rows = [_row(station_view(one, query)) for one in found]
    head = ["Station", "Operator", "Address", "Where", "Distance", "Charge points", "Plugs"]
    return table(f"Stations, {len(rows)} of {total}", head, rows, "Nothing is found.")


def _row(station: StationView) -> list[str]:
    plugs = {
        f"{plug.standard} {Decimal(plug.power_w) / 1000:f} kW" if plug.power_w else plug.standard
        for evse in station.evses
        for plug in evse.connectors
    }
    statuses = sorted({evse.status for evse in station.evses})
    shown = ", ".join(f"{sum(evse.status == word for evse in station.evses)} {word}" for word in statuses)
    return [
        f"{escape(station.name or '')} <span class=dim>{escape(station.id)}</span>",
        f"{escape(station.operator or '')} <span class=dim>{escape(station.owner)}</span>",
        escape(f"{station.address}, {station.city}"),
        f"<span class=nowrap>{station.latitude}, {station.longitude}</span>",
        "" if station.distance_m is None else f"<span class=nowrap>{station.distance_m} m</span>",
        shown,
        "<br>".join(escape(plug) for plug in sorted(plugs)),
    ]


def _form(form: Form) -> str:
    fields = "".join(
        f"<label>{label}<br><input name={name} value='{escape(getattr(form, name))}' placeholder='{example}'></label> "
        for name, label, example in FIELDS
    )
    words = "".join(
        f"<option{' selected' if word == form.status else ''}>{word}</option>" for word in ("", *EvseStatus)
    )
    status = f"<label>Status<br><select name=status>{words}</select></label>"
    return f"<form class=asked>{fields}{status} <button>Find</button></form>"


def _number(text: str, path: str, most: int) -> int:
    """0 for nothing."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= most:
        raise Invalid(path, f"a whole number from 1 to {most} is expected")
    return int(text)
