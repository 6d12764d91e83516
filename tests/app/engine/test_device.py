"""What a device is opened with."""

import time

import torch

from draglive.app.engine.device import open_device


def test_a_busy_moment_does_not_choose_the_slower_dtype(monkeypatch):
    calls = []

    def convolve(x, kernel, padding):
        calls.append(x.dtype)
        if x.dtype == torch.float32:
            time.sleep(0.005)
        else:  # others have the cores most of the time
            time.sleep(0.02 if calls.count(x.dtype) < 5 else 0.001)

    monkeypatch.setattr(torch.nn.functional, "conv2d", convolve)
    assert open_device("cpu").dtype == torch.bfloat16
