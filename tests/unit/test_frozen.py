"""A frozen workspace is exact, the same each time, and harmless to read."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_agentcore.domain.workspace import Entry, Snapshot
from pytest_agentcore.errors import StoreError
from pytest_agentcore.store.frozen import freeze, thaw

SOME = settings(max_examples=80, deadline=None, database=None)

names = st.binary(min_size=1, max_size=12).filter(lambda raw: not {0, 47} & set(raw) and raw not in {b".", b".."})
paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: os.fsdecode(b"/".join(parts)))
modes = st.sampled_from([0o644, 0o755, 0o4755, 0o1777, 0, 0o100644])
sizes = st.integers(min_value=0, max_value=10**12)
targets = st.binary(min_size=1, max_size=150).filter(lambda raw: 0 not in raw).map(os.fsdecode)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    path, mode = draw(paths), draw(modes)
    match draw(st.sampled_from(["file", "large", "dir", "symlink", "other"])):
        case "file":
            data = draw(st.binary(max_size=1500))
            return Entry(path=path, kind="file", mode=mode, size=len(data), data=data)
        case "large":
            return Entry(path=path, kind="file", mode=mode, size=draw(sizes))
        case "dir":
            return Entry(path=path, kind="dir", mode=mode, size=draw(st.sampled_from([0, 4096])))
        case "symlink":
            target = draw(targets)
            return Entry(path=path, kind="symlink", mode=mode, size=len(os.fsencode(target)), target=target)
        case _:
            return Entry(path=path, kind="other", mode=mode)


def folder(found: list[Entry]) -> Snapshot:
    """Those of the entries that one folder can hold together."""
    kept: dict[str, Entry] = {}
    for entry in found:
        above = [entry.path[:cut] for cut, char in enumerate(entry.path) if char == "/"]
        files = [path for path, other in kept.items() if other.kind != "dir"]
        below = entry.kind != "dir" and any(path.startswith(f"{entry.path}/") for path in kept)
        if entry.path not in kept and not set(above) & set(files) and not below:
            kept[entry.path] = entry
    return Snapshot.of(kept.values())


def file(path: str = "a.txt", data: bytes = b"text\r\nno newline") -> Entry:
    return Entry(path=path, kind="file", size=len(data), data=data)


@SOME
@given(st.lists(entries(), max_size=6).map(folder))
@example(Snapshot())
@example(
    folder([file("line\nbreak = 1\n"), file("tail \n21 hdrcharset=BINARY\n"), file("é"), file(os.fsdecode(b"\xe9"))])
)
@example(folder([file("/".join(["long" * 40] * 5)), file("x" * 99), file("y" * 100), file("z" * 101)]))
@example(folder([Entry(path="d" * 100, kind="dir", mode=0o755), file("d" * 100 + "/f")]))
@example(folder([Entry(path="huge", kind="file", size=10**11), Entry(path="fifo", kind="other", size=1)]))
def test_a_snapshot_survives_the_round_trip(snapshot: Snapshot) -> None:
    frozen = freeze(snapshot)

    assert thaw(frozen) == snapshot
    assert freeze(thaw(frozen)) == frozen


def test_equal_snapshots_give_equal_bytes_whatever_their_order() -> None:
    one, two = file("a"), file("b", b"2" * 5000)

    assert freeze(Snapshot(entries=(two, one))) == freeze(Snapshot(entries=(one, two)))


def test_no_owner_and_no_clock_is_kept() -> None:
    with tarfile.open(fileobj=io.BytesIO(unpacked(freeze(Snapshot.of([file()]))))) as tar:
        (member,) = tar.getmembers()

    assert (member.uid, member.gid, member.mtime, member.uname, member.gname) == (0, 0, 0, "", "")


def test_another_tar_can_read_it(tmp_path: Path) -> None:
    snapshot = folder(
        [
            file("plain.txt", b"content"),
            Entry(path="run.sh", kind="file", mode=0o755, size=2, data=b"#!"),
            Entry(path="run.sh", kind="file", mode=0o755, size=2, data=b"#!"),
            file("sub/ünï.txt", b"more"),
            Entry(path="link", kind="symlink", mode=0o777, size=9, target="plain.txt"),
        ]
    )
    archive = tmp_path / "workspace.tar"
    archive.write_bytes(unpacked(freeze(snapshot)))
    subprocess.run(["tar", "-xpf", archive, "-C", tmp_path], check=True)

    assert (tmp_path / "plain.txt").read_bytes() == b"content"
    assert (tmp_path / "sub" / "ünï.txt").read_bytes() == b"more"
    assert (tmp_path / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "link").readlink() == Path("plain.txt")


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../up", "a/../../up", "a//b", "./a", "a/.", "nul\0byte", ".."])
def test_a_name_that_leads_outside_is_refused_both_ways(path: str) -> None:
    with pytest.raises(StoreError, match="no path inside a workspace"):
        freeze(Snapshot.of([file(path)]))
    if "\0" not in path and path:
        with pytest.raises(StoreError, match="no path inside a workspace"):
            thaw(packed(lambda tar: add(tar, path)))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (Entry(path="a", kind="symlink"), "with target None"),
        (Entry(path="a", kind="file", data=b"", target="b"), "with target 'b'"),
        (Entry(path="a", kind="dir", data=b"x", size=1), "with content"),
        (Entry(path="a", kind="file", size=-1), "size -1"),
        (file("lone \ud800 surrogate"), "no file name"),
    ],
)
def test_an_entry_that_no_folder_has_is_refused(entry: Entry, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        freeze(Snapshot.of([entry]))


def unpacked(frozen: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(frozen)


def compressed(tar: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(tar)


def packed(build: Callable[[tarfile.TarFile], object], form: int = tarfile.PAX_FORMAT) -> bytes:
    """What somebody else packs; trimmed to the two blocks that end our own archives."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        build(tar)
        end = tar.offset
    return compressed(buffer.getvalue()[: end + 1024])


def add(tar: tarfile.TarFile, name: str, **fields: object) -> None:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    tar.addfile(info, io.BytesIO(b"x" * info.size))


def twice(tar: tarfile.TarFile) -> None:
    add(tar, "a")
    add(tar, "a")


def through_a_link(tar: tarfile.TarFile) -> None:
    add(tar, "etc", type=tarfile.SYMTYPE, linkname="/etc")
    add(tar, "etc/passwd", size=1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (packed(lambda tar: add(tar, "a", type=tarfile.LNKTYPE, linkname="/etc/passwd")), "neither file"),
        (packed(lambda tar: add(tar, "a", type=tarfile.CHRTYPE)), "neither file"),
        (packed(lambda tar: add(tar, "a", type=tarfile.GNUTYPE_SPARSE)), "neither file"),
        (packed(lambda tar: add(tar, "n" * 200), form=tarfile.GNU_FORMAT), "neither file"),
        (packed(lambda tar: add(tar, "a", type=tarfile.DIRTYPE, size=1)), "end|content"),
        (packed(lambda tar: add(tar, "a", pax_headers={"GNU.sparse.size": "99"})), "unknown extended header"),
        (packed(lambda tar: add(tar, "a", pax_headers={"AGENTCORE.size": "-5"})), "AGENTCORE.size is b'-5'"),
        (packed(lambda tar: add(tar, "a", pax_headers={"AGENTCORE.mode": "9" * 40})), "AGENTCORE.mode"),
        (packed(twice), "a name twice"),
        (packed(through_a_link), "lies below a symlink"),
        (b"", "damaged"),
        (b"no archive", "damaged"),
        (compressed(b""), "damaged"),
        (compressed(b"x" * 5000), "damaged"),
        (compressed(bytes(512)), "something follows its end"),
        (compressed(bytes(10240)), "something follows its end"),
        (freeze(Snapshot.of([file()])) + b"more", "damaged"),
        (freeze(Snapshot.of([file()]))[:-3], "damaged"),
        (compressed(unpacked(freeze(Snapshot.of([file()])))[:-1024]), "ends without an end mark"),
        (compressed(unpacked(freeze(Snapshot.of([file(data=b"x" * 600)])))[:900]), "in the middle of a file"),
    ],
)
def test_a_foreign_or_damaged_archive_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(StoreError, match=message) as error:
        thaw(data)

    assert "\n" not in str(error.value)


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    bomb = compressed(bytes(50_000_000))

    assert len(bomb) < 10_000
    with pytest.raises(StoreError, match="would unpack to 50000000 bytes; at most 1000000 are read"):
        thaw(bomb, max_bytes=1_000_000)


def test_a_header_that_is_not_true_to_its_checksum_is_refused() -> None:
    tar = unpacked(freeze(Snapshot.of([file("a.txt")])))

    with pytest.raises(StoreError, match="the checksum of a header is wrong"):
        thaw(compressed(tar.replace(b"a.txt", b"b.txt", 1)))


def test_an_archive_that_hides_its_size_is_refused() -> None:
    stream = zstandard.ZstdCompressor().compressobj()

    with pytest.raises(StoreError, match="does not say how large it is"):
        thaw(stream.compress(b"x" * 100) + stream.flush())


def test_a_header_of_a_million_records_is_refused() -> None:
    data = packed(lambda tar: add(tar, "a", pax_headers={"path": "b" * 100_000}))

    with pytest.raises(StoreError, match="an extended header of 100"):
        thaw(data)


@SOME
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_flipped_byte_never_gives_another_snapshot(place: int, flip: int) -> None:
    snapshot = Snapshot.of([file(), Entry(path="d", kind="dir"), file("d/é")])
    frozen = bytearray(freeze(snapshot))
    frozen[place % len(frozen)] ^= flip
    try:
        read = thaw(bytes(frozen))
    except StoreError:
        return
    assert read == snapshot


@SOME
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_flipped_byte_of_the_tar_itself_is_no_crash(place: int, flip: int) -> None:
    tar = bytearray(unpacked(freeze(Snapshot.of([file("é" * 60), Entry(path="big", kind="file", size=10**9)]))))
    tar[place % len(tar)] ^= flip
    try:
        thaw(compressed(bytes(tar)))
    except StoreError:
        return
