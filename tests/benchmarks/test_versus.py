"""Against checkouts of others, here made up ones that offer the same things as the real do."""

import numpy as np
import pytest
import torch

from draglive.app.engine.types import Point
from draglive.benchmarks import versus
from draglive.benchmarks.errors import BenchmarkError
from draglive.benchmarks.versus import Contender, Terms, list_contenders, same_path

GENERATOR = """
import torch
class Generator(torch.nn.Module):
    def __init__(self, z_dim, c_dim, w_dim, img_resolution, img_channels, mapping_kwargs,
                 synthesis_kwargs):
        super().__init__()
        assert synthesis_kwargs["channel_max"] == 16, synthesis_kwargs
        self.img_resolution, self.c_dim = img_resolution, c_dim
        self.synthesis = torch.nn.Identity()
    def load_state_dict(self, tensors):
        assert tensors["synthesis.b32.conv1.weight"].shape == (16, 16, 3, 3)
"""
RENDERER = """
import torch
class Renderer:
    def __init__(self, disable_timing):
        pass
    def init_network(self, res, pkl, w_load, w_plus, lr):
        self.G = self.get_network(pkl, "G_ema")
        assert w_load.shape == (1, 8, 16) and lr == 0.002
    def _render_drag_impl(self, res, points, targets, is_drag):
        size = self.G.img_resolution
        res.image = torch.zeros(size, size, 3, dtype=torch.uint8)
        if is_drag:
            res.stop = points[0] == targets[0]
            res.points = [[y, x - (x > tx)] for (y, x), (_, tx) in zip(points, targets)]
"""
FREEDRAG = """
import torch
def free_drag(model, points, mask, handle_size, layers, ws, max_steps, l, d, interval, device):
    optimiser = torch.optim.Adam([ws], lr=7.0)
    assert optimiser.param_groups[0]["lr"] == 0.002
    place, target = points["handle"][0].copy(), points["target"][0]
    while place[1] > target[1]:
        place[1] -= 2
        yield torch.zeros(1, 3, 32, 32), torch.tensor([place]), 0, 32, ws
"""
SKIMAI = """
import utils
def load_model(name, device, fp16):
    import dnnlib, legacy
    with dnnlib.util.open_url(name) as file:
        return legacy.load_network_pkl(file)["G_ema"]
def optimize(W, G, handles, targets, lr, max_iter, display_every, device, empty,
             target_resolution):
    empty.image("first")
    (x, y), (tx, ty) = handles[0], targets[0]
    while x != tx:
        x -= 1
        utils.draw_handle_target_points("picture", [[x, y]], [[tx, ty]])
        empty.image([[[0, 0, 0]]])
"""
FILES = {
    "official": {
        "dnnlib/__init__.py": "class EasyDict: pass",
        "training/__init__.py": "",
        "training/networks_stylegan2.py": GENERATOR,
        "viz/__init__.py": "",
        "viz/renderer.py": RENDERER,
    },
    "skimai": {
        "stylegan2/dnnlib/__init__.py": "from . import util",
        "stylegan2/dnnlib/util.py": "",
        "stylegan2/legacy.py": "",
        "utils.py": "",
        "draggan.py": SKIMAI,
    },
    "freedrag": {
        "training/__init__.py": "",
        "training/networks.py": GENERATOR,
        "functions.py": FREEDRAG,
    },
}
TERMS = Terms(seeds=2, max_steps=6)


@pytest.fixture
def checkouts(tmp_path):
    for name, files in FILES.items():
        for path, text in files.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return {name: tmp_path / name for name in FILES}


def test_all_take_their_turns(cpu, small, checkouts, monkeypatch):
    monkeypatch.setattr(versus, "PULL", 4 / 32)
    pytest.importorskip("PIL")
    found = versus.measure(cpu, small, list_contenders(**checkouts), detector=None, terms=TERMS)
    cases = {c["name"]: c for c in found.cases}
    assert list(cases) == ["official", "skimai", "freedrag", "draglive live", "draglive official"]
    for case in cases.values():
        assert case["step"]["p50_ms"] > 0
        assert case["memory_mb"] is None or case["memory_mb"] > 50
        assert case["really_px"] is None
    assert [cases[n]["left_px"] for n in FILES] == [0, 0, 0]
    assert [cases[n]["steps"] for n in FILES] == [5, 4, 2]  # official: one more to see it
    assert found.facts["same path"]["of"] == 2
    assert found.settings["step_size"] == 0.002


def test_a_checkout_that_cannot_run_is_one_line(cpu, small, tmp_path, checkouts):
    (checkouts["official"] / "viz" / "renderer.py").write_text("import nothing_like_that")
    with pytest.raises(BenchmarkError, match=r"official: ModuleNotFoundError: .*nothing_like_that"):
        versus.measure(
            cpu,
            small,
            [Contender("official", "official", checkouts["official"])],
            detector=None,
            terms=TERMS,
        )


def test_paths_part_or_do_not():
    ours = [Point(100 - i, 50) for i in range(1, 12)]
    theirs = [Point(100, 50), *ours]  # told before the move
    assert same_path(theirs, ours)
    assert same_path([Point(p.x + 1, p.y) for p in theirs], ours)
    assert not same_path([Point(p.x, p.y + 2 * (i == 9)) for i, p in enumerate(theirs)], ours)


def test_the_export_is_the_model(small, tmp_path):
    checkpoint = small.load()
    versus.export(checkpoint, tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as arrays:
        for name, value in checkpoint.generator.state_dict().items():
            assert torch.equal(torch.from_numpy(arrays[name]), value)
