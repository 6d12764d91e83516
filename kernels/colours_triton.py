"""A block's colours inside Triton kernels: to-RGB, the skip pyramid and RGBA."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803, PLR0124

import triton
import triton.language as tl


@triton.jit
def enlarged(smaller, y, x, held, height, width):
    """The smaller picture's colour, doubled with the [1, 3, 3, 1] filter, at (y, x)."""
    near_y = y // 2
    near_x = x // 2
    far_y = near_y + 2 * (y % 2) - 1
    far_x = near_x + 2 * (x % 2) - 1
    down = held & (far_y >= 0) & (far_y < height)
    across = held & (far_x >= 0) & (far_x < width)
    value = 0.5625 * tl.load(smaller + near_y * width + near_x, mask=held, other=0.0)
    value += 0.1875 * tl.load(smaller + far_y * width + near_x, mask=down, other=0.0)
    value += 0.1875 * tl.load(smaller + near_y * width + far_x, mask=across, other=0.0)
    return value + 0.0625 * tl.load(smaller + far_y * width + far_x, mask=down & across, other=0.0)


@triton.jit
def leave_colours(
    value,
    weights,
    bias,
    smaller,
    picture,
    rgba,
    m,
    c,
    held,
    y,
    x,
    height,
    width,
    clamp,
    C: tl.constexpr,
    STRIDE: tl.constexpr,
    ADDS: tl.constexpr,
    LAST: tl.constexpr,
):
    """From features [BM, BC] of the samples m to `picture` [3, height, width], or to the LAST rgba.

    Weights are [3, C], their rows STRIDE apart; the result ADDS to the `smaller` picture, enlarged.
    """
    for colour in tl.static_range(3):
        weight = tl.load(weights + colour * STRIDE + c, mask=c < C, other=0.0)
        made = tl.sum(value * weight[None, :], 1) + tl.load(bias + colour)
        made = tl.maximum(made, -clamp, propagate_nan=tl.PropagateNan.ALL)
        made = tl.minimum(made, clamp, propagate_nan=tl.PropagateNan.ALL)
        if ADDS:
            area = (height // 2) * (width // 2)
            made += enlarged(smaller + colour * area, y, x, held, height // 2, width // 2)
        if LAST:
            level = made * 127.5 + 128.0
            level = tl.where(level == level, level, 0.0)
            level = tl.minimum(tl.maximum(level, 0.0), 255.0).to(tl.uint8)
            tl.store(rgba + m * 4 + colour, level, mask=held)
        else:
            tl.store(picture + colour * height * width + m, made, mask=held)
