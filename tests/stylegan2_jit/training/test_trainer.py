"""Training runs: they learn, leave what they should, and go on."""

import json
from dataclasses import replace

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from draglive.benchmarks.landmark_detector import WEIGHTS
from draglive.stylegan2_jit.checkpoints import load_checkpoint
from draglive.stylegan2_jit.config import GeneratorConfig
from draglive.stylegan2_jit.latents import seed_to_z
from draglive.stylegan2_jit.training.factors import FACTORS
from draglive.stylegan2_jit.training.folder import DataError
from draglive.stylegan2_jit.training.settings import Settings
from draglive.stylegan2_jit.training.trainable import Trainable
from draglive.stylegan2_jit.training.trainer import Trainer


def silent(share, metrics):
    pass


def metrics_of(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def picture_folder(folder, count=8):
    folder.mkdir()
    for i in range(count):
        Image.new("RGB", (40 + i, 40), (30 * i, 100, 200 - 20 * i)).save(folder / f"{i}.png")
    return folder


def test_creatures_are_learnt(tmp_path):
    """Counted in steps, not seconds: how many steps fit into 20 s is the machine's affair."""
    settings = Settings("creatures", tmp_path / "run", 32, minutes=1e-3, batch=8, warmup_share=0)
    trainer = Trainer(settings)
    paired = [float(trainer.step(0.1)["paired"]) for _ in range(10)]
    assert sum(paired[-3:]) / 3 < 0.8 * paired[0]
    heard = trainer.generator.network.mapping.fc0.weight.detach().abs().amax(0)
    assert heard[: len(FACTORS)].min() > 0
    assert heard[len(FACTORS) :].max() == 0  # of what drives no factor
    report = trainer.run(silent)
    assert {"game", "discriminator", "paired"} <= set(report.last)
    assert len(metrics_of(tmp_path / "run")) == report.steps - 10
    with Image.open(report.sheet) as sheet:
        assert sheet.size == (192, 128)
        assert len(sheet.getcolors(192 * 128)) > 1000
    checkpoint = load_checkpoint(tmp_path / "run" / "model.safetensors")
    assert checkpoint.generator.config.img_resolution == 32


def test_a_folder_trains_and_goes_on(tmp_path):
    data = picture_folder(tmp_path / "pictures")
    settings = Settings(str(data), tmp_path / "run", 32, batch=4, path_weight=2.0, path_every=1)
    trainer = Trainer(settings)
    for _ in range(2):
        metrics = trainer.step(0.1)
    assert {"game", "discriminator", "path", "augmentation"} <= set(metrics)
    trainer.keep()
    again = Trainer(settings)
    assert (again.progress.steps, again.progress.pictures) == (2, 8)
    for (name, before), after in zip(
        trainer.generator.named_parameters(), again.generator.parameters(), strict=True
    ):
        assert torch.equal(before, after), name
    before, after = (t._d_optimizer.state_dict()["state"] for t in (trainer, again))
    assert torch.equal(before[0]["exp_avg_sq"], after[0]["exp_avg_sq"])
    again.step(0.2)
    assert again.progress.steps == 3
    with pytest.raises(DataError, match="began with resolution 32, not 64"):
        Trainer(Settings(str(data), tmp_path / "run", 64, batch=4))


def test_a_damaged_state_is_told(tmp_path):
    data = picture_folder(tmp_path / "pictures")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.safetensors").write_bytes(b"no state")
    with pytest.raises(DataError, match="damaged state of training"):
        Trainer(Settings(str(data), tmp_path / "run", 32, batch=4))


def test_what_trains_is_what_runs():
    """The trainer's network and the one that draws are the same function."""
    torch.manual_seed(0)
    config = GeneratorConfig(64, 0, 32, 32, 3, 512, 32, 2)
    trained = Trainable(config, noisy=False)
    z = torch.cat([seed_to_z(seed, 64) for seed in range(3)])
    ws = trained.styles(z)[:, None].expand(-1, config.num_ws, -1)
    made = trained(ws)
    drawn = trained.network.prepare(torch.float32)(z)
    torch.testing.assert_close(made, drawn, atol=2e-4, rtol=1e-4)
    made.square().mean().backward()
    assert trained.network.synthesis.b4.const.grad.abs().max() > 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"resolution": 100}, "resolution must be 32, 64, … 1024, not 100"),
        ({"minutes": 0}, "minutes must be above 0, not 0"),
        ({"learning_rate": 0.0}, "the learning rate must be above 0, not 0"),
        ({"batch": 6}, "batch must be a multiple of 4, not 6"),
    ],
)
def test_settings_that_cannot_run_are_refused(tmp_path, change, told):
    with pytest.raises(DataError, match=told):
        Settings("creatures", tmp_path, **change)


def test_a_run_begins_with_given_networks(tmp_path):
    """And is guided by a key-point network."""
    first = Trainer(Settings("creatures", tmp_path / "first", 32, batch=4))
    save_file(first.generator.network.state_dict(), tmp_path / "generator.safetensors")
    save_file(first.discriminator.state_dict(), tmp_path / "discriminator.safetensors")
    settings = Settings(
        "creatures",
        tmp_path / "second",
        32,
        batch=4,
        start=tmp_path / "generator.safetensors",
        start_discriminator=tmp_path / "discriminator.safetensors",
        guide=WEIGHTS,
    )
    second = Trainer(settings)
    pairs = zip(first.generator.parameters(), second.generator.parameters(), strict=True)
    assert all(torch.equal(ours, theirs) for ours, theirs in pairs)
    assert {"misplaced", "unlike", "game"} <= set(second.step(0.1))
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"bad\.safetensors: cannot be read"):
        Trainer(replace(settings, out=tmp_path / "third", start=tmp_path / "bad.safetensors"))
