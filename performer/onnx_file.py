"""What an .onnx file holds, read without running or loading anything of it.

The rule kept here: a model is data. A file is refused, before the runtime has seen it, where it
keeps its numbers in other files, brings operators of its own, or is larger inside than it looks.
What is read is the file's outer form (Protocol Buffers: numbered fields, each of a length that it
says itself), not the music.
"""

from collections.abc import Iterator
from math import prod

OWN_OPERATORS = frozenset({"", "ai.onnx", "ai.onnx.ml"})  # domains: ONNX's
MOST_NODES = 10_000
MOST_NUMBERS = 100_000_000  # of one tensor
DEEPEST = 4  # graphs within graphs: what is done again and again, or only if

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # how a field's value is written
GRAPH, FUNCTIONS = 7, 25  # fields of a model
NODE, INITIALIZER, SPARSE = 1, 5, 15  # of a graph
DOMAIN, ATTRIBUTE = 7, 5  # of a node
TENSOR, SUBGRAPH, TENSORS, SUBGRAPHS = 5, 6, 10, 11  # of an attribute
DIMS, EXTERNAL_DATA, DATA_LOCATION = 1, 13, 14  # of a tensor

Value = int | memoryview


def check(data: bytes) -> None:
    """Raises ValueError where a file is not to be trusted, and why."""
    try:
        _check_model(memoryview(data))
    except IndexError:
        raise ValueError("it is no whole ONNX file") from None


def _check_model(model: memoryview) -> None:
    graphs = []
    for field, value in _fields(model):
        if field == FUNCTIONS:
            raise ValueError("it brings operators of its own")
        if field == GRAPH:
            graphs.append(_bytes(value))
    if len(graphs) != 1:
        raise ValueError("it is no whole ONNX file")
    if _check_graph(graphs[0], DEEPEST) > MOST_NODES:
        raise ValueError("it is of more parts than any model of ours")


def _check_graph(graph: memoryview, depth: int) -> int:
    """How many nodes a graph has. Raises ValueError, IndexError."""
    if depth == 0:
        raise ValueError("its graphs are nested too deeply")
    nodes = 0
    for field, value in _fields(graph):
        if field == NODE:
            nodes += _check_node(_bytes(value), depth)
        elif field == INITIALIZER:
            _check_tensor(_bytes(value))
        elif field == SPARSE:
            raise ValueError("it holds numbers of a strange kind")
    return nodes


def _check_node(node: memoryview, depth: int) -> int:
    nodes = 1
    for field, value in _fields(node):
        if field == DOMAIN:
            domain = bytes(_bytes(value)).decode(errors="replace")
            if domain not in OWN_OPERATORS:
                raise ValueError(f"it needs an operator that is not ONNX's own, of {domain[:60]!r}")
        elif field == ATTRIBUTE:
            nodes += _check_attribute(_bytes(value), depth)
    return nodes


def _check_attribute(attribute: memoryview, depth: int) -> int:
    nodes = 0
    for field, value in _fields(attribute):
        if field in (TENSOR, TENSORS):
            _check_tensor(_bytes(value))
        elif field in (SUBGRAPH, SUBGRAPHS):
            nodes += _check_graph(_bytes(value), depth - 1)
    return nodes


def _check_tensor(tensor: memoryview) -> None:
    sizes: list[int] = []
    for field, value in _fields(tensor):
        if field == EXTERNAL_DATA or (field == DATA_LOCATION and value):
            raise ValueError("it keeps its numbers in another file")
        if field == DIMS:
            sizes += _varints(value) if isinstance(value, memoryview) else [value]
    if len(sizes) > 8 or prod(sizes) > MOST_NUMBERS:
        raise ValueError("it holds more numbers than any model of ours")


def _fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """The fields of a message. Raises IndexError where it is cut short, ValueError where broken."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        field, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield field, value
            continue
        if kind == BYTES:
            size, at = _varint(message, at)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise ValueError("it is no whole ONNX file")
        if size > len(message) - at:
            raise IndexError
        yield field, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A whole number, and where it ends. Raises IndexError, ValueError."""
    number = 0
    for place in range(10):
        byte = message[at + place]
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return number, at + place + 1
    raise ValueError("it is no whole ONNX file")


def _varints(packed: memoryview) -> list[int]:
    numbers, at = [], 0
    while at < len(packed):
        number, at = _varint(packed, at)
        numbers.append(number)
    return numbers


def _bytes(value: Value) -> memoryview:
    if isinstance(value, int):
        raise ValueError("it is no whole ONNX file")
    return value
