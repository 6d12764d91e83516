"""Kernels made of the plain-torch truth, to try what stands on fused ones where there are none."""

import torch

from draglive.kernels import to_rgba
from draglive.kernels.synthesis import synthesize_features


class ReferenceFeatures:
    def __init__(self, network, plan, free):
        self.network, self.plan, self.free = network, plan, free
        self.fixed = None
        self.folds = 0

    def fold(self, ws):
        self.fixed = ws[self.free :].clone()
        self.folds += 1

    def forward(self, ws, origins):
        self.leaf = ws[: self.free].clone().requires_grad_()
        with torch.enable_grad():
            whole = torch.cat([self.leaf, self.fixed])
            self.features = synthesize_features(self.network, whole, self.plan, origins)
        return self.features.detach()

    def backward(self, gradient):
        return torch.autograd.grad(self.features, self.leaf, gradient)[0]


class ReferencePicture:
    previews = 0

    def __init__(self, synthesis):
        self.synthesis = synthesis

    def fold(self, ws):
        pass

    def render(self, ws, coarser=0):
        return to_rgba(self.synthesis(ws[None]))

    def take_trouble(self):
        return None


class ReferenceKernels:
    name = "reference"
    build = ""

    def __init__(self, synthesis):
        self.synthesis = synthesis
        self.made = []

    def features(self, network, plan, free):
        self.made.append(ReferenceFeatures(network, plan, free))
        return self.made[-1]

    def picture(self, network, free):
        return ReferencePicture(self.synthesis)

    def whole_step(self, synthesis, state, settings):
        return None
