"""The way back through `modulated_conv_triton`: gradients to the features and to the styles.

A layer's weights are constants here, so its gradient is one more convolution, with the matrices
transposed. What comes after its sums multiplies by the style, undoes clamp and leaky ReLU and the
demodulation of the layer below, and leaves, for each tile of rows, the sums that the styles' and
the demodulations' gradients are made of. Nothing is added atomically: the same bits every time.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803

import triton
import triton.language as tl

from .filter_triton import filter_tap
from .modulated_conv_triton import (
    GAIN,
    LEAK,
    add_slices,
    begin,
    gathered_product,
    on_map,
    place,
)


@triton.jit
def deactivate(
    total,
    features,
    gradient,
    style,
    demod,
    style_sums,
    demod_sums,
    bias,
    noise,
    m,
    n,
    held,
    x,
    y,
    map_height,
    map_width,
    clamp,
    sums_width,
    N: tl.constexpr,
    SCALED: tl.constexpr,
    ACTIVATED: tl.constexpr,
    DEMODULATED: tl.constexpr,
    NOISY: tl.constexpr,
):
    """From the gradient of a layer's input to that of the sums of the layer below.

    SCALED: the input was these features times `style`. ACTIVATED: the features have a layer below
    (the start has none). DEMODULATED: that layer multiplied its sums by `demod`. Rows of the sums
    for the styles are `sums_width` long.
    """
    spot = m[:, None] * N + n[None, :]
    inside = held & on_map(x, y, map_width, map_height)
    # All loads come before the first sum over rows: they do not wait for its barrier then.
    output = tl.load(features + spot, mask=held[:, None], other=0.0).to(tl.float32)
    if SCALED:
        factor = tl.load(style + n)[None, :]
    if DEMODULATED:
        made = -tl.load(bias + n)[None, :]
        if NOISY:
            made -= tl.load(noise + y * map_width + x, mask=inside, other=0.0)[:, None]
        norm = tl.load(demod + n)[None, :]
    if SCALED:
        tl.store(style_sums + tl.program_id(0) * sums_width + n, tl.sum(total * output, 0))
        total *= factor
    if ACTIVATED:
        slope = tl.where(output > 0, GAIN, GAIN * LEAK)
        passes = inside[:, None] & (tl.abs(output) < clamp)
        total = tl.where(passes, total * slope, 0.0)
        if DEMODULATED:
            made += output / slope
            tl.store(demod_sums + tl.program_id(0) * sums_width + n, tl.sum(total * made, 0))
            total *= norm
        tl.store(gradient + spot, total.to(gradient.dtype.element_ty), mask=held[:, None])


@triton.jit(
    do_not_specialize=[
        "rows", "from_height", "from_width", "height", "width", "map_height", "map_width",
    ]
)  # fmt: skip
def convolve_gradient_kernel(
    x,
    weight,
    partials,
    features,
    gradient,
    style,
    demod,
    style_sums,
    demod_sums,
    bias,
    noise,
    origins,
    rows,
    from_height,
    from_width,
    height,
    width,
    map_height,
    map_width,
    clamp,
    sums_width,
    K: tl.constexpr,
    N: tl.constexpr,
    DOUBLED: tl.constexpr,
    FROM_WINDOWS: tl.constexpr,
    WINDOWS: tl.constexpr,
    SKIPS: tl.constexpr,
    SCALED: tl.constexpr,
    ACTIVATED: tl.constexpr,
    DEMODULATED: tl.constexpr,
    NOISY: tl.constexpr,
    SLICES: tl.constexpr,
    PRECISION: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
):
    """From the gradient x of a layer's sums to that of the sums of the layer below.

    In several slices only to `partials` [SLICES, rows, N], and `finish_gradient_kernel` goes on.
    DOUBLED: x is the gradient of the transposed convolution's output, a window of 2n + 1 samples
    for each of n. Grid (row tiles, channel tiles, SLICES); rows are samples of the layer's input.
    """
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    held = m < rows
    which, row, column = place(m, height, width)
    x0, y0 = begin(origins, which, held, WINDOWS)
    source = which if FROM_WINDOWS else tl.zeros_like(which)
    if DOUBLED:
        top = 2 * row
        left = 2 * column
    else:
        # A window that is read begins one sample before the one that is made of it.
        top = row if FROM_WINDOWS else row + 1
        left = column if FROM_WINDOWS else column + 1
    sign: tl.constexpr = 1 if DOUBLED else -1
    useful = held & on_map(column + x0, row + y0, map_width, map_height) if SKIPS else held
    total = gathered_product(
        x, weight, source, top, left, useful, n, tl.program_id(2) * (9 // SLICES),
        from_height, from_width, K, N, sign, 9 // SLICES, True, PRECISION, BM, BN, BK,
    )  # fmt: skip
    if SLICES == 1:
        deactivate(
            total, features, gradient, style, demod, style_sums, demod_sums, bias, noise, m, n,
            held, column + x0, row + y0, map_height, map_width, clamp, sums_width, N, SCALED,
            ACTIVATED,
            DEMODULATED, NOISY,
        )  # fmt: skip
    else:
        spot = (tl.program_id(2) * rows + m)[:, None] * N + n[None, :]
        tl.store(partials + spot, total.to(partials.dtype.element_ty), mask=held[:, None])


@triton.jit(do_not_specialize=["rows", "height", "width", "map_height", "map_width"])
def finish_gradient_kernel(
    partials,
    features,
    gradient,
    style,
    demod,
    style_sums,
    demod_sums,
    bias,
    noise,
    origins,
    rows,
    height,
    width,
    map_height,
    map_width,
    clamp,
    sums_width,
    scale,
    N: tl.constexpr,
    WINDOWS: tl.constexpr,
    SCALED: tl.constexpr,
    ACTIVATED: tl.constexpr,
    DEMODULATED: tl.constexpr,
    NOISY: tl.constexpr,
    SLICES: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
):
    """The second half where slices share a layer's taps; and the very first, from dL/dF.

    The slices' sums, times `scale`, are the gradient of these features.
    """
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    held = m < rows
    which, row, column = place(m, height, width)
    x0, y0 = begin(origins, which, held, WINDOWS)
    total = add_slices(partials, m, n, held, rows, N, SLICES, BM, BN) * scale
    deactivate(
        total, features, gradient, style, demod, style_sums, demod_sums, bias, noise, m, n, held,
        column + x0, row + y0, map_height, map_width, clamp, sums_width, N, SCALED, ACTIVATED,
        DEMODULATED, NOISY,
    )  # fmt: skip


@triton.jit(do_not_specialize=["rows", "from_height", "from_width", "height", "width", "points"])
def spread_kernel(
    gradient,
    whole,
    from_origins,
    origins,
    rows,
    from_height,
    from_width,
    height,
    width,
    points,
    N: tl.constexpr,
    DOUBLED: tl.constexpr,
    FROM_WINDOWS: tl.constexpr,
    WINDOWS: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
):
    """What the samples of `whole` get from the gradient of a layer's sums.

    DOUBLED: `whole` is the transposed convolution's output, and the filter lies between. Where
    the gradient is held as windows and `whole` is not, those of all points that meet a sample add
    up; otherwise `points` is 1.
    """
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    held = m < rows
    which, row, column = place(m, height, width)
    x0, y0 = begin(origins, which, held, WINDOWS)
    stride: tl.constexpr = 2 if DOUBLED else 1
    taps: tl.constexpr = 4 if DOUBLED else 1
    row += stride * y0 + taps // 4  # the filter's tap u takes what lies at row + u - 1
    column += stride * x0 + taps // 4
    total = tl.zeros([BM, BN], tl.float32)
    point = 0
    while point < points:
        source = which + point
        from_x, from_y = begin(from_origins, source, held, FROM_WINDOWS)
        top = row - from_y
        left = column - from_x
        meets = held & (top >= 0) & (top < from_height + taps - 1)
        meets = meets & (left >= 0) & (left < from_width + taps - 1)
        if tl.max(meets.to(tl.int32), 0) > 0:
            for down in tl.static_range(taps):
                for across in tl.static_range(taps):
                    v = top - down
                    u = left - across
                    inside = held & (v >= 0) & (v < from_height) & (u >= 0) & (u < from_width)
                    spot = ((source * from_height + v) * from_width + u)[:, None] * N + n[None, :]
                    found = tl.load(gradient + spot, mask=inside[:, None], other=0.0)
                    if DOUBLED:
                        found = filter_tap(down) * filter_tap(across) * found.to(tl.float32)
                    total += found
        point += 1
    spot = m[:, None] * N + n[None, :]
    tl.store(whole + spot, total.to(whole.dtype.element_ty), mask=held[:, None])
