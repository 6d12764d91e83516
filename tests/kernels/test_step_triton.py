"""What stands around the synthesis in Triton, each against its twin, and the whole step."""

import pytest
import torch

from draglive.kernels import disc_offsets, square_offsets
from draglive.kernels.adam import adam_along_reference, adam_reference
from draglive.kernels.mask_loss import mask_loss_backward
from draglive.kernels.step import StepSettings, StepState
from draglive.kernels.supervise import supervise_reference
from draglive.kernels.synthesis import synthesize_features
from draglive.kernels.track_points import track_points_reference
from draglive.kernels.windows import window_origins

from .networks import W_DIM, cast, error, planned, random_network
from .triton_twins import in_few_programs

pytest.importorskip("triton")

from draglive.kernels import layer_triton, tiles_triton
from draglive.kernels.adam_along_triton import TritonAdamAlong
from draglive.kernels.adam_triton import TritonAdam
from draglive.kernels.layer_triton import Ordered
from draglive.kernels.step_triton import TritonStep
from draglive.kernels.styles_triton import Styles
from draglive.kernels.supervise_triton import Supervision
from draglive.kernels.synthesis_triton import TritonSynthesis
from draglive.kernels.track_points_triton import Tracking
from draglive.kernels.windows_triton import write_origins

CPU = torch.device("cpu")
IMAGE, MAP = [32, 48], [16, 24]
HANDLES = torch.tensor([[9.25, 20.5], [0.0, 31.0], [47.0, -0.25], [22.0, 11.0]])
TARGETS = torch.tensor([[15.0, 17.0], [4.0, 31.0], [47.0, 0.0], [22.5, 11.25]])
ACTIVE = torch.tensor([True, True, True, False])
SPEED_PX, STOP_PX = 1.5, 0.5
DISC, SQUARE = disc_offsets(3, CPU), square_offsets(3, CPU)
DTYPES = [torch.float32, torch.float16]


@pytest.fixture(autouse=True)
def few_programs(monkeypatch, device):
    """The interpreter pays for every program."""
    if device.type == "cpu":
        monkeypatch.setattr(tiles_triton, "ELEMENTS", 8192)
        monkeypatch.setattr(layer_triton, "tile_product", in_few_programs)


def features_of(dtype, windowed, device):
    """Features [B, 32, h, w], and where their windows begin."""
    batch, size, origins = 1, MAP, None
    if windowed:
        batch, size = 4, [8, 8]
        origins = ((HANDLES + 0.5) / 2 - 4.5).floor().int().to(device)
    features = torch.randn(batch, *size, 32, device=device).to(dtype).permute(0, 3, 1, 2)
    return features, origins


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("windowed", [True, False], ids=["windows", "map"])
def test_the_pull_is_the_twins(windowed, dtype, device):
    features, origins = features_of(dtype, windowed, device)
    points = [t.to(device) for t in (HANDLES, TARGETS, ACTIVE)]
    sizes = {"map_size": MAP, "image_size": IMAGE}
    rates = {"speed_px": SPEED_PX, "stop_px": STOP_PX}
    want = supervise_reference(
        features.double(), origins, *points, DISC.to(device), **rates, **sizes
    )
    supervision = Supervision(features, DISC.to(device), **rates, **sizes)
    supervision.gradient.fill_(torch.nan)
    assert error(supervision.pull(origins, *points), want) < 1e-5
    assert supervision.live == 1
    stays = HANDLES.to(device), HANDLES.to(device), ACTIVE.to(device)
    assert not supervision.pull(origins, *stays).any()
    assert supervision.live == 0


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_the_mask_term_is_added(dtype, device):
    features, _ = features_of(dtype, False, device)
    points = [t.to(device) for t in (HANDLES, TARGETS, ACTIVE)]
    sizes = {"map_size": MAP, "image_size": IMAGE}
    rates = {"speed_px": SPEED_PX, "stop_px": STOP_PX}
    anchor, keep = torch.randn_like(features), torch.rand(MAP, device=device)
    anchor[:, :, 3] = features[:, :, 3]
    weight = torch.tensor(20.0, device=device)
    want = supervise_reference(features.double(), None, *points, DISC.to(device), **rates, **sizes)
    want = want + mask_loss_backward(weight.double(), features.double(), anchor.double(), keep)
    got = Supervision(features, DISC.to(device), **rates, **sizes).pull(
        None, *points, (anchor, keep, weight)
    )
    assert error(got, want) < 1e-5


@pytest.mark.parametrize("squared", [True, False], ids=["L2", "L1"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("windowed", [True, False], ids=["windows", "map"])
def test_handles_follow_as_the_twins_do(windowed, dtype, squared, device):
    features, origins = features_of(dtype, windowed, device)
    handles, references = HANDLES.to(device), torch.randn(4, 32, device=device)
    following, square = ACTIVE.to(device), SQUARE.to(device)
    sizes = {"map_size": MAP, "image_size": IMAGE}
    want = track_points_reference(
        features.double(), origins, handles, references, following, square,
        squared=squared, **sizes,
    )  # fmt: skip
    tracking = Tracking(features, square, points=4, squared=squared, **sizes)
    for _ in range(2):
        moved = handles.clone()
        tracking.follow(origins, moved, references, following)
        assert torch.equal(moved.cpu(), want.float().cpu())


def test_lost_features_and_ties_stay(device):
    features = torch.full((1, 16, 24, 32), torch.nan, device=device).permute(0, 3, 1, 2)
    handles, everyone = HANDLES.to(device), torch.ones(4, dtype=torch.bool, device=device)
    sizes = {"map_size": MAP, "image_size": IMAGE}
    tracking = Tracking(features, SQUARE.to(device), points=4, squared=True, **sizes)
    for value in (torch.nan, 1.0):
        features.fill_(value)
        moved = handles.clone()
        tracking.follow(None, moved, torch.zeros(4, 32, device=device), everyone)
        assert torch.equal(moved, handles)


@pytest.mark.parametrize("live", [1.0, 0.0], ids=["moving", "arrived"])
def test_adam_is_the_twins(live, device):
    network = cast(random_network((16, 32, 16), spread=0.5), device)
    styles = Styles(list(network.layers[:4]), [1] * 4, [1] * 4, torch.float32)
    names = ("value", "mean", "square")
    ours = {name: torch.zeros(7, W_DIM, device=device) for name in names}
    ours["value"] += torch.randn(7, W_DIM, device=device)
    ours["count"] = torch.zeros([], device=device)
    theirs = {name: tensor.clone() for name, tensor in ours.items()}
    before = ours["value"].clone()
    rows = torch.tensor([1.0, 0, 1, 1, 1, 0, 0], device=device)[:, None]
    fixed = {"step_size": torch.tensor(0.01, device=device), "rows": rows}
    live = torch.tensor(live, device=device)
    twin = TritonAdam(styles, 0.5, **ours, **fixed)
    for _ in range(3):
        styles.slopes.copy_(torch.randn_like(styles.slopes))
        twin.update(live)
        gradient = torch.zeros(7, W_DIM, device=device)
        gradient[:4] = styles.latent_gradient(0.5)
        adam_reference(gradient=gradient, live=live, **theirs, **fixed)
        ours["count"] += live
    assert torch.equal(ours["value"][4:], before[4:])
    for name in names:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-5, atol=1e-8)
    if not live:
        assert torch.equal(ours["value"], before)


@pytest.mark.parametrize("live", [1.0, 0.0], ids=["moving", "arrived"])
@pytest.mark.parametrize("common", [0.0, 0.75])
def test_adam_along_axes_is_the_twins(live, common, device):
    network = cast(random_network((16, 32, 16), spread=0.5), device)
    styles = Styles(list(network.layers[:4]), [1] * 4, [1] * 4, torch.float32)
    ours = {name: torch.zeros(7, W_DIM, device=device) for name in ("value", "mean", "square")}
    ours["value"] += torch.randn(7, W_DIM, device=device)
    ours["count"] = torch.zeros([], device=device)
    theirs = {name: tensor.clone() for name, tensor in ours.items()}
    before = ours["value"].clone()
    mixing = torch.zeros(7, 7, device=device)
    mixing[1:4, 1:4] = torch.randn(3, 3, device=device)
    axes = mixing, torch.randn(W_DIM, W_DIM, device=device)
    rows = torch.tensor([0, 1.0, 1, 1, 0, 0, 0], device=device)[:, None]
    fixed = {"step_size": torch.tensor(0.01, device=device), "rows": rows, "momentum": 0.8}
    fixed["common"] = common
    live = torch.tensor(live, device=device)
    twin = TritonAdamAlong(styles, 0.5, axes=axes, **ours, **fixed)
    for _ in range(3):
        styles.slopes.copy_(torch.randn_like(styles.slopes))
        twin.update(live)
        gradient = torch.zeros(7, W_DIM, device=device)
        gradient[:4] = styles.latent_gradient(0.5)
        adam_along_reference(
            gradient=gradient, live=live, mixing=axes[0], directions=axes[1], **theirs, **fixed
        )
        ours["count"] += live
    assert torch.equal(ours["value"][4:], before[4:])
    assert torch.equal(ours["value"][0], before[0])
    for name in ("value", "mean", "square"):
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-4, atol=1e-6)
    if not live:
        assert torch.equal(ours["value"], before)


def test_windows_are_placed_as_the_twins(device):
    network = random_network((16, 16, 16), spread=0.5)
    plan, origins = planned(network, HANDLES, 1.0, image_height=32)
    ups = [layer.up for layer in network.layers]
    got = torch.full_like(origins, -99).to(device)
    count, live = torch.tensor([4.0, 1.0], device=device)
    wanted = ACTIVE.to(device)
    write_origins(plan, ups, HANDLES.to(device), wanted, got, count, live)
    assert torch.equal(got.cpu()[:, :3], origins[:, :3])
    assert (got[-1, 3] < -64).all()
    assert count == 5


def drag(device, *, masked, along=False, dtype=torch.float32):
    """A step's parts: network, plan, state and settings on a device."""
    network = random_network((16, 16, 32), spread=0.5)
    handles = torch.tensor([[9.0, 20.0], [25.0, 6.0], [14.0, 14.0], [0.0, 0.0]])
    reach_px = 100.0 if masked else 2.5
    plan, _ = planned(network, handles, reach_px, image_height=16, cover=1.0)
    ws = torch.randn(len(network.layers), W_DIM, device=device)
    mask = None
    if masked:
        anchor = torch.randn(1, 16, 16, 32, device=device).to(dtype).permute(0, 3, 1, 2)
        keep = torch.rand(16, 16, device=device)
        mask = anchor, keep, torch.tensor(5.0, device=device)
    axes = None
    if along:
        mixing = torch.zeros(len(ws), len(ws), device=device)
        mixing[:3, :3] = torch.randn(3, 3, device=device)
        axes = mixing, torch.randn(W_DIM, W_DIM, device=device)
    there = torch.tensor([True, True, False, False], device=device)
    state = StepState(
        ws=ws,
        mean=torch.zeros_like(ws),
        square=torch.zeros_like(ws),
        count=torch.zeros([], device=device),
        step_size=torch.tensor(0.02, device=device),
        rows=torch.tensor([1.0, 1, 1, 0, 0], device=device)[:, None],
        handles=(handles / 2).to(device),
        targets=torch.tensor([[13.0, 8.0], [3, 12], [1, 1], [9, 9]], device=device),
        active=there,
        following=there,
        references=torch.randn(4, 32, device=device),
        mask=mask,
        axes=axes,
    )
    settings = StepSettings(
        disc=disc_offsets(1, CPU).to(device),
        square=square_offsets(1, CPU).to(device),
        speed_px=1.0,
        stop_px=0.5,
        squared=True,
        image_size=[16, 16],
    )
    twin = TritonSynthesis(cast(network, device), plan, free=3, constants=Ordered(dtype))
    twin.fold(ws)
    return network, plan, twin, state, settings


def plain_step(network, plan, state, settings):
    """The step in float64 plain torch, on clones of the state; returns w+ and handles."""
    ups = [layer.up for layer in network.layers]
    points = [t.cpu() for t in (state.handles, state.targets, state.active)]
    ws = state.ws.cpu().double().requires_grad_()
    sizes = {"map_size": [16, 16], "image_size": [16, 16]}
    network = cast(network, torch.float64)
    origins = window_origins(plan, ups, points[0])
    features = synthesize_features(network, ws, plan, origins)
    held = origins[-1] if plan.windowed else None
    pull = supervise_reference(
        features.detach(), held, *points, settings.disc.cpu(), speed_px=1.0, stop_px=0.5, **sizes
    )
    if state.mask is not None:
        anchor, keep, weight = (t.cpu().double() for t in state.mask)
        pull = pull + mask_loss_backward(weight, features.detach(), anchor, keep)
    (gradient,) = torch.autograd.grad(features, ws, pull)
    new, zeros = ws.detach().clone(), torch.zeros_like(ws)
    one = torch.ones([], dtype=torch.float64)
    moments = (
        zeros.clone(), zeros.clone(), 0 * one, state.step_size.cpu().double(),
        state.rows.cpu().double(), one,
    )  # fmt: skip
    if state.axes is None:
        adam_reference(new, gradient, *moments)
    else:
        axes = tuple(t.cpu().double() for t in state.axes)
        adam_along_reference(new, gradient, *moments, *axes)
    features = synthesize_features(network, new, plan, origins)
    return new, track_points_reference(
        features, held, points[0], state.references.cpu(), state.following.cpu(),
        settings.square.cpu(), squared=True, **sizes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("masked", "along"),
    [(False, False), (True, False), (False, True)],
    ids=["windows", "mask", "axes"],
)
def test_a_step_is_the_plain_step(masked, along, device):
    network, plan, twin, state, settings = drag(device, masked=masked, along=along)
    assert plan.windowed != masked
    want_ws, want_handles = plain_step(network, plan, state, settings)
    step = TritonStep(twin, state, settings)
    step.look()
    step.step()
    torch.testing.assert_close(state.ws.cpu(), want_ws.float(), rtol=1e-3, atol=1e-5)
    assert torch.equal(state.handles.cpu(), want_handles.float())


@pytest.mark.gpu
@pytest.mark.parametrize("along", [False, True], ids=["w", "axes"])
@pytest.mark.parametrize("masked", [False, True], ids=["windows", "mask"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_a_replayed_step_is_the_same_bits(dtype, masked, along, card_never_waited_for):
    *_, twin, state, settings = drag(torch.device("cuda"), masked=masked, along=along, dtype=dtype)
    kept = [t for t in vars_of(state) if isinstance(t, torch.Tensor)]
    before = [t.clone() for t in kept]
    ends = []
    step = TritonStep(twin, state, settings)
    for captured in (False, True):
        if captured:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                step.step()
        for tensor, value in zip(kept, before, strict=True):
            tensor.copy_(value)
        step.look()
        with card_never_waited_for():
            for _ in range(5):
                graph.replay() if captured else step.step()
        ends.append([t.clone() for t in kept])
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))
    assert not torch.equal(ends[0][0], before[0])


def vars_of(state):
    return [getattr(state, name) for name in state.__dataclass_fields__]
