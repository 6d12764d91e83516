"""Where handles went, frame by frame. Pure."""

from __future__ import annotations

from ...engine.types import Point, PointState

APART_PX = 0.75  # nearer places are one
LONGEST = 200  # places; then every other one is dropped
ALL = 800  # places of all trails together, for each is drawn anew with every frame
SHORTEST = 24  # but each may have so many

Trail = tuple[Point, ...]


class Trails:
    """The paths of the handles that frames showed."""

    def __init__(self) -> None:
        self._trails: dict[int, Trail] = {}

    @property
    def all(self) -> tuple[Trail, ...]:
        """Those that lead anywhere."""
        return tuple(trail for trail in self._trails.values() if len(trail) > 1)

    def follow(self, points: tuple[PointState, ...]) -> None:
        """The points of a new frame."""
        most = min(LONGEST, max(ALL // max(len(points), 1), SHORTEST))
        self._trails = {p.id: _longer(self._trails.get(p.id, ()), p.handle, most) for p in points}

    def forget(self, point_id: int | None = None) -> None:
        """A handle was put elsewhere; None: all of them."""
        if point_id is None:
            self._trails = {}
        else:
            self._trails.pop(point_id, None)


def _longer(trail: Trail, place: Point, most: int) -> Trail:
    if trail and trail[-1].distance(place) < APART_PX:
        return trail
    while len(trail) >= most:
        trail = trail[::2]
    return (*trail, place)
