"""Feature maps and points that the point operations are tried on: odd sizes, borders, overlaps."""

import torch
import torch.nn.functional as F

from draglive.kernels.windows import plan_windows, window_origins

# channels, feature map (h, w), picture (H, W)
GEOMETRIES = {
    "quarter size": (4, (8, 8), (32, 32)),
    "same size": (3, (12, 12), (12, 12)),
    "odd": (3, (5, 9), (37, 70)),
    "narrow": (2, (16, 8), (64, 32)),
    "one sample": (1, (1, 1), (7, 9)),
    "larger than the picture": (2, (11, 13), (6, 5)),
}
# those whose samples are as wide as they are high, as every generator's are
SQUARE_SAMPLES = ["quarter size", "same size", "narrow"]
DTYPES = [torch.float32, torch.bfloat16, torch.float16, torch.float64]
LAYOUTS = [torch.contiguous_format, torch.channels_last]


def feature_map(channels, size, dtype=torch.float32, layout=torch.contiguous_format):
    return torch.randn(1, channels, *size).to(dtype).contiguous(memory_format=layout)


def border_points(image_size):
    """Inside, in corners, on edges, beyond the outermost pixels' centres; two discs overlap."""
    height, width = image_size
    right, bottom = width - 1.0, height - 1.0
    return torch.tensor(
        [
            [0.37 * width, 0.61 * height],
            [0.37 * width + 0.75, 0.61 * height - 0.25],
            [0.0, 0.0],
            [right, bottom],
            [right, 0.4 * height],
            [0.25 * width, bottom],
            [-0.5, -0.5],
            [right + 0.5, bottom + 0.5],
            [right + 0.3, -0.2],
        ]
    )


def on(device, *tensors):
    return [tensor.to(device) for tensor in tensors]


def windows_around(handles, reach_px, map_size, image_size):
    """Where a window around each handle begins, int32 [P, 2], and how large they are."""
    plan = plan_windows(
        [(False, *map_size)],
        points=len(handles),
        reach_px=reach_px,
        image_height=image_size[0],
        cover=torch.inf,
    )
    return window_origins(plan, [False], handles)[0], plan.makes[0].size


def cut(features, origins, size, beyond=0.0):
    """Windows [P, C, size, size] of a map [1, C, h, w], with `beyond` where the map has ended."""
    margin = int(origins.abs().max()) + size
    wide = F.pad(features, [margin] * 4, value=beyond)
    windows = [wide[..., y : y + size, x : x + size] for x, y in (origins + margin).tolist()]
    return torch.cat(windows).contiguous(memory_format=layout_of(features))


def put_back(windows, origins, map_size):
    """The sum of what windows hold, on a map [1, C, h, w]; what lies beyond it is dropped."""
    size = windows.shape[2]
    margin = int(origins.abs().max()) + size
    wide = windows.new_zeros(1, windows.shape[1], *(side + 2 * margin for side in map_size))
    for window, (x, y) in zip(windows, (origins + margin).tolist(), strict=True):
        wide[0, :, y : y + size, x : x + size] += window
    return F.pad(wide, [-margin] * 4)


def layout_of(features):
    return LAYOUTS[1 - features.is_contiguous()]
