"""How the Triton twins are run under Triton's interpreter."""


def in_few_programs(_rows, k, n, _dtype):
    """For `tile_product` under the interpreter, three slices as one has them on a card."""
    from draglive.kernels.tiles_triton import Tiling, divisor

    return Tiling(128, divisor(n, 64), divisor(k, 64), 3, 4, 2)


def in_few_quads(_quads, k, n, _dtype):
    """For `tile_quad_product` under the interpreter, on maps that would be too small for it."""
    from draglive.kernels.tiles_triton import Tiling, divisor

    return Tiling(16, divisor(n, 64), divisor(k, 64), 1, 4, 2)
