"""Masks by one click against the renderer's parts."""

import numpy as np
import pytest
import torch

from draglive.benchmarks import parts
from draglive.benchmarks.errors import BenchmarkError
from draglive.benchmarks.models import Source
from draglive.benchmarks.parts import innermost, overlap
from draglive.stylegan2_jit.checkpoints import DEFAULT_MODEL
from draglive.stylegan2_jit.parts import load_reader
from draglive.stylegan2_jit.training.surface import PARTS


def test_the_innermost_place_is_far_from_the_edge():
    part = torch.zeros(40, 60, dtype=torch.bool)
    part[10:31, 20:51] = True
    part[0:3, 0:60] = True  # longer, but thin
    x, y = innermost(part)
    assert y == 20
    assert 30 <= x <= 40


def test_overlap_is_of_what_both_have():
    one, other = torch.zeros(2, 10, 10, dtype=torch.bool)
    one[:, :6], other[:, 4:] = True, True
    assert overlap(one, other) == pytest.approx(0.2)
    assert overlap(one, one) == 1


def test_the_default_models_reader_is_there_and_its_own():
    """If this fails: `draglive train-parts`, as for every new default model."""
    reader = load_reader(DEFAULT_MODEL)
    assert reader is not None
    assert reader.names == PARTS


def test_the_reader_is_nearer_to_the_truth_than_likeness(cpu, monkeypatch):
    few = {name: parts.ASKED[name] for name in ("ear", "head", "background")}
    monkeypatch.setattr(parts, "ASKED", few)
    found = parts.measure(cpu, Source(), samples=1)
    cases = {(c["part"], c["way"], c["truth"]): c for c in found.cases}
    for part in ("ear", "head"):
        ours, other = (cases[part, way, "moved"]["mean"] for way in ("reader", "likeness"))
        assert ours > max(other, 0.5), part
    assert cases["background", "reader", "moved"]["mean"] > 0.95
    assert np.isfinite([c["ceiling"] for c in found.cases]).all()


def test_other_models_have_no_truth(cpu, small_model_file):
    with pytest.raises(BenchmarkError, match="z must have at least 43 components"):
        parts.measure(cpu, Source(small_model_file), samples=1)
