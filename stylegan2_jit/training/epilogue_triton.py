"""`epilogue` on a card: one kernel forward, one backward; sums over places are kept by program."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import, misc"
# ruff: noqa: ANN001, ANN201, ANN202, ANN205, N803, PLR0913, PLR0917

import torch
import triton
import triton.language as tl

ELEMENTS = 4096  # of a tile
PROGRAMS = 2048  # at most about so many share a backward pass


@triton.jit
def _rows(image, row, H, W, SPREAD: tl.constexpr):
    """Rows of a map in memory; spread: 2x2 neighbours lie beside each other."""
    first = image * H * W
    if not SPREAD:
        return first + row
    y, x = row // W, row % W
    return first + ((y // 2) * (W // 2) + x // 2) * 4 + (y % 2) * 2 + x % 2


@triton.jit(do_not_specialize=["H", "W"])
def _forward(
    x_map, scale, bias, after, y_map, H, W,
    C: tl.constexpr, BLOCK: tl.constexpr, X_SPREAD: tl.constexpr, Y_SPREAD: tl.constexpr,
    SCALED: tl.constexpr, BIASED: tl.constexpr, AFTER: tl.constexpr, ACTIVE: tl.constexpr,
):  # fmt: skip
    image = tl.program_id(1)
    row = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    column = tl.arange(0, C)
    inside = (row < H * W)[:, None]
    place = _rows(image, row, H, W, X_SPREAD)[:, None] * C + column[None]
    v = tl.load(x_map + place, mask=inside, other=0.0).to(tl.float32)
    if SCALED:
        v = v * tl.load(scale + image * C + column)[None]
    if BIASED:
        v = v + tl.load(bias + column)[None]
    if ACTIVE:
        v = tl.where(v > 0, v, v * 0.2)
    if AFTER:
        v = v * tl.load(after + image * C + column)[None]
    place = _rows(image, row, H, W, Y_SPREAD)[:, None] * C + column[None]
    tl.store(y_map + place, v.to(y_map.dtype.element_ty), mask=inside)


@triton.jit(do_not_specialize=["H", "W", "tiles"])
def _backward(
    x_map, scale, bias, after, g_map, dx_map, sums, H, W, tiles,
    C: tl.constexpr, BLOCK: tl.constexpr, X_SPREAD: tl.constexpr, Y_SPREAD: tl.constexpr,
    SCALED: tl.constexpr, BIASED: tl.constexpr, AFTER: tl.constexpr, ACTIVE: tl.constexpr,
):  # fmt: skip
    part, image = tl.program_id(0), tl.program_id(1)
    column = tl.arange(0, C)
    d_scale = tl.zeros([C], tl.float32)
    d_bias = tl.zeros([C], tl.float32)
    d_after = tl.zeros([C], tl.float32)
    tile = 0
    while tile < tiles:
        row = (part * tiles + tile) * BLOCK + tl.arange(0, BLOCK)
        inside = (row < H * W)[:, None]
        x_place = _rows(image, row, H, W, X_SPREAD)[:, None] * C + column[None]
        y_place = _rows(image, row, H, W, Y_SPREAD)[:, None] * C + column[None]
        x = tl.load(x_map + x_place, mask=inside, other=0.0).to(tl.float32)
        g = tl.load(g_map + y_place, mask=inside, other=0.0).to(tl.float32)
        v = x
        if SCALED:
            v = v * tl.load(scale + image * C + column)[None]
        if BIASED:
            v = v + tl.load(bias + column)[None]
        if AFTER:
            shown = tl.where(v > 0, v, v * 0.2) if ACTIVE else v
            d_after += tl.sum(g * shown, axis=0)
            g = g * tl.load(after + image * C + column)[None]
        if ACTIVE:
            g = tl.where(v > 0, g, g * 0.2)
        if BIASED:
            d_bias += tl.sum(g, axis=0)
        if SCALED:
            d_scale += tl.sum(g * x, axis=0)
            g = g * tl.load(scale + image * C + column)[None]
        tl.store(dx_map + x_place, g.to(dx_map.dtype.element_ty), mask=inside)
        tile += 1
    place = (image * tl.num_programs(0) + part) * 3 * C + column
    if SCALED:
        tl.store(sums + place, d_scale)
    if BIASED:
        tl.store(sums + place + C, d_bias)
    if AFTER:
        tl.store(sums + place + 2 * C, d_after)


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale, bias, after, active, move):
        x = x.contiguous()
        n, height, width, channels = x.shape
        if move == "up":
            height, width, channels = 2 * height, 2 * width, channels // 4
        shape = (n, height, width, channels)
        if move == "down":
            shape = (n, height // 2, width // 2, 4 * channels)
        y = torch.empty(shape, dtype=x.dtype, device=x.device)
        block = max(ELEMENTS // channels, 1)
        ctx.flags = {
            "C": channels,
            "BLOCK": block,
            "X_SPREAD": move == "up",
            "Y_SPREAD": move == "down",
            "SCALED": scale is not None,
            "BIASED": bias is not None,
            "AFTER": after is not None,
            "ACTIVE": active,
        }
        given = [x if t is None else t.contiguous() for t in (scale, bias, after)]
        grid = (triton.cdiv(height * width, block), n)
        _forward[grid](x, *given, y, height, width, **ctx.flags)
        ctx.size = (n, height, width)
        ctx.save_for_backward(x, *given)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        x, scale, bias, after = ctx.saved_tensors
        n, height, width = ctx.size
        channels, block = ctx.flags["C"], ctx.flags["BLOCK"]
        dx = torch.empty_like(x)
        all_tiles = triton.cdiv(height * width, block)
        parts = min(all_tiles, max(PROGRAMS // n, 1))
        tiles = triton.cdiv(all_tiles, parts)
        parts = triton.cdiv(all_tiles, tiles)
        sums = torch.empty(n, parts, 3, channels, dtype=torch.float32, device=x.device)
        _backward[(parts, n)](
            x, scale, bias, after, gradient.contiguous(), dx, sums, height, width, tiles,
            **ctx.flags,
        )  # fmt: skip
        made: list[torch.Tensor | None] = [None, None, None]
        if ctx.flags["SCALED"]:
            made[0] = sums[:, :, 0].sum(1)
        if ctx.flags["BIASED"]:
            made[1] = sums[:, :, 1].sum([0, 1])
        if ctx.flags["AFTER"]:
            made[2] = sums[:, :, 2].sum(1)
        return dx, *made, None, None


def fused(x, scale, bias, after, active, move):
    """As `epilogue.plain`; C (without the four places) is a power of two."""
    return _Fused.apply(x, scale, bias, after, active, move)
