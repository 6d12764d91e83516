"""The StyleGAN2 generator: configuration, networks, latents, checkpoints, back-ends."""

from .checkpoints import Checkpoint, CheckpointError, load_checkpoint, load_generator
from .config import ConfigError, GeneratorConfig
from .latents import seed_to_ws, seed_to_z
from .networks import Generator, Synthesis

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "ConfigError",
    "Generator",
    "GeneratorConfig",
    "Synthesis",
    "load_checkpoint",
    "load_generator",
    "seed_to_ws",
    "seed_to_z",
]
