"""The second half of a doubling layer on a large whole map, on a card.

As `modulated_conv_triton.finish_kernel` after the library's transposed convolution, four outputs
to a lane: 25 loads in place of 64.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803, PLR1714

import triton
import triton.language as tl

from .modulated_conv_triton import activate


@triton.jit(do_not_specialize=["from_height", "from_width"])
def double_map_kernel(
    doubled,
    features,
    scaled,
    demod,
    next_style,
    bias,
    noise,
    from_height,
    from_width,
    clamp,
    N: tl.constexpr,
    DEMODULATED: tl.constexpr,
    NOISY: tl.constexpr,
    SCALED: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
):
    """From `doubled`, one sample larger a side, to features: grid (tiles of input, channel tiles).

    Output (2y + i, 2x + j) is what the [1, 3, 3, 1] filter makes of the four rows and columns from
    (2y + i - 1, 2x + j - 1) on.
    """
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    held = m < from_height * from_width
    y = 2 * (m // from_width)
    x = 2 * (m % from_width)
    height = 2 * from_height
    width = 2 * from_width
    upper_left = tl.zeros([BM, BN], tl.float32)
    upper_right = tl.zeros([BM, BN], tl.float32)
    lower_left = tl.zeros([BM, BN], tl.float32)
    lower_right = tl.zeros([BM, BN], tl.float32)
    for down in tl.static_range(5):
        v = y + down - 1
        left = tl.zeros([BM, BN], tl.float32)
        right = tl.zeros([BM, BN], tl.float32)
        for across in tl.static_range(5):
            u = x + across - 1
            inside = held & (v >= 0) & (v <= height) & (u >= 0) & (u <= width)
            spot = (v * (width + 1) + u)[:, None] * N + n[None, :]
            found = tl.load(doubled + spot, mask=inside[:, None], other=0.0).to(tl.float32)
            if across < 4:
                left += found * (0.75 if across == 1 or across == 2 else 0.25)
            if across > 0:
                right += found * (0.75 if across == 2 or across == 3 else 0.25)
        if down < 4:
            upper_left += left * (0.75 if down == 1 or down == 2 else 0.25)
            upper_right += right * (0.75 if down == 1 or down == 2 else 0.25)
        if down > 0:
            lower_left += left * (0.75 if down == 2 or down == 3 else 0.25)
            lower_right += right * (0.75 if down == 2 or down == 3 else 0.25)
    first = y * width + x
    activate(
        upper_left, features, scaled, demod, next_style, bias, noise, first, n, held, x, y,
        height, width, clamp, N, DEMODULATED, NOISY, SCALED,
    )  # fmt: skip
    activate(
        upper_right, features, scaled, demod, next_style, bias, noise, first + 1, n, held, x + 1, y,
        height, width, clamp, N, DEMODULATED, NOISY, SCALED,
    )  # fmt: skip
    activate(
        lower_left, features, scaled, demod, next_style, bias, noise, first + width, n, held, x,
        y + 1, height, width, clamp, N, DEMODULATED, NOISY, SCALED,
    )  # fmt: skip
    activate(
        lower_right, features, scaled, demod, next_style, bias, noise, first + width + 1, n, held,
        x + 1, y + 1, height, width, clamp, N, DEMODULATED, NOISY, SCALED,
    )  # fmt: skip
