"""The processes of one run share gradients, weights and the clock."""

import os
import socket
import subprocess
import sys

from draglive.stylegan2_jit.training.company import Company

SCRIPT = """
import sys, torch
sys.path.insert(0, {root!r})
import conftest
from draglive.stylegan2_jit.training.company import Company

company = Company("cpu")
layer = torch.nn.Linear(2, 1)
torch.nn.init.constant_(layer.weight, company.rank + 5.0)
company.same_weights([layer])
layer(torch.full((1, 2), company.rank + 1.0)).sum().backward()
company.average(layer.parameters())
number = company.agree(company.rank + 0.5)
print(layer.weight.tolist(), layer.weight.grad.tolist(), layer.bias.grad.tolist(), number)
torch.distributed.destroy_process_group()
"""


def test_two_processes_agree(request):
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    script = SCRIPT.format(root=str(request.config.rootpath))
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            env=os.environ | shared | {"RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    told = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert told == ["[[5.0, 5.0]] [[1.5, 1.5]] [1.0] 0.5"] * 2


def test_one_process_needs_nobody():
    alone = Company("cpu")
    assert alone.first
    assert alone.agree(0.25) == 0.25
