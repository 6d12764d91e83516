"""Convolutions of large whole maps on a card, four neighbours of a row to a lane.

As `modulated_conv_triton` in one slice, where a card would spend its time reading each sample nine
times from its second cache (6 TB/s on an H200, 35 to 110 µs a layer). A program makes the samples
4m to 4m + 3 of each of its rows m: they share the six columns that they read, so a sample is read
4.5 times, and a matrix is read once for four. The width of a map is a multiple of 4.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803

import triton
import triton.language as tl

from .colours_triton import leave_colours
from .modulated_conv_gradient_triton import deactivate
from .modulated_conv_triton import activate, activated


@triton.jit
def tap_matrix(
    weight,
    tap,
    k,
    n,
    K: tl.constexpr,
    N: tl.constexpr,
    BACK: tl.constexpr,
):
    """A tap's matrix at (k, n), of [9, K, N]; on the way BACK the opposite tap's, of [9, N, K]."""
    if BACK:
        return tl.load(weight + (8 - tap) * (K * N) + n[None, :] * K + k[:, None])
    return tl.load(weight + tap * (K * N) + k[:, None] * N + n[None, :])


@triton.jit
def quad_product(
    x,
    weight,
    top,
    left,
    held,
    n,
    height,
    width,
    K: tl.constexpr,
    N: tl.constexpr,
    BACK: tl.constexpr,
    PRECISION: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
):
    """Sums over nine taps, of the samples (top, left) to (top, left + 3): four of [BM, BN].

    x is a map [height, width, K]; samples outside are 0.
    """
    first = tl.zeros([BM, BN], tl.float32)
    second = tl.zeros([BM, BN], tl.float32)
    third = tl.zeros([BM, BN], tl.float32)
    fourth = tl.zeros([BM, BN], tl.float32)
    for step in range(3 * (K // BK)):
        down = step // (K // BK)
        k = (step % (K // BK)) * BK + tl.arange(0, BK)
        row = top + down - 1
        there = (held & (row >= 0) & (row < height))[:, None]
        spot = x + (row * width + left - 1)[:, None] * K + k[None, :]
        a = tl.load(spot, mask=there & (left > 0)[:, None], other=0.0)
        b = tl.load(spot + K, mask=there, other=0.0)
        c = tl.load(spot + 2 * K, mask=there, other=0.0)
        d = tl.load(spot + 3 * K, mask=there, other=0.0)
        e = tl.load(spot + 4 * K, mask=there, other=0.0)
        f = tl.load(spot + 5 * K, mask=there & (left + 4 < width)[:, None], other=0.0)
        west = tap_matrix(weight, 3 * down, k, n, K, N, BACK)
        middle = tap_matrix(weight, 3 * down + 1, k, n, K, N, BACK)
        east = tap_matrix(weight, 3 * down + 2, k, n, K, N, BACK)
        first = tl.dot(a, west, first, input_precision=PRECISION)
        second = tl.dot(b, west, second, input_precision=PRECISION)
        third = tl.dot(c, west, third, input_precision=PRECISION)
        fourth = tl.dot(d, west, fourth, input_precision=PRECISION)
        first = tl.dot(b, middle, first, input_precision=PRECISION)
        second = tl.dot(c, middle, second, input_precision=PRECISION)
        third = tl.dot(d, middle, third, input_precision=PRECISION)
        fourth = tl.dot(e, middle, fourth, input_precision=PRECISION)
        first = tl.dot(c, east, first, input_precision=PRECISION)
        second = tl.dot(d, east, second, input_precision=PRECISION)
        third = tl.dot(e, east, third, input_precision=PRECISION)
        fourth = tl.dot(f, east, fourth, input_precision=PRECISION)
    return first, second, third, fourth


@triton.jit(do_not_specialize=["height", "width"])
def convolve_quads_kernel(
    x,
    weight,
    features,
    scaled,
    demod,
    next_style,
    bias,
    noise,
    height,
    width,
    clamp,
    K: tl.constexpr,
    N: tl.constexpr,
    DEMODULATED: tl.constexpr,
    NOISY: tl.constexpr,
    SCALED: tl.constexpr,
    PRECISION: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
):
    """A layer without doubling, from x to features: grid (tiles of quads, channel tiles)."""
    m = 4 * (tl.program_id(0) * BM + tl.arange(0, BM))
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    held = m < height * width
    row = m // width
    column = m % width
    sums = quad_product(
        x, weight, row, column, held, n, height, width, K, N, False, PRECISION, BM, BN, BK
    )
    for i in tl.static_range(4):
        activate(
            sums[i], features, scaled, demod, next_style, bias, noise, m + i, n, held, column + i,
            row, height, width, clamp, N, DEMODULATED, NOISY, SCALED,
        )  # fmt: skip


@triton.jit(do_not_specialize=["height", "width"])
def coloured_quads_kernel(
    x,
    weight,
    demod,
    bias,
    noise,
    colour_weights,
    colour_bias,
    smaller,
    rgba,
    height,
    width,
    clamp,
    colour_clamp,
    K: tl.constexpr,
    N: tl.constexpr,
    STRIDE: tl.constexpr,
    DEMODULATED: tl.constexpr,
    NOISY: tl.constexpr,
    ADDS: tl.constexpr,
    PRECISION: tl.constexpr,
    BM: tl.constexpr,
    BK: tl.constexpr,
):
    """The last layer and its colours, from x to rgba: nobody else reads its features.

    Grid (tiles of quads). `colour_weights` and what follows: see `leave_colours`.
    """
    m = 4 * (tl.program_id(0) * BM + tl.arange(0, BM))
    n = tl.arange(0, N)
    held = m < height * width
    row = m // width
    column = m % width
    sums = quad_product(
        x, weight, row, column, held, n, height, width, K, N, False, PRECISION, BM, N, BK
    )
    for i in tl.static_range(4):
        value = activated(
            sums[i], demod, bias, noise, n, held, column + i, row, width, clamp, DEMODULATED, NOISY
        )
        leave_colours(
            value, colour_weights, colour_bias, smaller, rgba, rgba, m + i, n, held, row,
            column + i, height, width, colour_clamp, N, STRIDE, ADDS, True,
        )  # fmt: skip


@triton.jit(do_not_specialize=["height", "width"])
def gradient_quads_kernel(
    x,
    weight,
    features,
    gradient,
    height,
    width,
    clamp,
    K: tl.constexpr,
    N: tl.constexpr,
    PRECISION: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
):
    """As `convolve_gradient_kernel`, of a layer that stays and above one that stays.

    Grid (tiles of quads, channel tiles).
    """
    m = 4 * (tl.program_id(0) * BM + tl.arange(0, BM))
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    held = m < height * width
    row = m // width
    column = m % width
    sums = quad_product(
        x, weight, row, column, held, n, height, width, K, N, True, PRECISION, BM, BN, BK
    )
    nothing = features  # styles, sums, bias and noise are not read
    for i in tl.static_range(4):
        deactivate(
            sums[i], features, gradient, nothing, nothing, nothing, nothing, nothing, nothing,
            m + i, n, held, column + i, row, height, width, clamp, 0, N, False, True, False, False,
        )  # fmt: skip
