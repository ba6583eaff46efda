from collections import Counter

from core.model.loss import Loss, LossKind
from gateway.metrics import Metrics, loss_counts, path_class


class FakeTallies:
    def __init__(self) -> None:
        self.held: Counter[tuple[str, ...]] = Counter()

    def add(self, *name: str, amount: float = 1) -> None:
        self.held[name] += int(amount)


def noted() -> tuple[Metrics, Counter[tuple[str, ...]]]:
    tallies = FakeTallies()
    metrics = Metrics(tallies)
    for number in range(3):
        lost = (Loss(path=f"evses[{number}].parking", reason="no field"),)
        metrics.note("location", source="ocpi", target="oicp", losses=lost)
    held = (Loss(path="$.credit", reason="no credits", kind=LossKind.WITHHELD),)
    metrics.note("cdr", source="ocpi", target="ochp", losses=held)
    return metrics, tallies.held


def test_losses_are_counted_by_what_all_paths_of_a_field_have_in_common() -> None:
    _, tallies = noted()
    assert path_class("$.evses[12].connectors[0].standard") == "evses[].connectors[].standard"
    assert list(loss_counts(tallies).items()) == [
        (("location", "ocpi", "oicp", "LOST", "evses[].parking"), 3),
        (("cdr", "ocpi", "ochp", "WITHHELD", "credit"), 1),
    ]


def test_prometheus_sees_the_losses() -> None:
    metrics, tallies = noted()
    tallies["loss", "oicp", "LOST"] = 7  # as an older release counted
    lines = metrics.render(tallies).decode().splitlines()
    counted = [line for line in lines if line.startswith("chargesphere_losses_total")]
    assert counted[0].endswith(" 3.0")
    assert 'path="evses[].parking"' in counted[0]
    assert len(counted) == 2
