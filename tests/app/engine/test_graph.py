"""Steps and pictures where a capture fails: there is no CUDA device here, so every capture does."""

import pytest
import torch

from draglive.app.engine.graph import PLAIN_STEPS, GraphedPicture, StepGraph

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="a capture would succeed")


class Whole:
    def __init__(self):
        self.looks = self.steps = 0

    def look(self):
        self.looks += 1

    def step(self):
        self.steps += 1

    def seen(self):
        return self


def test_whole_steps_go_on_uncaptured_and_say_so():
    whole = Whole()
    graph = StepGraph(None, None, None, lambda seen: whole)
    seen = object()
    for _ in range(PLAIN_STEPS + 3):
        seen = graph.step(seen, "key")
    assert whole.steps == PLAIN_STEPS + 3
    assert graph.take_trouble().startswith("steps are not captured in a graph: ")
    assert graph.take_trouble() is None


def test_steps_apart_go_on_uncaptured_and_say_so():
    moved = []
    graph = StepGraph(moved.append, object, object, lambda seen: None)
    seen = first = object()
    for _ in range(PLAIN_STEPS + 3):
        seen = graph.step(seen, "key")
    assert len(set(map(id, moved))) == PLAIN_STEPS + 3
    assert moved[0] is first
    assert graph.take_trouble().startswith("steps are not captured in a graph: ")


def test_pictures_go_on_uncaptured_and_say_so():
    picture = GraphedPicture(lambda ws: None, lambda ws: 2 * ws)
    for i in range(PLAIN_STEPS + 3):
        assert picture.render(torch.tensor([i])) == 2 * i
    assert picture.take_trouble().startswith("pictures are not captured in a graph: ")
