"""The StyleGAN2 generator: configuration, networks, latents, checkpoints, back-ends."""
