"""StyleGAN2 in float64, from the raw arrays of a state_dict: the truth the generator is held to.

Written from the papers alone and as they write it: styles scale the *weights* (Karras et al. 2020,
section 2.2), one picture at a time, and every convolution is a sum of shifted maps, so that the
geometry of up-convolution and low-pass can be read. Imports nothing of draglive. Autograd goes
through it. The architecture follows from the names and shapes of the arrays.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

State = Mapping[str, Tensor]
Noise = Callable[[str], Tensor | None]  # a layer's name -> its noise pictures [N or 1, H, W]


def float64_state(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().double() for name, value in module.state_dict().items()}


def mapping(
    state: State,
    z: Tensor,
    c: Tensor | None = None,
    *,
    lr_multiplier: float = 0.01,
    psi: float = 1.0,
    cutoff: int | None = None,
) -> Tensor:
    """Latents [N, z_dim] (and classes [N, c_dim]) to w+ [N, num_ws, w_dim]."""
    x = unit_mean_square(z.double())
    if "mapping.embed.weight" in state:
        embedded = dense(state, "mapping.embed", c.double())
        x = torch.cat([x, unit_mean_square(embedded)], dim=1)
    depth = sum(name.startswith("mapping.fc") and name.endswith(".bias") for name in state)
    for i in range(depth):
        x = leaky_relu(dense(state, f"mapping.fc{i}", x, lr_multiplier))
    w_avg, count = state["mapping.w_avg"], 2 * len(resolutions(state))
    truncated = w_avg + psi * (x - w_avg)
    end = count if cutoff is None else cutoff
    return torch.stack([truncated if i < end else x for i in range(count)], dim=1)


def synthesis(
    state: State, ws: Tensor, noise: Noise | None = None, clamp: float | None = None
) -> tuple[list[Tensor], Tensor]:
    """w+ [N, num_ws, w_dim] to every block's activations [N, C, h, w] and the picture."""
    one_by_one = [_one_picture(state, w, i, noise, clamp) for i, w in enumerate(ws.double())]
    activations = [torch.stack(maps) for maps in zip(*(a for a, _ in one_by_one), strict=True)]
    return activations, torch.stack([image for _, image in one_by_one])


def const_noise(state: State) -> Noise:
    """The noise pictures stored with the weights."""
    return lambda layer: state[f"{layer}.noise_const"][None]


def layers(state: State) -> list[str]:
    """Names of the noisy layers, in the order in which they run."""
    both = [
        f"synthesis.b{r}.{conv}" for r in sorted(resolutions(state)) for conv in ("conv0", "conv1")
    ]
    return [name for name in both if f"{name}.weight" in state]


def resolutions(state: State) -> list[int]:
    """Heights of the blocks, lowest first."""
    heights = {int(name.split(".")[1][1:]) for name in state if name.startswith("synthesis.b")}
    return sorted(heights)


def _one_picture(
    state: State, ws: Tensor, index: int, noise: Noise | None, clamp: float | None
) -> tuple[list[Tensor], Tensor]:
    def layer(name: str, x: Tensor, w: Tensor, gain: float = 1.0) -> Tensor:
        pictures = None if noise is None else noise(name)
        picture = None if pictures is None else pictures[index % len(pictures)]
        return styled_convolution(state, name, x, w, noise=picture, gain=gain, clamp=clamp)

    activations: list[Tensor] = []
    image = None
    x = state["synthesis.b4.const"]
    for i, resolution in enumerate(resolutions(state)):
        block = f"synthesis.b{resolution}"
        residual = f"{block}.skip.weight" in state
        below = x
        if i > 0:
            x = layer(f"{block}.conv0", x, ws[2 * i - 1])
        x = layer(f"{block}.conv1", x, ws[2 * i], math.sqrt(0.5) if residual else 1.0)
        if residual:
            weight = state[f"{block}.skip.weight"] / math.sqrt(below.shape[0])
            x = x + math.sqrt(0.5) * upsample(convolve(below, weight))
        activations.append(x)
        if image is not None:
            image = upsample(image)
        if f"{block}.torgb.weight" in state:
            colours = to_rgb(state, f"{block}.torgb", x, ws[2 * i + 1], clamp)
            image = colours if image is None else image + colours
    return activations, image


def styled_convolution(
    state: State,
    name: str,
    x: Tensor,
    w: Tensor,
    *,
    noise: Tensor | None,
    gain: float,
    clamp: float | None,
) -> Tensor:
    """Equations 1 and 3: modulate and demodulate the weights; then noise, bias, activation."""
    weight = state[f"{name}.weight"]
    weight = weight / math.sqrt(weight[0].numel())
    style = dense(state, f"{name}.affine", w[None])[0]
    weight = weight * style[None, :, None, None]
    weight = weight / (weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
    x = up_convolve(x, weight) if name.endswith("conv0") else convolve(x, weight)
    if noise is not None:
        x = x + state[f"{name}.noise_strength"] * noise
    x = leaky_relu(x + state[f"{name}.bias"][:, None, None]) * gain
    return x if clamp is None else x.clamp(-clamp * gain, clamp * gain)


def to_rgb(state: State, name: str, x: Tensor, w: Tensor, clamp: float | None) -> Tensor:
    """Modulated, not demodulated, 1x1."""
    weight = state[f"{name}.weight"]
    style = dense(state, f"{name}.affine", w[None])[0]
    weight = weight * style[None, :, None, None] / math.sqrt(weight.shape[1])
    y = convolve(x, weight) + state[f"{name}.bias"][:, None, None]
    return y if clamp is None else y.clamp(-clamp, clamp)


def dense(state: State, name: str, x: Tensor, lr_multiplier: float = 1.0) -> Tensor:
    """Equalised learning rate: stored weights are of unit variance over the multiplier."""
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    return x @ (weight * lr_multiplier / math.sqrt(weight.shape[1])).T + bias * lr_multiplier


def unit_mean_square(x: Tensor) -> Tensor:
    return x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()


def leaky_relu(x: Tensor) -> Tensor:
    return math.sqrt(2.0) * torch.where(x < 0, 0.2 * x, x)


def zeros_around(x: Tensor, before: int, after: int) -> Tensor:
    channels, height, width = x.shape
    y = x.new_zeros(channels, height + before + after, width + before + after)
    y[:, before : before + height, before : before + width] = x
    return y


def convolve(x: Tensor, weight: Tensor) -> Tensor:
    """[I, H, W] with [O, I, k, k] to [O, H, W]: the deep-learning kind, zeros outside."""
    height, width = x.shape[1:]
    size = weight.shape[2]
    padded = zeros_around(x, size // 2, size // 2)
    return sum(
        torch.einsum("oi,ihw->ohw", weight[:, :, i, j], padded[:, i : i + height, j : j + width])
        for i in range(size)
        for j in range(size)
    )


def up_convolve(x: Tensor, weight: Tensor) -> Tensor:
    """Each sample paints the 3x3 kernel, two pixels apart; then the low-pass of gain 4."""
    height, width = x.shape[1:]
    painted = x.new_zeros(weight.shape[0], 2 * height + 1, 2 * width + 1)
    for i in range(3):
        for j in range(3):
            stroke = torch.einsum("oi,ihw->ohw", weight[:, :, i, j], x)
            painted[:, i : i + 2 * height : 2, j : j + 2 * width : 2] += stroke
    return low_pass(zeros_around(painted, 1, 1))


def upsample(image: Tensor) -> Tensor:
    """Zeros between the samples, then the low-pass of gain 4: [C, H, W] to [C, 2H, 2W]."""
    channels, height, width = image.shape
    sparse = image.new_zeros(channels, 2 * height, 2 * width)
    sparse[:, ::2, ::2] = image
    return low_pass(zeros_around(sparse, 2, 1))


def low_pass(x: Tensor) -> Tensor:
    """[1, 3, 3, 1] in both directions, sum 2 in each; three rows and columns are used up."""
    height, width = x.shape[1] - 3, x.shape[2] - 3
    taps = [0.25, 0.75, 0.75, 0.25]
    rows = sum(tap * x[:, i : i + height] for i, tap in enumerate(taps))
    return sum(tap * rows[:, :, j : j + width] for j, tap in enumerate(taps))
