"""Law: core -> OICP -> core changes nothing of a card in silence. OCHP has its own laws (`test_ochp_losses`)."""

import msgspec
from hypothesis import given

from core.model.ids import TokenUid
from core.model.token import Token
from mappings.ocpi.tokens import token_from_ocpi
from mappings.oicp.tokens import ELSEWHERE, token_from_oicp, token_to_oicp
from protocols.ocpi.wire import tokens
from tests.property.strategies_ochp import NOW
from tests.property.strategies_ocpi import ocpi
from tests.property.test_ochp_losses import card, silent
from tests.property.test_ochp_mapping import LAW


def readable(token: Token) -> Token:
    return msgspec.structs.replace(token, uid=TokenUid.parse("04A1B2C3D4E5F6"))


@LAW
@given(ocpi(tokens.Token).map(token_from_ocpi).map(card).map(readable))
def test_tokens_lose_nothing_in_silence(token: Token) -> None:
    sent = token_to_oicp(token)
    assert sent.record is not None
    after = token_from_oicp(sent.record, token.issuer, received_at=NOW)
    assert silent(token, after, sent.losses, ELSEWHERE) == []
