"""Each fused operation against its plain-torch reference: time, bytes and error.

The truth is the reference in float64. Beside the fused kernel stands the reference in the compute
dtype, so that an error can be judged: it should be no more than twice the reference's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor

from draglive.app.engine.device import Device
from draglive.app.engine.fused import network_of
from draglive.app.engine.fused_kernels import open_kernels
from draglive.app.engine.types import DragConfig, Size
from draglive.kernels import disc_offsets, square_offsets, supervise, to_rgba, track_points
from draglive.kernels.network import Network
from draglive.kernels.supervise import supervise_reference
from draglive.kernels.synthesis import synthesize_features
from draglive.kernels.track_points import track_points_reference
from draglive.kernels.windows import WindowPlan, plan_windows, window_origins
from draglive.stylegan2_jit.compile import count_blocks
from draglive.stylegan2_jit.latents import seed_to_ws

from .ceilings import step_work
from .machine import machine_card
from .models import Source
from .result import Result
from .scene import ring
from .turns import summary, take_turns, time_ms

REPEAT = 5  # calls back to back in a turn


@dataclass(frozen=True, slots=True)
class Operation:
    """A fused operation, its reference in the same dtype, and the truth.

    Attributes:
        name: of it.
        fused: the twin.
        reference: plain torch.
        truth: the result in float64, or what else is right.
        megabytes: that must be moved at least.
    """

    name: str
    fused: Callable[[], Tensor]
    reference: Callable[[], Tensor]
    truth: Tensor
    megabytes: float


@dataclass(frozen=True, slots=True)
class Call:
    """An implementation, timed."""

    device: Device
    run: Callable[[], Tensor]

    def turn(self) -> dict[str, list[float]]:
        """See `turns.Subject`."""
        return {"call": [time_ms(self.device, self.run, REPEAT)]}


@dataclass(frozen=True, slots=True)
class Bench:
    """What the operations are tried on: a network, its points, its windows."""

    device: Device
    network: Network
    ws: Tensor  # float32 [num_ws, w_dim]
    config: DragConfig
    size: Size
    handles: Tensor  # float32 [P, 2]
    targets: Tensor
    plan: WindowPlan
    origins: Tensor  # int32 [layers, P, 2]

    @property
    def sizes(self) -> dict[str, list[int]]:
        """Of the feature map and of the picture, (h, w)."""
        top = self.plan.makes[-1]
        return {
            "map_size": [top.map_height, top.map_width],
            "image_size": [self.size.height, self.size.width],
        }


def measure(device: Device, source: Source, *, points: int = 1, turns: int = 30) -> Result:
    """Time and check every fused operation that this device has.

    Raises:
        BackendError: there are no fused kernels here.
    """
    operations = list_operations(device, source, points)
    calls = [Call(device, run) for op in operations for run in (op.fused, op.reference)]
    samples = take_turns(calls, turns)
    pairs = zip(operations, samples[::2], samples[1::2], strict=True)
    return Result(
        benchmark="kernels",
        machine=machine_card(device),
        settings={"points": points, "turns": turns, "dtype": device.dtype_name},
        cases=[_describe(op, fused["call"], plain["call"]) for op, fused, plain in pairs],
    )


def list_operations(device: Device, source: Source, points: int) -> list[Operation]:
    """The fused operations, on a picture's network with points around its middle."""
    bench, picture = _set_up(device, source, points)
    kernels = open_kernels(device)
    free = min(bench.config.last_layer + 1, len(bench.plan.makes))
    synthesis = kernels.features(bench.network, bench.plan, free)
    synthesis.fold(bench.ws)
    features = synthesis.forward(bench.ws, bench.origins).clone(memory_format=torch.channels_last)
    rendering = kernels.picture(bench.network, free)
    rendering.fold(bench.ws)
    operations = [*_synthesis(bench, synthesis, free)]
    if device.on.type == "cpu":  # on a card they are part of the step's graph
        operations += _points(bench, features)
    plain, exact = picture(device.dtype), picture(torch.float32)
    return [
        *operations,
        Operation(
            "picture",
            lambda: rendering.render(bench.ws),
            lambda: to_rgba(plain()),
            to_rgba(exact()).double(),
            _picture_megabytes(bench),
        ),
    ]


def _picture_megabytes(bench: Bench) -> float:
    """Weights, maps written and read, pixels."""
    layers = [(layer.up, layer.height, layer.width) for layer in bench.network.layers]
    height = bench.size.height
    whole = plan_windows(layers, points=1, reach_px=1.0, image_height=height, cover=0.0)
    work = step_work(bench.network, whole, bench.device.dtype.itemsize)
    return (work.weight_bytes + work.map_bytes) / 2e6 + 4 * height * bench.size.width / 1e6


def _set_up(
    device: Device, source: Source, points: int
) -> tuple[Bench, Callable[[torch.dtype], Callable[[], Tensor]]]:
    generator = source.load().generator.prepare(torch.float32, device.on)
    size = Size(generator.config.img_width, generator.config.img_resolution)
    config = DragConfig.for_model(size, source.load().drag_preset)
    network = network_of(generator.synthesis)
    count = network.layer_count(count_blocks(config.feature_resolution))
    layers = network.layers[:count]
    plan = plan_windows(
        [(layer.up, layer.height, layer.width) for layer in layers],
        points=points,
        reach_px=config.reach_px,
        image_height=size.height,
    )
    places = torch.tensor(list(ring(size, points)), device=device.on)
    handles, targets = places[:, 0].contiguous(), places[:, 1].contiguous()
    origins = window_origins(plan, [layer.up for layer in layers], handles)
    ws = seed_to_ws(generator, 0)

    def picture(dtype: torch.dtype) -> Callable[[], Tensor]:
        own = source.load().generator.prepare(dtype, device.on)
        return torch.no_grad()(lambda: own.synthesis(ws))

    bench = Bench(device, network, ws[0], config, size, handles, targets, plan, origins)
    return bench, picture


def _synthesis(bench: Bench, synthesis: Any, free: int) -> list[Operation]:
    """Forward to the features, and backward from them to w+."""
    work = step_work(bench.network, bench.plan, bench.device.dtype.itemsize)
    one_way = (work.weight_bytes + work.map_bytes) / 2e6
    exact, exact_ws = cast(bench.network, torch.float64), bench.ws.double().requires_grad_()
    plain, plain_ws = cast(bench.network, bench.device.dtype), bench.ws.to(bench.device.dtype)
    plain_ws.requires_grad_()
    truth = synthesize_features(exact, exact_ws, bench.plan, bench.origins)
    seen = synthesize_features(plain, plain_ws, bench.plan, bench.origins)
    torch.manual_seed(0)
    pull = torch.randn(truth.shape, device=bench.device.on).to(
        bench.device.dtype, memory_format=torch.channels_last
    )
    (slope,) = torch.autograd.grad(truth, exact_ws, pull.double())

    def back() -> Tensor:
        (found,) = torch.autograd.grad(seen, plain_ws, pull.to(seen.dtype), retain_graph=True)
        return found[:free]

    return [
        Operation(
            "features",
            lambda: synthesis.forward(bench.ws, bench.origins),
            torch.no_grad()(
                lambda: synthesize_features(plain, plain_ws, bench.plan, bench.origins)
            ),
            truth.detach(),
            one_way,
        ),
        Operation("gradient", lambda: synthesis.backward(pull), back, slope[:free], one_way),
    ]


def _points(bench: Bench, features: Tensor) -> list[Operation]:
    """Motion supervision and tracking around the points."""
    config, on = bench.config, bench.device.on
    held = (features, bench.origins[-1] if bench.plan.windowed else None)
    exact = features.double(), held[1]
    active = torch.ones(len(bench.handles), dtype=torch.bool, device=on)
    disc, square = (
        disc_offsets(config.motion_radius_px, on),
        square_offsets(config.track_radius_px, on),
    )
    references = torch.randn(len(bench.handles), features.shape[1], device=on)
    pull = bench.handles, bench.targets, active, disc
    speeds: dict[str, Any] = {"speed_px": config.speed_px, "stop_px": config.stop_px, **bench.sizes}
    search = bench.handles, references, active, square
    how: dict[str, Any] = {"squared": False, **bench.sizes}
    read = features.numel() * features.element_size() / 1e6
    return [
        Operation(
            "supervise",
            lambda: supervise(*held, *pull, **speeds),
            lambda: supervise_reference(*held, *pull, **speeds),
            supervise_reference(*exact, *pull, **speeds),
            2 * read,
        ),
        Operation(
            "track",
            lambda: track_points(*held, *search, **how),
            lambda: track_points_reference(*held, *search, **how),
            track_points_reference(*exact, *search, **how).double(),
            read,
        ),
    ]


def cast(value: Any, dtype: torch.dtype) -> Any:
    """A network, or a part of it, in another dtype."""
    if isinstance(value, Tensor):
        return value.to(dtype)
    if isinstance(value, tuple):
        return tuple(cast(part, dtype) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{f.name: cast(getattr(value, f.name), dtype) for f in fields(value)}
        )
    return value


def relative_error(got: Tensor, truth: Tensor) -> float:
    """‖got − truth‖ / ‖truth‖, in float64."""
    return float((got.double() - truth.double()).norm() / truth.double().norm())


def _describe(
    operation: Operation, fused: Sequence[float], reference: Sequence[float]
) -> dict[str, Any]:
    times, plain = summary(fused), summary(reference)
    return {
        "name": operation.name,
        "fused": times,
        "reference": plain,
        "ratio": plain["p50_ms"] / times["p50_ms"],
        "megabytes": operation.megabytes,
        "gigabytes_per_s": operation.megabytes / times["p50_ms"],
        "error": relative_error(operation.fused(), operation.truth),
        "reference_error": relative_error(operation.reference(), operation.truth),
    }
