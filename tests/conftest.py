"""What all tests share: a fixed seed, and no `gpu` tests where there is no CUDA device."""

import pytest
import torch


def pytest_runtest_setup(item):
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")


@pytest.fixture(autouse=True)
def _fixed_seed():
    torch.manual_seed(0)
