"""Law: what is encoded decodes to the same message."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.oicp import codec
from tests.property import strategies_oicp as oicp

MESSAGES = [
    oicp.evse_records(),
    oicp.charge_detail_records(),
    oicp.authentication_records,
    oicp.authorize_starts,
    oicp.authorize_stops,
    oicp.remote_starts,
    oicp.remote_stops,
    oicp.reservation_starts,
    oicp.reservation_stops,
    oicp.acknowledgements,
    oicp.notifications(),
    oicp.product_sets,
    oicp.evse_pricings,
]


@pytest.mark.spec("OICP-NET-02", "OICP-NET-17")
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(MESSAGES))
def test_decoding_undoes_encoding(message: Any) -> None:
    body = codec.encode(message)
    again = codec.decode(body, type(message))
    assert again == message
    assert codec.encode(again) == body
