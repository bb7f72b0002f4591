"""When logs outside the home change.

Rules:
- An inotify instance of its own, made when the first such log is watched: several runs may share a file or a folder,
  and the instance of the home gives one run to each folder.
- A file is watched itself, whatever it is called, and its folder for another one under its name.
- Where the kernel does not tell (a network file system, no watches left) it is looked at every five seconds.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from inotify_simple import INotify, flags

LOOK_S = 5.0
_REARM_S = 0.05
_WRITTEN = flags.MODIFY | flags.ATTRIB | flags.MOVE_SELF
_RENAMED = flags.CREATE | flags.MOVED_TO

log = logging.getLogger(__name__)


@dataclass
class _Follower:
    """`names`: what in a watched folder concerns it, by watch; None: everything."""

    then: Callable[[], None]
    names: dict[int, str | None] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None


class Changes:
    """Calls back when a followed log may have changed."""

    def __init__(self) -> None:
        self._inotify: INotify | None = None
        self._followers: dict[str, _Follower] = {}

    def follow(self, who: str, paths: Sequence[str], then: Callable[[], None], *, told: bool) -> None:
        """Call `then` at each change of `paths`, of which the last is a name that another file may get.

        In place of what `who` followed before. `told`: whether the kernel tells.
        """
        old = self._followers.get(who)
        fresh = _Follower(then)
        self._followers[who] = fresh
        try:
            if told:
                self._add(fresh, paths)
        except OSError as error:
            log.warning(
                "changes of the log of %s are not told by the system, it is looked at: %s", who, error
            )
            told = False
        if old is not None:
            self._drop(old)
        if not told:
            self._look(fresh)

    def forget(self, who: str) -> None:
        """Call `who` no more."""
        old = self._followers.pop(who, None)
        if old is not None:
            self._drop(old)

    def close(self) -> None:
        """Let go of everything."""
        for who in list(self._followers):
            self.forget(who)
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fileno())
            self._inotify.close()
            self._inotify = None

    def _add(self, follower: _Follower, paths: Sequence[str]) -> None:
        inotify = self._open()
        for path in paths:
            if os.path.exists(path):
                follower.names[inotify.add_watch(path, _WRITTEN | flags.MASK_ADD)] = None
        folder, name = os.path.split(paths[-1])
        if os.path.isdir(folder):  # else it is read to its end, and nothing new can come
            follower.names.setdefault(inotify.add_watch(folder, _RENAMED | flags.MASK_ADD), name)

    def _open(self) -> INotify:
        if self._inotify is None:
            self._inotify = INotify(nonblocking=True)
            self._listen()
        return self._inotify

    def _listen(self) -> None:
        if self._inotify is not None:
            asyncio.get_running_loop().add_reader(self._inotify.fileno(), self._changed)

    def _changed(self) -> None:
        if self._inotify is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._inotify.fileno())
        loop.call_later(_REARM_S, self._listen)
        events = [(event.wd, event.name, event.mask) for event in self._inotify.read(timeout=0)]
        for follower in list(self._followers.values()):
            if any(_concerns(follower, *event) for event in events):
                follower.then()

    def _drop(self, old: _Follower) -> None:
        if old.timer is not None:
            old.timer.cancel()
        wanted = {wd for one in self._followers.values() for wd in one.names}
        for wd in old.names.keys() - wanted:
            try:
                if self._inotify is not None:
                    self._inotify.rm_watch(wd)
            except OSError:  # the file went first
                continue

    def _look(self, follower: _Follower) -> None:
        follower.timer = asyncio.get_running_loop().call_later(LOOK_S, self._look, follower)
        follower.then()


def _concerns(follower: _Follower, wd: int, name: str, mask: int) -> bool:
    if mask & flags.Q_OVERFLOW:
        return True
    return wd in follower.names and follower.names[wd] in (None, name)
