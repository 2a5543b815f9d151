import torch

from tailor_export.forgetting import Forgetting

EPOCHS = [
    # learned and kept; learned and forgotten twice; never learned; learned last
    [1, 1, 0, 0],
    [1, 0, 0, 0],
    [1, 1, 0, 0],
    [1, 0, 0, 1],
]


def test_counts_how_often_a_sample_is_forgotten() -> None:
    forgetting = Forgetting.of(4, {})
    for epoch in EPOCHS:
        forgetting.add(torch.tensor(epoch, dtype=torch.bool))
    assert forgetting.scores(len(EPOCHS)).tolist() == [0, 2, 4, 0]


def test_goes_on_from_a_saved_state() -> None:
    forgetting = Forgetting.of(4, {})
    for epoch in EPOCHS:
        forgetting.add(torch.tensor(epoch, dtype=torch.bool))
        forgetting = Forgetting.of(4, forgetting.state())
    assert forgetting.scores(len(EPOCHS)).tolist() == [0, 2, 4, 0]
