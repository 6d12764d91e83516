"""Feature maps and points that the point operations are tried on: odd sizes, borders, overlaps."""

import torch

# channels, feature map (h, w), picture (H, W)
GEOMETRIES = {
    "quarter size": (4, (8, 8), (32, 32)),
    "same size": (3, (12, 12), (12, 12)),
    "odd": (3, (5, 9), (37, 70)),
    "narrow": (2, (16, 8), (64, 32)),
    "one sample": (1, (1, 1), (7, 9)),
    "larger than the picture": (2, (11, 13), (6, 5)),
}
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
