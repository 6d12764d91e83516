"""The layers of StyleGAN2, for inference with a gradient to w+ and to nothing else.

Written from the paper (Karras et al. 2020, "Analyzing and Improving the Image Quality of
StyleGAN") with NVIDIA's parameter names. Two things differ from a trainer's layers:

- Modulation scales the *activations* and demodulation the *outputs* (section 2.2 shows that this
  equals scaling the weights), so weights are constants and backward never makes their gradient.
- The stored parameters stay float32; `prepare` derives from them the constants that run, in the
  compute dtype and layout. They are not part of the state_dict.

Every module here can be scripted, and compiled without graph breaks.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# TorchScript reads no module constants, so the activation's √2 and 0.2 and the demodulation's
# 1e-8 (both papers' values) stand where they are used.


def binomial_filter() -> Tensor:
    """The [1, 3, 3, 1] resampling filter as a 4x4 kernel of sum 1."""
    taps = (1, 3, 3, 1)
    return torch.tensor([[a * b / 64 for a in taps] for b in taps])


def upsample_2x(image: Tensor, fir: Tensor) -> Tensor:
    """Double [N, C, H, W] with the filter `fir` [4, 4] of sum 1; outside the picture is zero."""
    channels = image.shape[1]
    kernel = (fir * 4.0).to(image.dtype)[None, None].expand(channels, 1, 4, 4)
    return F.conv_transpose2d(image, kernel, stride=2, padding=1, groups=channels)


def blur_after_transpose(x: Tensor, fir: Tensor, bias: Tensor | None = None) -> Tensor:
    """The low-pass of an up-convolution: [N, C, 2H+1, 2W+1] to [N, C, 2H, 2W]; `bias` is [C]."""
    if torch.jit.is_scripting():  # type: ignore[attr-defined]
        pass
    elif x.is_cuda and torch.compiler.is_compiling():
        blurred = blur_by_shifts(x, fir)
        return blurred if bias is None else blurred + bias[:, None, None]
    channels = x.shape[1]
    kernel = (fir * 4.0).to(x.dtype)[None, None].expand(channels, 1, 4, 4)
    return F.conv2d(x, kernel, bias, padding=1, groups=channels)


def blur_by_shifts(x: Tensor, fir: Tensor) -> Tensor:
    """As `blur_after_transpose`, of a separable filter, in sums that a compiler makes one loop of.

    Half of a compiled step on a card was cuDNN's grouped convolution. Shifted by padding, not by
    slices: the gradient of a slice is a map stored channel by channel, to be copied in each layer.
    """
    down, across = 2.0 * fir.sum(1), 2.0 * fir.sum(0)
    y = down[0] * F.pad(x, [0, 0, 1, -2])
    for i in range(1, 4):
        y = y + down[i] * F.pad(x, [0, 0, 1 - i, i - 2])
    z = across[0] * F.pad(y, [1, -2])
    for i in range(1, 4):
        z = z + across[i] * F.pad(y, [1 - i, i - 2])
    return z


def drawn(*shape: int, deviation: float = 1.0) -> Tensor:
    """Normal random numbers to begin with; on the meta device their shape only.

    Drawing there, or any arithmetic, would import a compiler: a second of a program's start.
    """
    values = torch.empty(shape)
    return values if values.is_meta else values.normal_(std=deviation)


class FullyConnected(nn.Module):
    """A dense layer with equalised learning rate: weight and bias are stored unscaled.

    Args:
        in_features: width of the input.
        out_features: width of the output.
        activate: leaky ReLU with gain √2 after it.
        lr_multiplier: the trainer's multiplier; stored values are divided by it.
        bias_init: initial bias.
    """

    scaled_weight: Tensor
    scaled_bias: Tensor

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        activate: bool = False,
        lr_multiplier: float = 1.0,
        bias_init: float = 0.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(drawn(out_features, in_features, deviation=1 / lr_multiplier))
        self.bias = nn.Parameter(torch.full((out_features,), bias_init / lr_multiplier))
        self.weight_gain = lr_multiplier / math.sqrt(in_features)
        self.bias_gain = lr_multiplier
        self.activate = activate
        for name in ("scaled_weight", "scaled_bias"):
            self.register_buffer(name, torch.empty(0), persistent=False)

    def prepare(self) -> None:
        """Derive the constants that run: call after loading and after every `.to()`."""
        self.scaled_weight = self.weight.detach() * self.weight_gain
        self.scaled_bias = self.bias.detach() * self.bias_gain

    def forward(self, x: Tensor) -> Tensor:
        """Float32 [N, in] to float32 [N, out]."""
        y = F.linear(x, self.scaled_weight, self.scaled_bias)
        if self.activate:
            y = F.leaky_relu(y, 0.2) * math.sqrt(2.0)
        return y


class SynthesisLayer(nn.Module):
    """A modulated 3x3 convolution with noise, bias and leaky ReLU; `up` doubles the size first."""

    noise_const: Tensor
    resample_filter: Tensor
    kernel: Tensor
    energy: Tensor
    act_bias: Tensor
    fixed_noise: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        w_dim: int,
        *,
        size: tuple[int, int],
        up: bool = False,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.up = up
        self.gain = 1.0 / math.sqrt(in_channels * 9)
        self.clamp = math.inf if clamp is None else clamp
        self.folds = in_channels * out_channels * 9 < (in_channels + out_channels) * math.prod(size)
        self.affine = FullyConnected(w_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(drawn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros([]))
        self.register_buffer("noise_const", drawn(*size))
        self.register_buffer("resample_filter", binomial_filter())
        for name in ("kernel", "energy", "act_bias", "fixed_noise"):
            self.register_buffer(name, torch.empty(0), persistent=False)
        self.noisy = False

    def prepare(self, dtype: torch.dtype) -> None:
        """Derive the constants that run: call after loading and after every `.to()`."""
        weight = self.weight.detach().float() * self.gain
        kernel = (weight.transpose(0, 1) if self.up else weight).to(dtype)
        self.kernel = kernel.contiguous(memory_format=torch.channels_last)
        self.energy = weight.square().sum([2, 3])
        # Leaky ReLU is positively homogeneous: its gain moves into what comes before it.
        root2 = math.sqrt(2.0)
        self.act_bias = (self.bias.detach().float() * root2).to(dtype)
        self.fixed_noise = (self.noise_const * (self.noise_strength.detach() * root2)).to(dtype)
        self.noisy = bool(self.noise_strength != 0)

    def forward(self, x: Tensor, w: Tensor, noise_mode: str, gain: float) -> Tensor:
        """One layer.

        Args:
            x: [N, in, H, W], compute dtype, channels-last.
            w: float32 [N, w_dim].
            noise_mode: 'none', 'const' or 'random'.
            gain: factor on the output (√½ in residual blocks).
        """
        style = self.affine(w)
        demodulation = self.demodulation(style)
        x = x * style.to(x.dtype)[:, :, None, None]
        if self.up:
            x = blur_after_transpose(
                F.conv_transpose2d(x, self.kernel, stride=2), self.resample_filter
            )
        else:
            x = F.conv2d(x, self.kernel, padding=1)
        x = x * demodulation.to(x.dtype)[:, :, None, None]
        if self.noisy and noise_mode != "none":
            x = x + self.noise(x, noise_mode)
        # in place: backward needs neither of the two values that this overwrites
        x = F.leaky_relu_(x.add_(self.act_bias[:, None, None]), 0.2)
        if gain != 1.0:
            x = x * gain
        if self.clamp != math.inf:
            x = x.clamp(-self.clamp * gain, self.clamp * gain)
        return x

    def fixed(self, x: Tensor, w: Tensor, noise_mode: str, gain: float) -> Tensor:
        """As `forward`, for one picture (N = 1), with a gradient to `x` but none to `w`.

        Where the weights are fewer than the activations it scales those, as the paper writes it:
        two passes over the activations are saved, and five more in backward.
        """
        w = w.detach()
        if not self.folds:
            return self.forward(x, w, noise_mode, gain)
        style = self.affine(w)
        demodulation = self.demodulation(style)
        scales = style.T * demodulation if self.up else demodulation.T * style
        kernel = (self.kernel * scales[:, :, None, None]).to(x.dtype)
        if self.up:
            x = F.conv_transpose2d(x, kernel, stride=2)
            x = blur_after_transpose(x, self.resample_filter, self.act_bias)
        else:
            x = F.conv2d(x, kernel, self.act_bias, padding=1)
        if self.noisy and noise_mode != "none":
            x = x + self.noise(x, noise_mode)
        x = F.leaky_relu_(x, 0.2)
        if gain != 1.0:
            x = x * gain
        if self.clamp != math.inf:
            x = x.clamp(-self.clamp * gain, self.clamp * gain)
        return x

    def demodulation(self, style: Tensor) -> Tensor:
        """Float32 [N, in] to [N, out]: one over the expected norm (equation 3), and the √2."""
        norm = F.linear(style.square(), self.energy)
        return (norm + 1e-8).rsqrt() * math.sqrt(2.0)

    def noise(self, x: Tensor, noise_mode: str) -> Tensor:
        """The noise picture, its strength and the activation's gain included."""
        if noise_mode == "const":
            return self.fixed_noise
        fresh = torch.randn([x.shape[0], 1, x.shape[2], x.shape[3]], device=x.device)
        return (fresh * (self.noise_strength * math.sqrt(2.0))).to(x.dtype)


class ToRGB(nn.Module):
    """A modulated 1x1 convolution to colours, without demodulation."""

    kernel: Tensor

    def __init__(
        self, in_channels: int, out_channels: int, w_dim: int, *, clamp: float | None = None
    ) -> None:
        super().__init__()
        self.gain = 1.0 / math.sqrt(in_channels)
        self.clamp = math.inf if clamp is None else clamp
        self.affine = FullyConnected(w_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(drawn(out_channels, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.register_buffer("kernel", torch.empty(0), persistent=False)

    def prepare(self, dtype: torch.dtype) -> None:
        """Derive the constants that run: call after loading and after every `.to()`."""
        self.kernel = (self.weight.detach().float() * self.gain).to(dtype)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """[N, in, H, W] of the compute dtype to float32 colours [N, out, H, W]."""
        style = self.affine(w)
        if x.shape[0] == 1:  # three rows of weights are fewer than the activations
            y = F.conv2d(x, (self.kernel * style[:, :, None, None]).to(x.dtype)).float()
        else:
            y = F.conv2d(x * style.to(x.dtype)[:, :, None, None], self.kernel).float()
        y = y + self.bias[:, None, None]
        if self.clamp != math.inf:
            y = y.clamp(-self.clamp, self.clamp)
        return y


class Skip(nn.Module):
    """The residual branch: a 1x1 convolution, then doubling."""

    resample_filter: Tensor
    kernel: Tensor

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.gain = math.sqrt(0.5 / in_channels)
        self.weight = nn.Parameter(drawn(out_channels, in_channels, 1, 1))
        self.register_buffer("resample_filter", binomial_filter())
        self.register_buffer("kernel", torch.empty(0), persistent=False)

    def prepare(self, dtype: torch.dtype) -> None:
        """Derive the constants that run: call after loading and after every `.to()`."""
        self.kernel = (self.weight.detach().float() * self.gain).to(dtype)

    def forward(self, x: Tensor) -> Tensor:
        """[N, in, H, W] to [N, out, 2H, 2W]."""
        return upsample_2x(F.conv2d(x, self.kernel), self.resample_filter)
