"""The devices that every kernel is held to, and the builds of the native ones."""

import pytest
import torch

from draglive.kernels import native
from draglive.kernels.native import NativeError


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    return torch.device(request.param)


@pytest.fixture
def deterministic():
    """On a card, scattered sums in the same order each time."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="module", params=["best", "portable"])
def level(request):
    """Builds that differ: this CPU's best, and the one for CPUs without AVX512."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "portable":
            patch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
        try:
            yield native.load().level
        except NativeError as missing:
            pytest.skip(str(missing))
