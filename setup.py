"""Packaging: the folders at the root install as `draglive.app`, `draglive.kernels`, ...

A top-level package named `kernels` would overwrite Hugging Face's package of that name in a
user's environment, so the `draglive` namespace holds them all (docs/adr/0001-namespace.md).
"""

from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
PACKAGES = ["app", "kernels", "stylegan2_jit", "benchmarks"]


def package_dirs() -> dict[str, str]:
    """Map each installed package name to its folder: {'draglive.app.engine': 'app/engine', ...}."""
    folders = [f.parent for top in PACKAGES for f in (ROOT / top).rglob("__init__.py")]
    relative = [folder.relative_to(ROOT) for folder in folders]
    return {"draglive." + ".".join(folder.parts): str(folder) for folder in relative}


setup(packages=sorted(package_dirs()), package_dir=package_dirs())
