"""Building the native library: where it is kept, and what is said when it cannot be had."""

import sys

import pytest

from draglive.kernels import native
from draglive.kernels.native import NativeError


@pytest.fixture(autouse=True)
def forgetful():
    """What was loaded or chosen before is not remembered here."""
    yield
    for remembered in (native._load, native._plan):
        remembered.cache_clear()


def compiler(tmp_path, monkeypatch, script):
    """A compiler of our own."""
    path = tmp_path / "cxx"
    path.write_text(f"#!{sys.executable}\n{script}")
    path.chmod(0o755)
    monkeypatch.setenv("CXX", str(path))
    monkeypatch.setattr(native.platformdirs, "user_cache_path", lambda _: tmp_path / "cache")
    return path


def test_no_compiler(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert not native.is_built()
    with pytest.raises(NativeError, match=r"no C\+\+ compiler: no-such-compiler"):
        native.load()


def test_a_compiler_that_fails(tmp_path, monkeypatch):
    script = "import sys\nif '-O3' in sys.argv: sys.exit('a.cpp:1: error: no lanes')\nprint(1)"
    compiler(tmp_path, monkeypatch, script)
    with pytest.raises(NativeError, match=r"failed with code 1: a\.cpp:1: error: no lanes$"):
        native.load()
    assert not native.is_built()
    assert not list((tmp_path / "cache").rglob("*.so"))


def test_what_it_makes_is_kept(tmp_path, monkeypatch):
    script = "import sys\nif '-o' in sys.argv: open(sys.argv[-1], 'w').write('no library')"
    compiler(tmp_path, monkeypatch, script)
    assert not native.is_built()
    with pytest.raises(NativeError, match="does not load"):
        native.load()
    assert native.is_built()
    assert [f.suffix for f in (tmp_path / "cache").rglob("*") if f.is_file()] == [".so"]


def test_the_command_says_what_there_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CXX", "no-such-compiler")
    native.main()
    assert capsys.readouterr().out.startswith("no native kernels: no C++ compiler: no-such-comp")
    library = native.Library(None, "avx512", tmp_path / "it.so")
    monkeypatch.setattr(native, "load", lambda: library)
    native.main()
    assert capsys.readouterr().out == f"native kernels: avx512, {tmp_path / 'it.so'}\n"


def test_another_compiler_builds_anew(tmp_path, monkeypatch):
    for version in ("1", "2"):
        compiler(tmp_path, monkeypatch, f"import sys\nprint({version})\n")
        native._plan.cache_clear()
        native._plan(native._settings()).path.parent.mkdir(parents=True, exist_ok=True)
        assert not native.is_built()
        native._plan(native._settings()).path.touch()
        assert native.is_built()


@pytest.mark.parametrize(
    ("flags", "most", "level"),
    [
        ("avx2 avx512f amx_bf16 amx_tile avx512_bf16", "", "amx"),
        ("avx2 avx512f amx_bf16 amx_tile avx512_bf16", "AVX2", "portable"),
        ("avx2 avx512f amx_bf16 amx_tile avx512_bf16", "AVX512_CORE", "avx512"),
        ("avx2 avx512f amx_bf16 amx_tile avx512_bf16", "AVX512_CORE_AMX", "amx"),
        ("avx2 avx512f", "", "avx512"),
        ("avx2", "", "portable"),
        ("", "", "portable"),
    ],
)
def test_levels(flags, most, level):
    assert native._choose_level(frozenset(flags.split()), most) == level
