"""Modulated convolutions on a card, forward, for maps and windows alike.

Twin of `synthesis.run_layer`. A map, or the windows of all points one after another, is a matrix:
a row for each sample, a column for each channel. A 3x3 convolution is then nine products, one for
each tap, whose rows are gathered from shifted samples. Small maps would leave most of a card idle,
so there each tap, or three, goes to programs of its own, and a second kernel adds the slices up in
fixed order, the same bits every time, and goes on with what follows the convolution. (Letting the
last program to arrive do that saves the launch, 0.4 µs in a graph, and loses 1.5 µs to the memory
fence and to having so few programs left; H200.) On large maps one kernel does it all.

An up-convolution's products are made for its input's samples; the second kernel sums each output
from up to 36 of them: transposed convolution and filter in one.

Knows only numbers: which layer reads what is told by synthesis_triton.py.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803

import triton
import triton.language as tl

from .filter_triton import double_products, filter_doubled

GAIN = tl.constexpr(2**0.5)
LEAK = tl.constexpr(0.2)
PRODUCTS = tl.constexpr(0)  # see finish_kernel
DOUBLED = tl.constexpr(-1)


@triton.jit
def place(m, height, width):
    """Row m of the matrix: which window, and where in it (row, column)."""
    inner = m % (height * width)
    return m // (height * width), inner // width, inner % width


@triton.jit
def begin(origins, which, held, WINDOWED: tl.constexpr):
    """Where a window begins on its map, (x, y); a whole map begins at 0."""
    if WINDOWED:
        x = tl.load(origins + 2 * which, mask=held, other=0)
        y = tl.load(origins + 2 * which + 1, mask=held, other=0)
    else:
        x = tl.zeros_like(which)
        y = tl.zeros_like(which)
    return x, y


@triton.jit
def on_map(x, y, map_width, map_height):
    """Whether samples lie on their map."""
    return (x >= 0) & (x < map_width) & (y >= 0) & (y < map_height)


@triton.jit
def gathered_product(
    x,
    weight,
    which,
    top,
    left,
    useful,
    n,
    tap,
    height,
    width,
    K: tl.constexpr,
    N: tl.constexpr,
    SIGN: tl.constexpr,
    TAPS: tl.constexpr,
    TRANSPOSED: tl.constexpr,
    PRECISION: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
):
    """Sum over TAPS taps from `tap` on: samples at (top, left) + SIGN * tap, times its matrix.

    x holds windows of height x width samples with K channels; samples outside are 0. The matrices
    are [9, K, N], or TRANSPOSED [9, N, K]. Rows that are not useful are 0; a tile without any, such
    as in the windows of points that are not there, costs nothing.
    """
    total = tl.zeros([BM, BN], tl.float32)
    if tl.max(useful.to(tl.int32), 0) > 0:
        for step in range(TAPS * (K // BK)):
            t = tap + step // (K // BK)
            k = (step % (K // BK)) * BK + tl.arange(0, BK)
            row = top + SIGN * (t // 3)
            column = left + SIGN * (t % 3)
            inside = useful & (row >= 0) & (row < height) & (column >= 0) & (column < width)
            sample = (which * height + row) * width + column
            a = tl.load(x + sample[:, None] * K + k[None, :], mask=inside[:, None], other=0.0)
            if TRANSPOSED:
                b = tl.load(weight + t * (K * N) + n[None, :] * K + k[:, None])
            else:
                b = tl.load(weight + t * (K * N) + k[:, None] * N + n[None, :])
            total = tl.dot(a, b, total, input_precision=PRECISION)
    return total


@triton.jit
def add_slices(
    partials,
    m,
    n,
    held,
    rows,
    N: tl.constexpr,
    SLICES: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
):
    """The slices' sums, added in order."""
    total = tl.zeros([BM, BN], tl.float32)
    for piece in tl.static_range(SLICES):
        spot = (piece * rows + m)[:, None] * N + n[None, :]
        total += tl.load(partials + spot, mask=held[:, None], other=0.0).to(tl.float32)
    return total


@triton.jit
def activated(
    total,
    demod,
    bias,
    noise,
    n,
    inside,
    x,
    y,
    map_width,
    clamp,
    DEMODULATED: tl.constexpr,
    NOISY: tl.constexpr,
):
    """What follows the convolution: demodulate, noise, bias, leaky ReLU, clamp; 0 beyond the map.

    (x, y) are positions on the whole map.
    """
    if DEMODULATED:
        total *= tl.load(demod + n)[None, :]
    total += tl.load(bias + n)[None, :]
    if NOISY:
        total += tl.load(noise + y * map_width + x, mask=inside, other=0.0)[:, None]
    total = tl.where(total > 0, total, LEAK * total) * GAIN
    total = tl.maximum(total, -clamp, propagate_nan=tl.PropagateNan.ALL)
    total = tl.minimum(total, clamp, propagate_nan=tl.PropagateNan.ALL)
    return tl.where(inside[:, None], total, 0.0)


@triton.jit
def activate(
    total,
    features,
    scaled,
    demod,
    next_style,
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
    N: tl.constexpr,
    DEMODULATED: tl.constexpr,
    NOISY: tl.constexpr,
    SCALED: tl.constexpr,
):
    """Store what `activated` makes of the sums of rows m.

    `scaled` gets the output times the next layer's style, where that is not in its weights.
    """
    inside = held & on_map(x, y, map_width, map_height)
    total = activated(
        total, demod, bias, noise, n, inside, x, y, map_width, clamp, DEMODULATED, NOISY
    )
    spot = m[:, None] * N + n[None, :]
    tl.store(features + spot, total.to(features.dtype.element_ty), mask=held[:, None])
    if SCALED:
        total *= tl.load(next_style + n)[None, :]
        tl.store(scaled + spot, total.to(scaled.dtype.element_ty), mask=held[:, None])


@triton.jit(
    do_not_specialize=[
        "rows", "from_height", "from_width", "height", "width", "map_height", "map_width",
    ]
)  # fmt: skip
def convolve_kernel(
    x,
    weight,
    partials,
    features,
    scaled,
    demod,
    next_style,
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
    K: tl.constexpr,
    N: tl.constexpr,
    FROM_WINDOWS: tl.constexpr,
    WINDOWS: tl.constexpr,
    SKIPS: tl.constexpr,
    DEMODULATED: tl.constexpr,
    NOISY: tl.constexpr,
    SCALED: tl.constexpr,
    SLICES: tl.constexpr,
    PRECISION: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
):
    """A layer without doubling: grid (row tiles, channel tiles, SLICES).

    In one slice from x to features; in several to `partials` [SLICES, rows, N]. SKIPS: there may
    be windows off the map.
    """
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    held = m < rows
    which, row, column = place(m, height, width)
    x0, y0 = begin(origins, which, held, WINDOWS)
    if FROM_WINDOWS:  # they begin one sample before
        source = which
        top = row
        left = column
    else:
        source = tl.zeros_like(which)
        top = row + y0 - 1
        left = column + x0 - 1
    column += x0
    row += y0
    useful = held & on_map(column, row, map_width, map_height) if SKIPS else held
    total = gathered_product(
        x, weight, source, top, left, useful, n, tl.program_id(2) * (9 // SLICES),
        from_height, from_width, K, N, 1, 9 // SLICES, False, PRECISION, BM, BN, BK,
    )  # fmt: skip
    if SLICES == 1:
        activate(
            total, features, scaled, demod, next_style, bias, noise, m, n, held, column, row,
            map_height, map_width, clamp, N, DEMODULATED, NOISY, SCALED,
        )  # fmt: skip
    else:
        spot = (tl.program_id(2) * rows + m)[:, None] * N + n[None, :]
        tl.store(partials + spot, total.to(partials.dtype.element_ty), mask=held[:, None])


@triton.jit(do_not_specialize=["rows", "height", "width", "map_height", "map_width"])
def products_kernel(
    x,
    weight,
    products,
    origins,
    rows,
    height,
    width,
    map_height,
    map_width,
    K: tl.constexpr,
    N: tl.constexpr,
    SKIPS: tl.constexpr,
    PRECISION: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
):
    """products[t] = x times tap t's matrix: grid (row tiles, channel tiles, 9)."""
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    tap = tl.program_id(2)
    held = m < rows
    which, row, column = place(m, height, width)
    x0, y0 = begin(origins, which, held, SKIPS)
    useful = held & on_map(column + x0, row + y0, map_width, map_height) if SKIPS else held
    total = gathered_product(
        x, weight, which, row, column, useful, n, tap, height, width,
        K, N, 0, 1, False, PRECISION, BM, BN, BK,
    )  # fmt: skip
    spot = (tap * rows + m)[:, None] * N + n[None, :]
    tl.store(products + spot, total.to(products.dtype.element_ty), mask=held[:, None])


@triton.jit(
    do_not_specialize=[
        "rows", "from_rows", "from_height", "from_width", "height", "width",
        "map_height", "map_width",
    ]
)  # fmt: skip
def finish_kernel(
    partials,
    features,
    scaled,
    demod,
    next_style,
    bias,
    noise,
    from_origins,
    origins,
    rows,
    from_rows,
    from_height,
    from_width,
    height,
    width,
    map_height,
    map_width,
    clamp,
    N: tl.constexpr,
    MADE_BY: tl.constexpr,
    FROM_WINDOWS: tl.constexpr,
    WINDOWS: tl.constexpr,
    DEMODULATED: tl.constexpr,
    NOISY: tl.constexpr,
    SCALED: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
):
    """A layer's second half: grid (row tiles, channel tiles).

    MADE_BY says what `partials` are: the sums of so many slices, or of a doubling layer PRODUCTS
    of each tap, or DOUBLED, the transposed convolution's output.
    """
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    held = m < rows
    which, row, column = place(m, height, width)
    x0, y0 = begin(origins, which, held, WINDOWS)
    column += x0
    row += y0
    if MADE_BY > 0:
        total = add_slices(partials, m, n, held, rows, N, MADE_BY, BM, BN)
    else:
        source = which if FROM_WINDOWS else tl.zeros_like(which)
        from_x, from_y = begin(from_origins, source, held, FROM_WINDOWS)
        top = row - 2 * from_y
        left = column - 2 * from_x
        inside = held & on_map(column, row, map_width, map_height)
        if MADE_BY == PRODUCTS:
            total = double_products(
                partials, source, top, left, inside, n, from_rows, from_height, from_width,
                N, BM, BN,
            )  # fmt: skip
        else:
            total = filter_doubled(
                partials, source, top, left, inside, n, from_height, from_width, N, BM, BN
            )
    activate(
        total, features, scaled, demod, next_style, bias, noise, m, n, held, column, row,
        map_height, map_width, clamp, N, DEMODULATED, NOISY, SCALED,
    )  # fmt: skip
