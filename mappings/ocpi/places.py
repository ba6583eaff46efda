"""The parts of a location that stand by themselves <-> ours: hours, energy, parking places, points, who may see it.

Source: OCPI 2.3.0, mod_locations."""

from typing import Any, Final

from core.errors import Invalid
from core.model import location as core
from mappings.ocpi.common import (
    Aside,
    coordinates_in,
    degrees_out,
    each,
    image_from_ocpi,
    image_to_ocpi,
    kept,
    parts,
    put_aside,
    text_from_ocpi,
    text_out,
    time_in,
    time_out,
    unknown_of,
)
from mappings.tables import CodeTable
from protocols.ocpi.wire import locations as wire

PARKING_DIRECTION: Final[CodeTable[wire.ParkingDirection, str]] = CodeTable(
    both={word: word.value for word in wire.ParkingDirection}
)
ENERGY_SOURCE: Final[CodeTable[wire.EnergySourceCategory, str]] = CodeTable(
    both={word: word.value for word in wire.EnergySourceCategory}
)


def regular_hours_from_ocpi(hours: wire.RegularHours) -> core.RegularHours:
    if hours.period_end <= hours.period_begin:
        raise Invalid("$.period_end", "must be later than period_begin")
    return core.RegularHours(
        weekday=hours.weekday,
        begin=hours.period_begin,
        end=hours.period_end,
        extensions=put_aside(hours.extra, {"period_end": hours.period_end} if hours.period_end == "24:00" else {}),
    )


def regular_hours_to_ocpi(hours: core.RegularHours) -> wire.RegularHours:
    """OCPI has no 24:00: the day ends at 23:59, unless its owner wrote 24:00."""
    back = kept(hours.extensions)
    midnight = hours.end == "24:00" and "period_end" not in back.texts
    return wire.RegularHours(
        weekday=hours.weekday,
        period_begin=hours.begin,
        period_end="23:59" if midnight else hours.end,
        extra=back.extra,
    )


def period_from_ocpi(period: wire.ExceptionalPeriod) -> core.ExceptionalPeriod:
    aside: Aside = {}
    return core.ExceptionalPeriod(
        begin=time_in(period.period_begin, aside, "period_begin"),
        end=time_in(period.period_end, aside, "period_end"),
        extensions=put_aside(period.extra, aside),
    )


def period_to_ocpi(period: core.ExceptionalPeriod) -> wire.ExceptionalPeriod:
    back = kept(period.extensions)
    return wire.ExceptionalPeriod(
        period_begin=time_out(period.begin, back, "period_begin"),
        period_end=time_out(period.end, back, "period_end"),
        extra=back.extra,
    )


def hours_from_ocpi(hours: wire.Hours) -> core.OpeningHours:
    """Raises Invalid unless there are regular hours exactly when it is not always open."""
    if hours.twentyfourseven and hours.regular_hours:
        raise Invalid("$.regular_hours", "must be absent when twentyfourseven is true")
    if not hours.twentyfourseven and not hours.regular_hours:
        raise Invalid("$.regular_hours", "at least one is required when twentyfourseven is false")
    return core.OpeningHours(
        twentyfourseven=hours.twentyfourseven,
        regular_hours=parts(regular_hours_from_ocpi, hours.regular_hours, "regular_hours"),
        exceptional_openings=parts(period_from_ocpi, hours.exceptional_openings, "exceptional_openings"),
        exceptional_closings=parts(period_from_ocpi, hours.exceptional_closings, "exceptional_closings"),
        extensions=put_aside(hours.extra, {}),
    )


def hours_to_ocpi(hours: core.OpeningHours) -> wire.Hours:
    return wire.Hours(
        twentyfourseven=hours.twentyfourseven,
        regular_hours=each(regular_hours_to_ocpi, hours.regular_hours),
        exceptional_openings=each(period_to_ocpi, hours.exceptional_openings),
        exceptional_closings=each(period_to_ocpi, hours.exceptional_closings),
        extra=kept(hours.extensions).extra,
    )


def energy_mix_from_ocpi(mix: wire.EnergyMix) -> core.EnergyMix:
    unknown: dict[str, Any] = {}
    unknown_of(unknown, "energy_sources", mix.energy_sources or ())
    unknown_of(unknown, "environ_impact", mix.environ_impact or ())
    return core.EnergyMix(
        is_green_energy=mix.is_green_energy,
        energy_sources=tuple(
            core.EnergySource(source=ENERGY_SOURCE.to_core(source.source), percentage=source.percentage)
            for source in mix.energy_sources or ()
        ),
        environ_impact=tuple(
            core.EnvironmentalImpact(category=impact.category, amount=impact.amount)
            for impact in mix.environ_impact or ()
        ),
        supplier_name=mix.supplier_name,
        energy_product_name=mix.energy_product_name,
        extensions=put_aside(mix.extra, {}, unknown),
    )


def energy_mix_to_ocpi(mix: core.EnergyMix) -> wire.EnergyMix:
    """Sources without percentage or without an OCPI word are left out, see `assumptions`."""
    back = kept(mix.extensions)
    return wire.EnergyMix(
        is_green_energy=mix.is_green_energy,
        energy_sources=tuple(
            wire.EnergySource(
                source=word, percentage=source.percentage, extra=back.parts.get(f"energy_sources[{index}]")
            )
            for index, source in enumerate(mix.energy_sources)
            if (word := ENERGY_SOURCE.wire_for(source.source)) is not None and source.percentage is not None
        ),
        environ_impact=tuple(
            wire.EnvironmentalImpact(
                category=impact.category, amount=impact.amount, extra=back.parts.get(f"environ_impact[{index}]")
            )
            for index, impact in enumerate(mix.environ_impact)
        ),
        supplier_name=mix.supplier_name,
        energy_product_name=mix.energy_product_name,
        extra=back.extra,
    )


def parking_from_ocpi(parking: wire.Parking) -> core.Parking:
    return core.Parking(
        id=parking.id,
        physical_reference=parking.physical_reference,
        vehicle_types=parking.vehicle_types,
        max_vehicle_weight=parking.max_vehicle_weight,
        max_vehicle_height=parking.max_vehicle_height,
        max_vehicle_length=parking.max_vehicle_length,
        max_vehicle_width=parking.max_vehicle_width,
        parking_space_length=parking.parking_space_length,
        parking_space_width=parking.parking_space_width,
        dangerous_goods_allowed=parking.dangerous_goods_allowed,
        direction=PARKING_DIRECTION.to_core(parking.direction) if parking.direction is not None else None,
        drive_through=parking.drive_through,
        restricted_to_type=parking.restricted_to_type,
        reservation_required=parking.reservation_required,
        time_limit=parking.time_limit,
        roofed=parking.roofed,
        images=each(image_from_ocpi, parking.images or ()),
        lighting=parking.lighting,
        refrigeration_outlet=parking.refrigeration_outlet,
        standards=parking.standards or (),
        apds_reference=parking.apds_reference,
        extensions=put_aside(parking.extra, {}),
    )


def parking_to_ocpi(parking: core.Parking) -> wire.Parking:
    return wire.Parking(
        id=parking.id,
        physical_reference=parking.physical_reference,
        vehicle_types=parking.vehicle_types,
        max_vehicle_weight=parking.max_vehicle_weight,
        max_vehicle_height=parking.max_vehicle_height,
        max_vehicle_length=parking.max_vehicle_length,
        max_vehicle_width=parking.max_vehicle_width,
        parking_space_length=parking.parking_space_length,
        parking_space_width=parking.parking_space_width,
        dangerous_goods_allowed=parking.dangerous_goods_allowed,
        direction=PARKING_DIRECTION.wire_for(parking.direction) if parking.direction is not None else None,
        drive_through=parking.drive_through,
        restricted_to_type=parking.restricted_to_type,
        reservation_required=parking.reservation_required,
        time_limit=parking.time_limit,
        roofed=parking.roofed,
        images=each(image_to_ocpi, parking.images),
        lighting=parking.lighting,
        refrigeration_outlet=parking.refrigeration_outlet,
        standards=parking.standards,
        apds_reference=parking.apds_reference,
        extra=kept(parking.extensions).extra,
    )


def publish_token_from_ocpi(token: wire.PublishTokenType) -> core.PublishTokenType:
    """Raises Invalid unless the token can be told by its uid and type, its visual number and issuer, or its group."""
    if token.uid is None and token.visual_number is None and token.group_id is None:
        raise Invalid("$", "one of uid, visual_number and group_id is required")
    if token.uid is not None and token.type is None:
        raise Invalid("$.type", "is required with uid")
    if token.visual_number is not None and token.issuer is None:
        raise Invalid("$.issuer", "is required with visual_number")
    return core.PublishTokenType(
        uid=token.uid,
        type=token.type,
        visual_number=token.visual_number,
        issuer=token.issuer,
        group_id=token.group_id,
        extensions=put_aside(token.extra, {}),
    )


def publish_token_to_ocpi(token: core.PublishTokenType) -> wire.PublishTokenType:
    return wire.PublishTokenType(
        uid=token.uid,
        type=token.type,
        visual_number=token.visual_number,
        issuer=token.issuer,
        group_id=token.group_id,
        extra=kept(token.extensions).extra,
    )


def related_from_ocpi(related: wire.AdditionalGeoLocation) -> core.RelatedLocation:
    aside: Aside = {}
    unknown: dict[str, Any] = {}
    coordinates = coordinates_in(related, aside, {}, "coordinates")
    if related.name and related.name.extra:
        unknown["name"] = related.name.extra
    return core.RelatedLocation(
        coordinates=coordinates,
        name=text_from_ocpi(related.name) if related.name else None,
        extensions=put_aside(related.extra, aside, unknown),
    )


def related_to_ocpi(related: core.RelatedLocation) -> wire.AdditionalGeoLocation:
    back = kept(related.extensions)
    return wire.AdditionalGeoLocation(
        latitude=degrees_out(related.coordinates.latitude, back, "coordinates.latitude"),
        longitude=degrees_out(related.coordinates.longitude, back, "coordinates.longitude"),
        name=text_out(related.name, back, "name") if related.name else None,
        extra=back.extra,
    )
