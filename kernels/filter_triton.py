"""The filter of a doubling layer inside Triton kernels: [1, 3, 3, 1] in both directions."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803, PLR1714

import triton
import triton.language as tl


@triton.jit
def filter_tap(u):
    """[1, 3, 3, 1] / 4 at u = 0..3, otherwise 0."""
    return tl.where((u == 1) | (u == 2), 0.75, tl.where((u == 0) | (u == 3), 0.25, 0.0))


@triton.jit
def double_products(
    products,
    source,
    row,
    column,
    held,
    n,
    from_rows,
    from_height,
    from_width,
    N: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
):
    """Doubled and filtered at (row, column), counted from twice the first sample of `products`.

    The transposed convolution puts tap k of sample j at 2j + k, and the filter's tap u takes what
    lies at row + u - 1: so sample row // 2 + j adds its tap k with the filter's tap
    2j + k + 1 - row % 2, for j = -1..1.
    """
    total = tl.zeros([BM, BN], tl.float32)
    for down in tl.static_range(9):
        if down != 0 and down != 8:  # j = -1, k = 0 and j = 1, k = 2 never meet the filter
            v = row // 2 + down // 3 - 1
            down_tap = filter_tap(2 * (down // 3 - 1) + down % 3 + 1 - row % 2)
            for across in tl.static_range(9):
                if across != 0 and across != 8:
                    u = column // 2 + across // 3 - 1
                    tap = down_tap * filter_tap(2 * (across // 3 - 1) + across % 3 + 1 - column % 2)
                    inside = held & (v >= 0) & (v < from_height) & (u >= 0) & (u < from_width)
                    sample = (source * from_height + v) * from_width + u
                    spot = ((down % 3 * 3 + across % 3) * from_rows + sample)[:, None] * N + n
                    found = tl.load(products + spot, mask=(inside & (tap != 0))[:, None], other=0.0)
                    total += tap[:, None] * found.to(tl.float32)
    return total


@triton.jit
def filter_doubled(
    doubled,
    source,
    row,
    column,
    held,
    n,
    from_height,
    from_width,
    N: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
):
    """As `double_products`, from the transposed convolution's output, one sample more a side."""
    total = tl.zeros([BM, BN], tl.float32)
    height = 2 * from_height + 1
    width = 2 * from_width + 1
    for down in tl.static_range(4):
        for across in tl.static_range(4):
            v = row + down - 1
            u = column + across - 1
            inside = held & (v >= 0) & (v < height) & (u >= 0) & (u < width)
            sample = (source * height + v) * width + u
            spot = sample[:, None] * N + n[None, :]
            found = tl.load(doubled + spot, mask=inside[:, None], other=0.0)
            total += filter_tap(down) * filter_tap(across) * found.to(tl.float32)
    return total
