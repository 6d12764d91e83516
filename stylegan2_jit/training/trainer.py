"""Training: pairs first where there are any, then pairs and the adversarial game together.

Of rendered creatures every latent has its true picture. The first vectors of w+ carry geometry and
the rest appearance, so dragging, which moves the first, leaves colours alone. A folder of
pictures has no truth: there the game is played alone, with adaptive augmentation.

A run is a folder: state.safetensors to go on from, model.safetensors to use, sheets and
metrics.jsonl. Starting it again goes on. Each sitting ends with a falling learning rate.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..checkpoints.safetensors_file import save_generator
from . import losses, state
from .augment import Augmentation
from .company import Company
from .data import Batch, Creatures, Folder, Source
from .discriminator import Discriminator
from .factors import FACTORS
from .folder import DataError
from .keypoint_network import KeyPointNetwork, load_keypoint_network
from .renderer import Renderer
from .settings import Settings
from .sheets import write_sheet
from .silence import first_layer, silence
from .trainable import Trainable

KEPT_EVERY_S = 120.0
GEOMETRY_LAYERS = 7  # of w+: those of the blocks to 32 px
PRESET = {
    "step_size": 0.03,
    "motion_radius_px": 3.0,
    "track_radius_px": 7,
    "feature_resolution": 64,
    "last_layer": 4,
}


def _dtype(device: torch.device) -> torch.dtype:
    """Of the convolutions: bfloat16 where the hardware has it (1.6 times faster on a CPU)."""
    cpu_has = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if device.type == "cuda" or cpu_has else torch.float32


@dataclass(frozen=True, slots=True)
class Report:
    """What a sitting came to."""

    steps: int
    pictures: int
    seconds: float
    first: dict[str, float]  # the first metrics of this sitting
    last: dict[str, float]
    sheet: Path


class Trainer:
    """A run in the folder `settings.out`, which is made if need be.

    Raises:
        DataError: the data cannot be trained on, or the folder holds another run.
    """

    def __init__(self, settings: Settings) -> None:
        self.company = Company(settings.device)
        self.settings, self.device = settings, torch.device(self.company.device)
        torch.manual_seed(settings.seed + self.company.rank)
        if settings.device.startswith("cuda"):
            torch.backends.cudnn.benchmark = True
            torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
        dtype = _dtype(self.device)
        config = settings.generator
        self.source = self._open_source()
        self.generator = Trainable(config, noisy=not settings.pairs, dtype=dtype).to(self.device)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.discriminator = Discriminator(
            settings.resolution,
            channel_base=config.channel_base,
            channel_max=config.channel_max,
            dtype=dtype,
        ).to(self.device)
        self._silence_upper_blocks()
        self._make_optimizers()
        settings.out.mkdir(parents=True, exist_ok=True)
        found = state.load(settings.out, self._modules(), self._optimizers(), self._about())
        self.progress = found or self._begun()
        if settings.pairs:
            self._silence_unused()
        self.company.same_weights(self._modules().values())
        self.augmentation = Augmentation(self.progress.augmentation)
        self._started = self.progress.steps
        self._rise_steps = 200 if settings.start else 20
        self._told_every = 25 if self.device.type == "cuda" else 1
        self._guide = self._open_guide()
        self._fixed_z = torch.randn(24, config.z_dim, generator=torch.Generator().manual_seed(1))

    def _begun(self) -> state.Progress:
        """A new run, from given networks if there are any."""
        settings = self.settings
        if settings.start:
            for module in (self.generator, self.average):
                state.read_weights(module.network, settings.start)
        if settings.start_discriminator:
            state.read_weights(self.discriminator, settings.start_discriminator)
        return state.Progress(warm=settings.start is not None or not settings.pairs)

    def _open_source(self) -> Source:
        settings = self.settings
        if not settings.pairs:
            return Folder(Path(settings.data), settings.resolution, self.device)
        size = 16384 if self.device.type == "cuda" else 1024
        renderer = Renderer(self.device)
        return Creatures(renderer, settings.resolution, settings.generator.z_dim, size=size)

    def _open_guide(self) -> KeyPointNetwork | None:
        path = self.settings.guide
        return load_keypoint_network(path).to(self.device) if path else None

    def _silence_upper_blocks(self) -> None:
        """Blocks that the first phase does not train begin without colours."""
        if self.settings.pairs:
            for r in self.settings.generator.block_resolutions:
                if r > self.settings.warmup_resolution:
                    block = getattr(self.generator.network.synthesis, f"b{r}")
                    block.torgb.weight.data.zero_()

    def _silence_unused(self) -> None:
        """Components of z that drive no factor are not heard, and stay so (`silence`)."""
        heard = torch.arange(self.settings.generator.z_dim, device=self.device) < len(FACTORS)
        weight = first_layer(self.generator.network).weight
        if weight.detach()[:, ~heard].any():
            silence(self.generator.network)
            self.average.load_state_dict(self.generator.state_dict())
        weight.register_hook(lambda gradient: gradient * heard)

    def _make_optimizers(self) -> None:
        mapping = list(self.generator.network.mapping.parameters())
        rest = [p for p in self.generator.network.synthesis.parameters() if p.requires_grad]
        rate, fused = self.settings.learning_rate, self.device.type == "cuda"
        self._g_optimizer = torch.optim.Adam(
            [
                {"params": rest, "factor": 1.0},
                {"params": mapping, "factor": self.settings.mapping_rate},
            ],
            lr=rate,
            betas=(0.0, 0.99),
            eps=1e-8,
            fused=fused,
        )
        self._d_optimizer = torch.optim.Adam(
            [{"params": list(self.discriminator.parameters()), "factor": 1.0}],
            lr=rate,
            betas=(0.0, 0.99),
            eps=1e-8,
            fused=fused,
        )

    def _modules(self) -> dict[str, torch.nn.Module]:
        return {
            "generator": self.generator,
            "average": self.average,
            "discriminator": self.discriminator,
        }

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"g_moments": self._g_optimizer, "d_moments": self._d_optimizer}

    def _about(self) -> dict[str, object]:
        return {"pairs": self.settings.pairs, "resolution": self.settings.resolution}

    def run(self, tell: Callable[[float, dict[str, float]], None]) -> Report:
        """Train for `settings.minutes`.

        Args:
            tell: called with the share of the time gone and a step's metrics: of each step, on a
                card of each 25th, so that it need not wait.
        """
        begun = kept = time.perf_counter()
        whole = 60 * self.settings.minutes
        before = self.progress.seconds
        first: dict[str, float] = {}
        metrics: dict[str, float] = {}
        while True:
            share = self.company.agree((time.perf_counter() - begun) / whole)
            if share >= 1 and metrics:
                break
            share = min(share, 1.0)
            self.progress.warm = self.progress.warm or share >= self.settings.warmup_share
            now = self.step(share)
            if metrics and (self.progress.steps - self._started) % self._told_every:
                continue
            metrics = self._told(now)
            first = first or metrics
            self.progress.seconds = before + time.perf_counter() - begun
            if self.company.first:
                self._log(metrics)
            tell(share, metrics)
            if self.company.first and time.perf_counter() - kept > KEPT_EVERY_S:
                self.keep()
                kept = time.perf_counter()
        sheet = self.keep() if self.company.first else self._sheet_path()
        p = self.progress
        return Report(p.steps, p.pictures, p.seconds, first, metrics, sheet)

    def _told(self, metrics: dict[str, Tensor]) -> dict[str, float]:
        told = {name: float(value) for name, value in metrics.items()}
        for name, value in told.items():
            if not math.isfinite(value):
                raise DataError(f"{name} became {value} at step {self.progress.steps}: stopped")
        return told

    def step(self, share: float) -> dict[str, Tensor]:
        """One step; `share` of the sitting's time is gone. Returns metrics, on the device."""
        self._set_rates(share)
        batch = self.source.batch(self.settings.batch_size)
        metrics = self._adversarial_step(batch) if self.progress.warm else self._paired_step(batch)
        self._follow()
        self.progress.steps += 1
        self.progress.pictures += len(batch.pictures) * self.company.size
        return metrics

    def _set_rates(self, share: float) -> None:
        """Rises over some steps, falls in the second half; double while there is no game."""
        rise = min(1.0, (self.progress.steps - self._started + 1) / self._rise_steps)
        rise *= 1 if self.progress.warm else 2
        fall = 1.0 if share < 0.5 else 0.08 + 0.92 * (0.5 - 0.5 * math.cos(2 * math.pi * share))
        for optimizer in self._optimizers().values():
            for group in optimizer.param_groups:
                group["lr"] = self.settings.learning_rate * rise * fall * group["factor"]
                group["betas"] = (0.0 if self.progress.warm else 0.9, 0.99)  # a game: no momentum

    def _paired_step(self, batch: Batch) -> dict[str, Tensor]:
        resolution = self.settings.warmup_resolution
        truth = torch.nn.functional.adaptive_avg_pool2d(batch.pictures, resolution)
        loss = losses.paired(self.generator(self._styles(batch), resolution), truth)
        self._improve(self._g_optimizer, loss)
        return {"paired": loss.detach()}

    def _adversarial_step(self, batch: Batch) -> dict[str, Tensor]:
        made = self.generator(self._styles(batch))
        metrics, real_activations = self._teach(made.detach(), batch.pictures)
        self.discriminator.requires_grad_(False)
        scores, activations = self.discriminator(self.augmentation(made))
        loss = losses.generator_loss(scores)
        metrics["game"] = loss.detach()
        if self.settings.pairs:
            paired = losses.paired(made, batch.pictures)
            matched = losses.matched(activations, real_activations)
            metrics |= {"paired": paired.detach(), "matched": matched.detach()}
            loss = self.settings.adversarial_weight * loss
            loss = loss + self.settings.paired_weight * paired
            loss = loss + self.settings.matched_weight * matched
            if self._guide:
                misplaced, unlike = losses.guided(self._guide, made, batch.pictures)
                metrics |= {"misplaced": misplaced.detach(), "unlike": unlike.detach()}
                loss = loss + self.settings.misplaced_weight * misplaced
                loss = loss + self.settings.unlike_weight * unlike
        if self.settings.path_weight and self.progress.steps % self.settings.path_every == 0:
            loss = loss + self._path_loss(batch, metrics)
        self._improve(self._g_optimizer, loss)
        self.discriminator.requires_grad_(True)
        return metrics

    def _teach(self, made: Tensor, real: Tensor) -> tuple[dict[str, Tensor], list[Tensor]]:
        """A step of the discriminator; metrics, and its activations of the real pictures."""
        count = len(made)
        shown = self.augmentation(real)
        scores, activations = self.discriminator(torch.cat([self.augmentation(made), shown]))
        loss = losses.discriminator_loss(scores[:count], scores[count:])
        metrics = {"discriminator": loss.detach()}
        metrics |= {"real": scores[count:].detach().mean(), "fake": scores[:count].detach().mean()}
        if self.progress.steps % self.settings.r1_every == 0:
            penalty = losses.r1_penalty(self.discriminator, shown[: max(4, count // 16 * 4)])
            loss = loss + penalty * (self.settings.r1_gamma / 2 * self.settings.r1_every)
            metrics["r1"] = penalty.detach()
        self._improve(self._d_optimizer, loss)
        if not self.settings.pairs:
            self.augmentation.follow(scores[count:])
            self.progress.augmentation = self.augmentation.probability
            metrics["augmentation"] = torch.tensor(self.augmentation.probability)
        return metrics, [a[count:].detach() for a in activations]

    def _path_loss(self, batch: Batch, metrics: dict[str, Tensor]) -> Tensor:
        ws = self._styles(batch)[: max(4, len(batch.pictures) // 2)]
        mean = torch.tensor(self.progress.path_mean, device=self.device)
        penalty, mean = losses.path_penalty(self.generator(ws, dtype=torch.float32), ws, mean)
        self.progress.path_mean = float(mean)
        metrics["path"] = penalty.detach()
        return penalty * (self.settings.path_weight * self.settings.path_every)

    def _improve(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.company.average(p for group in optimizer.param_groups for p in group["params"])
        optimizer.step()

    def _styles(self, batch: Batch) -> Tensor:
        """w+ [N, num_ws, w_dim]: of a pair's two latents, or of two random ones (style mixing)."""
        config, count = self.settings.generator, len(batch.pictures)
        layers = torch.arange(config.num_ws, device=self.device)[None, :, None]
        if batch.geometry is not None and batch.appearance is not None:
            first, second = batch.geometry, batch.appearance
            cut = torch.tensor(min(GEOMETRY_LAYERS, config.num_ws - 2), device=self.device)
        else:
            first, second = torch.randn(2, count, config.z_dim, device=self.device)
            cut = torch.randint(1, config.num_ws, (count, 1, 1), device=self.device)
            whole = torch.rand(count, 1, 1, device=self.device) >= self.settings.mixing
            cut = torch.where(whole, config.num_ws, cut)
        w = self.generator.styles(torch.cat([first, second]))
        with torch.no_grad():
            self.generator.network.mapping.w_avg.lerp_(w[:count].mean(0), 0.005)
        return torch.where(layers < cut, w[:count, None], w[count:, None])

    @torch.no_grad()
    def _follow(self) -> None:
        """The average of the weights, over about 10,000 pictures, fewer at first."""
        half_life = min(10_000.0, 0.05 * self.progress.pictures + 16)
        part = 1 - 0.5 ** (self.settings.batch_size * self.company.size / half_life)
        own = [*self.generator.parameters(), self.generator.network.mapping.w_avg]
        averaged = [*self.average.parameters(), self.average.network.mapping.w_avg]
        torch._foreach_lerp_([p.data for p in averaged], [p.data for p in own], part)

    def _log(self, metrics: dict[str, float]) -> None:
        p = self.progress
        entry = {"step": p.steps, "pictures": p.pictures, "seconds": round(p.seconds, 2)}
        entry |= {name: float(f"{value:.5g}") for name, value in metrics.items()}
        with (self.settings.out / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def keep(self) -> Path:
        """Write state, model and a sheet of fixed latents; the sheet's path."""
        out = self.settings.out
        self._centre()
        state.save(out, self._modules(), self._optimizers(), self.progress, self._about())
        model = copy.deepcopy(self.average.network).cpu()
        licence = "MIT" if self.settings.pairs else "that of its training pictures"
        save_generator(
            model,
            out / "model.safetensors",
            name=f"{Path(self.settings.data).name}-{self.settings.resolution}",
            drag_preset=PRESET,
            licence=licence,
        )
        path = self._sheet_path()
        write_sheet(path, self.samples(self._fixed_z))
        return path

    def _sheet_path(self) -> Path:
        return self.settings.out / f"sheet-{self.progress.pictures // 1000:06d}k.png"

    @torch.no_grad()
    def _centre(self) -> None:
        """The mean of w, exactly enough: truncation pulls to it."""
        z = torch.randn(16384, self.settings.generator.z_dim, device=self.device)
        self.average.network.mapping.w_avg.copy_(self.average.styles(z).mean(0))

    @torch.no_grad()
    def samples(self, z: Tensor) -> Tensor:
        """Pictures of latents [N, z_dim] by the averaged weights."""
        ws = self.average.styles(z.to(self.device))[:, None]
        ws = ws.expand(-1, self.settings.generator.num_ws, -1)
        return torch.cat([self.average(part) for part in ws.split(8)])
