"""What the nouns of OCPI 2.1.1 share. Source: OCPI 2.1.1 and 2.3.0, types, mod_locations."""

from typing import Any

from mappings.ocpi.forms import About, each_of, retyped
from mappings.ocpi.v2_2_1 import IMPACT
from protocols.ocpi.wire import locations
from protocols.ocpi.wire import v2_1_1_locations as wire_places


def told(moment: Any, about: About) -> str:
    """`last_updated`, which a PATCH of 2.1.1 may leave out: then it is the time of receipt."""
    return moment if isinstance(moment, str) else about.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def energy_mix_newer(mix: wire_places.EnergyMix) -> locations.EnergyMix:
    impacts = each_of(
        lambda impact: retyped(impact, locations.EnvironmentalImpact, category=impact.source), mix.environ_impact
    )
    return retyped(mix, locations.EnergyMix, environ_impact=impacts)


def energy_mix_older(mix: locations.EnergyMix) -> wire_places.EnergyMix:
    impacts = tuple(
        retyped(impact, wire_places.EnvironmentalImpact, source=impact.category)
        for impact in mix.environ_impact or ()
        if not IMPACT.loses(impact.category)
    )
    return retyped(mix, wire_places.EnergyMix, environ_impact=impacts)
