"""The built-in plugins, and those that other distributions bring by entry point."""

from importlib.metadata import entry_points

from protocols.emip.plugin import PLUGIN as EMIP
from protocols.ochp.plugin import PLUGIN as OCHP
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from protocols.plugin import ProtocolPlugin

ENTRY_POINT_GROUP = "chargesphere.protocols"
BUILT_IN: tuple[ProtocolPlugin, ...] = (OCPI, OICP, OCHP, EMIP)


def plugins() -> dict[str, ProtocolPlugin]:
    """By id. A foreign plugin may not take the id of another: ValueError."""
    found: dict[str, ProtocolPlugin] = {}
    installed: list[ProtocolPlugin] = [entry.load() for entry in entry_points(group=ENTRY_POINT_GROUP)]
    for plugin in (*BUILT_IN, *installed):
        if plugin.id in found:
            raise ValueError(f"two protocol plugins with the id {plugin.id!r}")
        found[plugin.id] = plugin
    return found
