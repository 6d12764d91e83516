"""What all tests share: a fixed seed, and no `gpu` tests where there is no CUDA device."""

import contextlib
import os
import warnings
from pathlib import Path

import pytest
import torch

if not torch.cuda.is_available():  # before anything imports Triton: its kernels run in Python then
    os.environ.setdefault("TRITON_INTERPRET", "1")


def pytest_addoption(parser):
    parser.addoption(
        "--fuzz", type=int, default=2000, help="how many mutated checkpoints to try (2000)"
    )
    parser.addoption(
        "--upstream",
        type=Path,
        action="append",
        default=[],
        help="a tool's checkout to compare with (tests/stylegan2_jit/checkpoints/test_upstream.py)",
    )


def pytest_configure(config):
    """Tests that run side by side share the cores."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    torch.set_num_threads(max(torch.get_num_threads() // workers, 1))


def pytest_runtest_setup(item):
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")


@pytest.fixture(autouse=True)
def _fixed_seed():
    torch.manual_seed(0)


@pytest.fixture
def card_never_waited_for():
    """A context in which whatever waits for the CUDA card is an error."""

    @contextlib.contextmanager
    def forbidding():
        torch.cuda.synchronize()
        with warnings.catch_warnings():  # it warns that it is a prototype
            warnings.simplefilter("ignore", UserWarning)
            torch.cuda.set_sync_debug_mode("error")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode("default")

    return forbidding
