"""Other tools' generators in float64, from their raw arrays as they lie in the file.

As `reference.py`, but by TensorFlow's and rosinality's own names, layouts and conventions: what
the reader turns, shifts and scales is evaluated here without turning, shifting or scaling it.
"""

import math

import torch

from ..reference import convolve, leaky_relu, low_pass, unit_mean_square, upsample, zeros_around


def scale(weight, fan_in, gain=1.0):
    return weight * gain / math.sqrt(fan_in)


def sparse(x):
    """Zeros between the samples: [C, H, W] to [C, 2H, 2W]."""
    y = x.new_zeros(x.shape[0], 2 * x.shape[1], 2 * x.shape[2])
    y[:, ::2, ::2] = x
    return y


# --- TensorFlow: [height, width, in, out], [in, out], styles about 0 ------------------------------


def tensorflow_picture(arrays, z, c=None):
    """Latents [z_dim] (and a class [c_dim]) to the picture [3, H, W]."""
    top, mapping, v = (
        {k: torch.tensor(x).double() for k, x in arrays[p].items()}
        for p in ("", "mapping", "synthesis")
    )
    del top
    x = unit_mean_square(z[None].double())
    if c is not None:
        weight = mapping["LabelEmbed/weight"]
        embedded = c[None].double() @ scale(weight, weight.shape[0]) + mapping["LabelEmbed/bias"]
        x = torch.cat([x, unit_mean_square(embedded)], dim=1)
    for i in range(2):
        weight = mapping[f"Dense{i}/weight"]
        x = leaky_relu(x @ scale(weight, weight.shape[0], 0.01) + mapping[f"Dense{i}/bias"] * 0.01)
    w = x[0]
    image, x = None, v["4x4/Const/const"][0]
    resnet = any("Skip" in name for name in v)
    heights = sorted(
        int(name.split("x")[0]) for name in v if name.endswith(("Conv/bias", "Conv1/bias"))
    )
    for i, height in enumerate(heights):
        block, below = f"{height}x{height}", x
        if height == 4:
            x = _tf_layer(v, "4x4/Conv", x, w, v["noise0"])
        else:
            x = _tf_layer(v, f"{block}/Conv0_up", x, w, v[f"noise{2 * i - 1}"], up=True)
            x = _tf_layer(v, f"{block}/Conv1", x, w, v[f"noise{2 * i}"])
        if resnet and height > 4:
            skip = v[f"{block}/Skip/weight"][0, 0]
            straight = upsample(torch.einsum("io,ihw->ohw", scale(skip, skip.shape[0]), below))
            x = (x + straight) / math.sqrt(2)
        if image is not None:
            image = upsample(image)
        if f"{block}/ToRGB/weight" in v:
            colours = _tf_colours(v, f"{block}/ToRGB", x, w)
            image = colours if image is None else image + colours
    return image


def _tf_style(v, name, w):
    weight = v[f"{name}/mod_weight"]
    return w @ scale(weight, weight.shape[0]) + v[f"{name}/mod_bias"] + 1


def _tf_layer(v, name, x, w, noise, *, up=False):
    kernel = v[f"{name}/weight"]
    kernel = scale(kernel, kernel[..., 0].numel()) * _tf_style(v, name, w)[:, None]
    kernel = kernel / (kernel.square().sum(dim=(0, 1, 2)) + 1e-8).sqrt()
    if up:  # correlate between the samples, then the low-pass of gain 4
        x = zeros_around(sparse(x), 2, 1)
        height, width = x.shape[1] - 2, x.shape[2] - 2
        size = (height, width)
        y = _correlate(x, kernel, size)
        x = low_pass(zeros_around(y, 1, 1))
    else:
        x = _correlate(zeros_around(x, 1, 1), kernel, x.shape[1:])
    x = x + noise[0, 0] * v[f"{name}/noise_strength"] + v[f"{name}/bias"][:, None, None]
    return leaky_relu(x)


def _correlate(x, kernel, size):
    height, width = size
    return sum(
        torch.einsum("io,ihw->ohw", kernel[i, j], x[:, i : i + height, j : j + width])
        for i in range(3)
        for j in range(3)
    )


def _tf_colours(v, name, x, w):
    kernel = v[f"{name}/weight"][0, 0]
    kernel = scale(kernel, kernel.shape[0]) * _tf_style(v, name, w)[:, None]
    return torch.einsum("io,ihw->ohw", kernel, x) + v[f"{name}/bias"][:, None, None]


# --- rosinality: [1, out, in, 3, 3], filters of sum 4 ---------------------------------------------


def rosinality_picture(state, z):
    """Latents [z_dim] to the picture [3, H, W]."""
    s = {name: value.double() for name, value in state.items()}
    w = unit_mean_square(z[None].double())
    for i in (1, 2):
        weight = s[f"style.{i}.weight"]
        w = leaky_relu(w @ scale(weight, weight.shape[1], 0.01).T + s[f"style.{i}.bias"] * 0.01)
    w = w[0]
    x = _styled(s, "conv1", s["input.input"][0], w, s["noises.noise_0"])
    image = _colours(s, "to_rgb1", x, w)
    for i in range(
        sum(
            name.startswith("to_rgbs") and name.endswith(".bias") and "mod" not in name
            for name in s
        )
    ):
        x = _styled(s, f"convs.{2 * i}", x, w, s[f"noises.noise_{2 * i + 1}"])
        x = _styled(s, f"convs.{2 * i + 1}", x, w, s[f"noises.noise_{2 * i + 2}"])
        smooth = _filtered(zeros_around(sparse(image), 2, 1), s[f"to_rgbs.{i}.upsample.kernel"])
        image = smooth + _colours(s, f"to_rgbs.{i}", x, w)
    return image


def _modulated(s, name, w):
    weight, style = s[f"{name}.conv.weight"][0], s[f"{name}.conv.modulation.weight"]
    style = w @ scale(style, style.shape[1]).T + s[f"{name}.conv.modulation.bias"]
    return scale(weight, weight[0].numel()) * style[:, None, None]


def _styled(s, name, x, w, noise):
    weight = _modulated(s, name, w)
    weight = weight / (weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
    if f"{name}.conv.blur.kernel" in s:  # each sample paints the kernel, two pixels apart
        height, width = x.shape[1:]
        painted = x.new_zeros(weight.shape[0], 2 * height + 1, 2 * width + 1)
        for i in range(3):
            for j in range(3):
                stroke = torch.einsum("oi,ihw->ohw", weight[:, :, i, j], x)
                painted[:, i : i + 2 * height : 2, j : j + 2 * width : 2] += stroke
        x = _filtered(zeros_around(painted, 1, 1), s[f"{name}.conv.blur.kernel"])
    else:
        x = convolve(x, weight)
    x = x + s[f"{name}.noise.weight"] * noise[0]
    return leaky_relu(x + s[f"{name}.activate.bias"][:, None, None])


def _filtered(x, kernel):
    height, width = x.shape[1] - 3, x.shape[2] - 3
    return sum(
        kernel[i, j] * x[:, i : i + height, j : j + width] for i in range(4) for j in range(4)
    )


def _colours(s, name, x, w):
    return convolve(x, _modulated(s, name, w)) + s[f"{name}.bias"][0]
