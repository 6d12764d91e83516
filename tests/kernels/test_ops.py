"""What holds for every operation: registered soundly, seen by compilers, sparing, never waiting."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from draglive.kernels import (
    adam,
    disc_offsets,
    mask_loss,
    motion_supervision,
    report_points,
    square_offsets,
    supervise,
    to_rgba,
    track_points,
)
from draglive.kernels.adam import adam_reference
from draglive.kernels.mask_loss import mask_loss_backward, mask_loss_reference
from draglive.kernels.motion_supervision import (
    motion_supervision_backward,
    motion_supervision_reference,
)
from draglive.kernels.supervise import supervise_reference
from draglive.kernels.track_points import track_points_reference
from draglive.kernels.windows import plan_windows, window_origins

from .scenes import LAYOUTS, border_points, feature_map

SIZE = [37, 70]
SIZES = {"map_size": [5, 9], "image_size": SIZE}
SPEED = {"speed_px": 1.0, "stop_px": 0.5}


def map_of(layout, device, *, grad=False):
    return feature_map(3, (5, 9), layout=layout).to(device).requires_grad_(grad)


def supervised(device):
    handles = border_points(SIZE).to(device)
    weights = torch.ones(len(handles), device=device)
    return handles, torch.randn_like(handles), weights, disc_offsets(1.5, device), SIZE


def searched(device):
    handles = border_points(SIZE).to(device)
    references = torch.randn(len(handles), 3, device=device)
    following = torch.arange(len(handles), device=device) > 0
    return handles, references, following, square_offsets(2, device)


def pulled(device):
    handles = border_points(SIZE).to(device)
    active = torch.arange(len(handles), device=device) > 0
    return handles, handles.flip(0), active, disc_offsets(1.5, device)


def reported(device):
    handles = border_points(SIZE).to(device)
    active = torch.arange(len(handles), device=device) > 0
    references = torch.randn(len(handles), 3, device=device)
    return (
        handles,
        handles.flip(0),
        active,
        ~active,
        references,
        torch.randn(1, 2, 5, device=device),
    )


def windows_of_map(layout, device):
    """One for each of the points, and where they begin."""
    origins = torch.randint(-3, 6, (len(border_points(SIZE)), 2), dtype=torch.int32)
    windows = torch.randn(len(origins), 3, 6, 6).contiguous(memory_format=layout)
    return windows.to(device), origins.to(device)


def protected(device):
    return torch.randn(1, 3, 5, 9, device=device), torch.rand(5, 9, device=device)


def momentum(device):
    """Adam's arguments, for a row that moves and one that stays."""
    value, gradient, mean = (torch.randn(1, 2, 5, device=device) for _ in range(3))
    count, step_size, live = (torch.ones([], device=device) for _ in range(3))
    rows = torch.arange(2.0, device=device)[:, None]
    return value, gradient, mean, mean.square(), count, step_size, rows, live


def calls(device, layout):
    """Each operation with arguments to call it with."""
    features = map_of(layout, device, grad=True)
    plain, grad = features.detach(), torch.ones([], device=device)
    windows = windows_of_map(layout, device)
    search, pull = {"squared": False, **SIZES}, {**SPEED, **SIZES}
    return [
        (motion_supervision, (features, *supervised(device)), {}),
        (motion_supervision_backward, (grad, plain, *supervised(device)), {}),
        (supervise, (plain, None, *pulled(device)), pull),
        (supervise, (*windows, *pulled(device)), pull),
        (track_points, (plain, None, *searched(device)), search),
        (track_points, (*windows, *searched(device)), search),
        (report_points, (plain, None, *reported(device)), {"stop_px": 0.5, **SIZES}),
        (report_points, (*windows, *reported(device)), {"stop_px": 0.5, **SIZES}),
        (mask_loss, (features, *protected(device)), {}),
        (mask_loss_backward, (grad, plain, *protected(device)), {}),
        (to_rgba, (plain,), {}),
        (adam, momentum(device), {}),
    ]


NAMES = [op.__name__ for op, *_ in calls(torch.device("cpu"), LAYOUTS[0])]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("call", range(len(NAMES)), ids=NAMES)
def test_an_op_is_registered_soundly(call, layout, device):
    """Schema, fake implementation (shapes, strides, dtypes) and autograd agree with what runs."""
    torch.library.opcheck(*calls(device, layout)[call])


CALL_EVERYTHING = """
import sys

import torch

from tests.kernels.test_ops import LAYOUTS, calls

for op, arguments, options in calls(torch.device("cpu"), LAYOUTS[0]):
    result = op(*arguments, **options)
    if result is not None and result.requires_grad:
        result.backward()
print("torch._dynamo" in sys.modules)
"""


def test_calling_the_ops_does_not_load_the_compiler():
    """Which would take most of the time that a start may take."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", CALL_EVERYTHING],
        cwd=root, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("False\n", 0), done.stderr


@pytest.fixture
def overrides():
    """Registrations that end with the test."""
    library = torch.library.Library("draglive", "IMPL")
    yield library
    library._destroy()


def test_a_twin_takes_over_where_its_device_is(overrides, device):
    features = map_of(torch.channels_last, device, grad=True)
    arguments = features, *protected(device)
    want = mask_loss_reference(*arguments)
    other = "cpu" if device.type == "cuda" else "cuda"

    torch.library.impl("draglive::mask_loss", other, lib=overrides)(lambda *_: 1 / 0)
    assert torch.equal(mask_loss(*arguments), want)

    torch.library.impl("draglive::mask_loss", device.type, lib=overrides)(
        lambda features, *_: features.new_full([], 7.0)
    )
    loss = mask_loss(*arguments)
    assert loss == 7.0
    (got,) = torch.autograd.grad(loss, features)
    (expected,) = torch.autograd.grad(want, features)
    torch.testing.assert_close(got, expected)


def everything(
    features: torch.Tensor,
    handles: torch.Tensor,
    motions: torch.Tensor,
    weights: torch.Tensor,
    references: torch.Tensor,
    following: torch.Tensor,
    disc: torch.Tensor,
    square: torch.Tensor,
    earlier: torch.Tensor,
    keep: torch.Tensor,
    map_size: list[int],
    image_size: list[int],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    seen = features.detach()
    moved = track_points(
        seen,
        None,
        handles,
        references,
        following,
        square,
        squared=False,
        map_size=map_size,
        image_size=image_size,
    )
    pull = supervise(
        seen,
        None,
        moved,
        handles,
        following,
        disc,
        speed_px=1.0,
        stop_px=0.5,
        map_size=map_size,
        image_size=image_size,
    )
    loss = motion_supervision(features, moved, motions, weights, disc, image_size)
    loss = loss + 20.0 * mask_loss(features, earlier, keep)
    value, mean, spread = moved.clone(), torch.zeros_like(moved), torch.zeros_like(moved)
    one = torch.ones_like(keep[0, 0])
    adam(value, motions, mean, spread, torch.zeros_like(one), one, weights[:, None], one)
    return loss, moved, pull, value, to_rgba(features)


def run_everything(function, device):
    torch.manual_seed(0)
    features = map_of(torch.channels_last, device, grad=True)
    handles, motions, weights, disc, size = supervised(device)
    _, references, following, square = searched(device)
    points = handles, motions, weights, references, following
    loss, *results = function(features, *points, disc, square, *protected(device), [5, 9], size)
    (gradient,) = torch.autograd.grad(loss, features)
    return loss.detach(), gradient, *(result.detach() for result in results)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("how", ["script", "compile"])
def test_compilers_take_every_op_whole(how, device):
    """The ops inside a scripted and a compiled function, one graph each, with the gradient.

    AOT autograd without code generation: that is where fake and autograd implementations count.
    """
    if how == "script":
        function = torch.jit.script(everything)
    else:
        function = torch.compile(everything, fullgraph=True, backend="aot_eager")
    for got, want in zip(
        run_everything(function, device), run_everything(everything, device), strict=True
    ):
        # scattered sums may come in another order on a card: roundings of gradients below 1
        assert (got.float() - want.float()).abs().max() <= (1e-6 if device.type == "cuda" else 0)


class Watch(TorchDispatchMode):
    """Notes which operations ran, and the most elements that any of them gave back."""

    def __init__(self):
        super().__init__()
        self.names = set()
        self.largest = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.names.add(function.name())
        if isinstance(result, torch.Tensor):
            self.largest = max(self.largest, result.numel())
        return result


@pytest.fixture
def watched():
    """The references run once, forward and backward, for a picture of a million pixels."""
    device = torch.device("cpu")
    features = feature_map(8, (16, 16)).requires_grad_()
    handles, motions, weights, disc, _ = supervised(device)
    references, square, size = torch.zeros(len(handles), 8), square_offsets(3, device), [1024, 1024]
    moments = momentum(device)
    keep, yes = torch.rand(16, 16), weights > 0
    plan = plan_windows(
        [(False, 16, 16)], points=len(handles), reach_px=4.0, image_height=1024, cover=64
    )
    windows = torch.randn(len(handles), 8, plan.makes[0].height, plan.makes[0].width)
    with Watch() as watch:
        loss = motion_supervision_reference(features, handles, motions, weights, disc, size)
        loss = loss + mask_loss_reference(features, features.detach(), keep)
        torch.autograd.grad(loss, features)
        sizes = {"map_size": [16, 16], "image_size": size}
        origins = window_origins(plan, [False], handles)[0]
        for held in (features.detach(), None), (windows, origins):
            supervise_reference(*held, handles, motions, yes, disc, **SPEED, **sizes)
            track_points_reference(*held, handles, references, yes, square, squared=False, **sizes)
        adam_reference(*moments)
    watch.samples = len(handles) * len(square) * 4 * 8
    return watch


def test_the_map_is_never_upsampled(watched):
    assert 0 < watched.largest <= watched.samples


def test_nothing_comes_from_the_host_or_goes_there(watched):
    """On a card, a tensor made of Python numbers waits for the copy, as reading one does."""
    waiting = {"aten::lift_fresh", "aten::_local_scalar_dense", "aten::nonzero"}
    assert watched.names.isdisjoint(waiting)


@pytest.mark.gpu
def test_nothing_waits_for_the_card(card_never_waited_for):
    device = torch.device("cuda")
    run_everything(everything, device)  # kernels load on their first call
    features, windows = (
        map_of(torch.channels_last, device, grad=True),
        windows_of_map(LAYOUTS[1], device),
    )
    motion, mask, pull = supervised(device), protected(device), pulled(device)
    handles, *search = searched(device)
    moments = momentum(device)
    with card_never_waited_for():
        moved = handles
        for held in (features.detach(), None), windows:
            moved = track_points(*held, moved, *search, squared=False, **SIZES)
            supervise(*held, moved, *pull[1:], **SPEED, **SIZES)
        loss = motion_supervision(features, moved, *motion[1:]) + mask_loss(features, *mask)
        torch.autograd.grad(loss, features)
        to_rgba(features.detach())
        adam(*moments)
