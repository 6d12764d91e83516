"""An edit on many seeds: what is to be made, who makes it, and what was made already.

Every picture is written in one step, and then noted in `batch.jsonl` beside it with its SHA-256 and
what it was made from: whoever starts the same batch again makes only what is missing, damaged or
made from something else. Workers elsewhere need draglive and nothing of the disk here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import torch

from .engine.course import Arrival, Course, course_of, follow
from .engine.device import is_out_of_memory
from .engine.editor import Editor
from .engine.loading import EngineOptions, load_editor
from .engine.snapshot import of_latent, pack
from .session import latents, recipe
from .session.errors import FileError
from .session.files import file_sha256, write_bytes
from .session.format import Session, parse_session
from .session.locks import holding
from .spread import Cluster, Crew, Lanes, spread

NOTES = "batch.jsonl"
KINDS = (*recipe.SUFFIXES, *latents.SUFFIXES)
LOADING = threading.Lock()  # kernels are built once, not once a lane
MOST_LANES = 4  # on a CPU
CARD_LANES = 1


@dataclass(frozen=True, slots=True)
class Task:
    """One picture: an edit, by its place in the batch, and a seed."""

    edit: int
    seed: int


@dataclass(frozen=True, slots=True)
class Edit:
    """A session that is to be applied.

    Attributes:
        name: what its pictures' names begin with.
        content: the session file's bytes.
        model: the file that it was made with, or is to be applied to.
        model_sha256: of that file.
        options: how to compute; dtype, device and back-end are named, none is 'auto'.
    """

    name: str
    content: bytes
    model: Path
    model_sha256: str
    options: EngineOptions

    @property
    def session(self) -> Session:
        """What is in it."""
        return parse_session(self.content, self.name)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all pictures.

    Attributes:
        suffix: '.png' and so on: pictures with their recipe, or w+.
        more_steps: for points that have not arrived where the session ends.
        threads: of each worker; None for as many as it has processors.
    """

    suffix: str = ".png"
    more_steps: int = 300
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A picture's file and how it came about; without content where it could not be made."""

    content: bytes
    steps: int
    arrived: bool
    left_px: float  # of the point that is farthest from its target
    device: str
    trouble: str = ""


class Note(msgspec.Struct):
    """One line of `batch.jsonl`."""

    file: str
    sha256: str
    made_from: str
    seed: int
    steps: int
    arrived: bool
    left_px: float
    device: str


@dataclass(frozen=True, slots=True)
class Maker:
    """Builds what applies the edits; goes to whoever does it.

    Attributes:
        edits: all of the batch.
        terms: of the batch.
        models: the models' bytes by SHA-256, for workers that do not see the disk here.
        threads: of each worker; None where that is said otherwise.
    """

    edits: tuple[Edit, ...]
    terms: Terms
    models: dict[str, bytes]
    threads: int | None = None

    def __call__(self) -> Applying:
        """Get ready."""
        return Applying(self)


class Applying:
    """Applies edits to seeds, one after the other: a model stays loaded as long as it serves."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._loaded: tuple[int, Course, Editor] | None = None
        self._closing = contextlib.ExitStack()
        if maker.threads is not None:
            torch.set_num_threads(maker.threads)

    def __call__(self, task: Task) -> Made:
        """Make one picture.

        Raises:
            CheckpointError, BackendError, DeviceError, EditError: this edit cannot be applied here.
        """
        course, editor = self._load(task.edit)
        try:
            end = follow(editor, course, task.seed, self._maker.terms.more_steps)
            return _made(end, self._file(task, editor), editor.device.name)
        except FloatingPointError as error:
            trouble = str(error)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            editor.device.free_caches()
            trouble = "the device's memory ran out"
        return Made(b"", 0, arrived=False, left_px=0.0, device=editor.device.name, trouble=trouble)

    def _load(self, number: int) -> tuple[Course, Editor]:
        if self._loaded is None or self._loaded[0] != number:
            self._loaded = None
            self._closing.close()
            edit = self._maker.edits[number]
            saved = edit.session.edit
            with LOADING, self._model(edit) as model:
                editor, chooser = load_editor(replace(edit.options, model=model))
            self._closing.callback(chooser.close)
            self._closing.enter_context(editor.device.stream())
            self._loaded = number, course_of(saved), editor
        return self._loaded[1:]

    @contextlib.contextmanager
    def _model(self, edit: Edit) -> Iterator[Path]:
        """The model's file, wherever this worker is."""
        content = self._maker.models.get(edit.model_sha256)
        if content is None or file_sha256(edit.model) == edit.model_sha256:
            yield edit.model
            return
        with TemporaryDirectory(prefix="draglive-") as folder:
            path = Path(folder) / edit.model.name
            path.write_bytes(content)
            yield path

    def _file(self, task: Task, editor: Editor) -> bytes:
        """The same bytes whoever makes it: of the machine nothing is in it."""
        edit, suffix = self._maker.edits[task.edit], self._maker.terms.suffix
        if suffix in latents.SUFFIXES:
            return latents.encode_latent(suffix, editor.ws)
        origin = replace(
            edit.session.edit.origin,
            path=edit.model.name,
            model=editor.model.name,
            seed=task.seed,
            psi=editor.state.psi,
            class_index=editor.state.class_index,
            dtype=editor.device.dtype_name,
            backend=editor.runner.name,
        )
        made = recipe.recipe_of(origin, edit.model_sha256, pack(of_latent(editor.ws)))
        picture = editor.draw(editor.ws)
        return recipe.encode_picture(recipe.SUFFIXES[suffix], picture, made)


def _made(end: Arrival, content: bytes, device: str) -> Made:
    return Made(
        content=content,
        steps=end.steps,
        arrived=all(point.arrived for point in end.points),
        left_px=round(max((p.distance_px for p in end.points), default=0.0), 3),
        device=device,
    )


def lanes_for(options: EngineOptions, threads: int, wanted: int | None = None) -> int:
    """How many seeds are to advance together on one device.

    Not as one step of many w+: the fused kernels have the shapes of one, and what a picture becomes
    must not depend on which others there are. Each seed has an editor and a thread of its own: on a
    CPU one edits while another is between two kernels, on two cores that is the faster way.
    Only the fused back-end's bits do not depend on threads; others edit one seed after the other.

    Args:
        options: named, not 'auto'.
        threads: of the CPU.
        wanted: so many, where that is possible; None for as many as pay.
    """
    if options.backend != "fused":
        return 1
    if wanted is not None:
        return wanted
    return min(threads, MOST_LANES) if options.device == "cpu" else CARD_LANES


class Batch:
    """All pictures of a batch, and a folder.

    Args:
        edits: to be applied, of different names.
        seeds: to each of these.
        terms: of the batch.
        out: the folder.

    Attributes:
        tasks: all of them.
        out: the folder.

    Raises:
        FileError: the folder cannot be made, or two edits have one name.
    """

    def __init__(
        self, edits: Sequence[Edit], seeds: Sequence[int], terms: Terms, out: Path
    ) -> None:
        names = [edit.name for edit in edits]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise FileError(f"{out}: two sessions are named {twice!r}; rename one")
        self._edits, self._terms, self.out = tuple(edits), terms, out
        self.tasks = [Task(e, seed) for e in range(len(edits)) for seed in dict.fromkeys(seeds)]
        self._keys = [self._key(edit) for edit in edits]
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"{out}: cannot be made: {error.strerror}") from error

    def missing(self) -> list[Task]:
        """What is not there yet, or not as it should be."""
        notes = self._notes()
        return [task for task in self.tasks if not self._is_there(task, notes)]

    def run(
        self, tasks: Sequence[Task], cluster: Cluster | None, lanes: int | None = None
    ) -> Iterator[tuple[Task, Made]]:
        """Make some of the pictures; as they come, they are written and noted.

        Args:
            tasks: what to make.
            cluster: who makes it; None for this process.
            lanes: seeds that advance together in this process; None for as many as pay
                (`lanes_for`).

        Raises:
            InUseError: another batch writes to the folder.
            FileError: a picture cannot be written.
            SpreadError: see there. CheckpointError, BackendError, EditError: see `Applying`.
        """
        models = {}
        if cluster is not None and cluster.address:
            models = {edit.model_sha256: edit.model.read_bytes() for edit in self._edits}
        with holding(self.out / NOTES):
            crew = cluster or self._lanes(lanes)
            threads = None if isinstance(crew, Lanes) else self._terms.threads
            maker = Maker(self._edits, self._terms, models, threads)
            for task, made in spread(tasks, maker, crew):
                if made.content:
                    write_bytes(self.path(task), made.content)
                    self._note(task, made)
                yield task, made

    def _lanes(self, wanted: int | None) -> Crew:
        threads = self._terms.threads or torch.get_num_threads()
        count = min(lanes_for(edit.options, threads, wanted) for edit in self._edits)
        return Lanes(count, max(threads // count, 1)) if count > 1 else None

    def path(self, task: Task) -> Path:
        """Where a picture goes."""
        name = self._edits[task.edit].name
        return self.out / f"{name}-{task.seed:05d}{self._terms.suffix}"

    def _key(self, edit: Edit) -> str:
        """All that a picture depends on but its seed."""
        options = {k: str(v) for k, v in asdict(edit.options).items() if k not in ("model", "edit")}
        terms = self._terms.suffix, self._terms.more_steps
        told = [hashlib.sha256(edit.content).hexdigest(), edit.model_sha256, options, terms]
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()

    def _is_there(self, task: Task, notes: dict[str, Note]) -> bool:
        path = self.path(task)
        note = notes.get(path.name)
        if note is None or note.made_from != self._keys[task.edit]:
            return False
        return file_sha256(path) == note.sha256

    def _notes(self) -> dict[str, Note]:
        """By file; a line that was cut is as if it were not there."""
        try:
            lines = (self.out / NOTES).read_bytes().splitlines()
        except OSError:
            return {}
        notes = {}
        for line in lines:
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                note = msgspec.json.decode(line, type=Note)
                notes[note.file] = note
        return notes

    def _note(self, task: Task, made: Made) -> None:
        path = self.path(task)
        note = Note(
            file=path.name,
            sha256=hashlib.sha256(made.content).hexdigest(),
            made_from=self._keys[task.edit],
            seed=task.seed,
            steps=made.steps,
            arrived=made.arrived,
            left_px=made.left_px,
            device=made.device,
        )
        place = self.out / NOTES
        try:
            with place.open("ab", buffering=0) as file:
                torn = file.tell() > 0 and not _ends_line(place)
                file.write(b"\n" * torn + msgspec.json.encode(note) + b"\n")
        except OSError as error:
            raise FileError(f"{place}: cannot be written: {error.strerror}") from error


def _ends_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
