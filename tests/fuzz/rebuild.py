"""The index made anew from damaged run directories.

Rules: one damaged run hides no other: `rebuild` never raises, the sound run is indexed, and the damage is named. The
first line of an input names the file that the rest is written into.
"""

import shutil

from fuzz import events, records, support
from overnight.store import rebuild
from overnight.store.codec import encode
from overnight.store.index import Index

FILES = ("events.jsonl", "status.json", "spec.json", "exit.json", "start.json")


def check(data: bytes) -> None:
    """A damaged run beside a sound one."""
    name, _, body = data.partition(b"\n")
    file = name.decode("latin-1")
    run = support.run_dir()
    sound = support.SCRATCH / "home" / "runs" / "z9z9"
    if not sound.exists():
        shutil.copytree(run.path, sound)
        (sound / "spec.json").write_bytes(encode(support.SPEC).replace(b"k3f9", b"z9z9"))
    with open(run.file(file if file in FILES else FILES[len(name) % len(FILES)]), "wb") as target:
        target.write(body)
    try:
        done = rebuild.rebuild(run.home, ["file:/dev/null"], support.BEGAN + 60)
        assert done.runs + len(done.damaged) >= 2
        assert "z9z9" in [status.run for status in Index(run.home).list_runs()]
    finally:
        shutil.rmtree(sound)


def seeds() -> list[bytes]:
    """Events and records as they should be."""
    found = [b"events.jsonl\n" + one for one in events.seeds()]
    return found + [one for one in records.seeds() if one.partition(b"\n")[0].decode() in FILES]


WORDS = (*events.WORDS, *records.WORDS)
