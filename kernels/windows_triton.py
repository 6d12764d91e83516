"""What lies between two steps on a card: windows, as `windows.window_origins`, and the count."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, E501, N803

from collections.abc import Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

from .windows import WindowPlan

MOST_AT_ONCE = 64  # coordinates
NOWHERE = tl.constexpr(-(1 << 20))


@triton.jit(do_not_specialize=["points", "windowed"])
def place_windows_kernel(
    handles,
    wanted,
    origins,
    count,
    live,
    reach_px,
    scale_px,
    points,
    windowed,
    LAYERS: tl.constexpr,
    UPS: tl.constexpr,
    WIDE: tl.constexpr,
):
    """All origins [LAYERS, P, 2], by one program; bit i of UPS and of `windowed` tells of layer i.

    Windows that are not wanted lie off every map, where they cost nothing. On the way it counts the step that was just made, if one was: count += live.
    """
    tl.store(count, tl.load(count) + tl.load(live))
    i = tl.arange(0, WIDE)
    held = i < 2 * points
    at = ((tl.load(handles + i, mask=held, other=0.0) - reach_px + 0.5) / scale_px - 0.5).to(
        tl.float32
    )
    origin = tl.where(
        tl.load(wanted + i // 2, mask=held, other=0) != 0, tl.floor(at).to(tl.int32), NOWHERE
    )
    for down in tl.static_range(LAYERS):  # from the last layer to the first
        kept = tl.where((windowed >> (LAYERS - 1 - down)) & 1 != 0, origin, 0)
        tl.store(origins + (LAYERS - 1 - down) * 2 * points + i, kept, mask=held)
        origin = (origin >> 1) - 1 if (UPS >> (LAYERS - 1 - down)) & 1 else origin - 1


def bits(flags: Sequence[bool]) -> int:
    """Bit i of the result is flag i."""
    return sum(1 << i for i, flag in enumerate(flags) if flag)


def write_origins(
    plan: WindowPlan,
    ups: Sequence[bool],
    handles: Tensor,
    wanted: Tensor,
    origins: Tensor,
    count: Tensor,
    live: Tensor,
) -> None:
    """As `window_origins`, into `origins` int32 [layers, P, 2]; and count += live, scalars.

    Where `wanted`, bool [P], is false the windows are put off the map.
    """
    # As wide for few points as for many: another number of them compiles nothing.
    wide = max(MOST_AT_ONCE, triton.next_power_of_2(2 * plan.points))
    windowed = bits([extent.size is not None for extent in plan.makes])
    place_windows_kernel[(1,)](
        handles, wanted.view(torch.int8), origins, count, live, plan.reach_px, plan.scale_px,
        plan.points, windowed, len(ups), bits(ups), wide,
    )  # fmt: skip
