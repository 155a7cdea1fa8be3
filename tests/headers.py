"""Headers written byte by byte, right or wrong."""

import struct

LIES = (0, 1, 7, 64, 255, 2**16, 2**20, 2**31, 2**32 - 1, 2**40, 2**60, 2**63, 2**64 - 1)


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def entry(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def u32(key: str, value: int) -> bytes:
    return entry(key, 4, struct.pack("<I", value))


def string(key: str, value: str | bytes) -> bytes:
    return entry(key, 8, text(value))


def array(key: str, kind: int, n: int, values: bytes) -> bytes:
    return entry(key, 9, struct.pack("<IQ", kind, n) + values)


def tensor(name: str = "a", shape=(32,), kind: int = 0, offset: int = 0) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def gguf(*entries: bytes, tensors=(), version=3, n_keys=None, n_tensors=None, data=b"") -> bytes:
    """A GGUF by hand; the counts may be lies."""
    n_tensors = len(tensors) if n_tensors is None else n_tensors
    n_keys = len(entries) if n_keys is None else n_keys
    header = b"GGUF" + struct.pack("<IQQ", version, n_tensors, n_keys)
    header += b"".join(entries) + b"".join(tensors)
    return header + bytes(-len(header) % 32) + data


def with_entries(file: bytes, *entries: bytes) -> bytes:
    """A whole GGUF with more entries in its header; what follows that stays where it must be."""
    (n_keys,) = struct.unpack_from("<Q", file, 16)
    more = b"".join(entries)
    more += string("test.padding", bytes(-(len(more) + len(string("test.padding", b""))) % 32))
    return file[:16] + struct.pack("<Q", n_keys + len(entries) + 1) + more + file[24:]


LLAMA = string("general.architecture", "llama")
LAYERS = u32("llama.block_count", 1)
MODEL = gguf(LLAMA, LAYERS, tensors=[tensor()], data=bytes(128))


def write_parts(folder, count=3, name="my model") -> list:
    """A model in parts, as llama-gguf-split writes them: the first one holds the metadata."""
    paths = []
    for no in range(count):
        entries = [
            u32("split.no", no),
            u32("split.count", count),
            u32("split.tensors.count", count),
        ]
        if no == 0:
            entries += [LLAMA, LAYERS]
        path = folder / f"{name}-{no + 1:05}-of-{count:05}.gguf"
        path.write_bytes(gguf(*entries, tensors=[tensor(f"t{no}")], data=bytes(128)))
        paths.append(path)
    return paths
