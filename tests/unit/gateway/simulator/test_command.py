"""`chargesphere simulate` says what is wrong with what it is asked for, before it joins anything."""

import pytest
from click.testing import CliRunner

from gateway.simulator.command import simulate

HUB = ("--hub", "http://127.0.0.1:1", "--admin-key", "key")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("oicp", "cpo", "--fault", "wrong-token"), "such a network can have 429, 500, down"),
        (("ocpi", "emsp", "--fault", "duplicate-cdr"), "--fault duplicate-cdr"),
        (("ochp", "cpo", "--fault", "late-result"), "--fault late-result"),
        (("ocpi", "cpo", "--fault", "tired"), "is not one of"),
        (("ocpi", "cpo", "--party", "nowhere"), "--party"),
    ],
)
def test_what_cannot_be_is_said_at_once(arguments: tuple[str, ...], said: str) -> None:
    answer = CliRunner().invoke(simulate, [*arguments, *HUB])
    assert answer.exit_code != 0
    assert said in answer.output


def test_a_hub_is_needed() -> None:
    assert "which hub" in CliRunner(env={"CHARGESPHERE_ADMIN_KEY": ""}).invoke(simulate, ["ocpi", "cpo"]).output


def test_a_good_one_goes_as_far_as_the_hub() -> None:
    answer = CliRunner().invoke(simulate, ["ocpi", "cpo", "--fault", "slow", "--fault", "one-item-pages", *HUB])
    assert "cannot be reached" in answer.output
