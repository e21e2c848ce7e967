"""One exported network: a file that is loaded, checked, and run.

The rule kept here: a model file is data from anywhere and is trusted with nothing. It is refused,
with one sentence that says why, before it can play a note unless it is whole, self-contained, and
speaks this program's codec. What it asks the runtime to do is bounded: all models together may use
so much memory, and the first note has to come in time. This is the one file that knows onnxruntime.
"""

import hashlib
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from math import inf, prod
from pathlib import Path
from typing import Self, TypeAlias, TypeVar

import numpy as np
import onnxruntime as ort

from performer import codec, onnx_file, touch
from performer.model_card import ModelCard
from performer.refusal import Refusal
from performer.signature import Shape

LARGEST = 200 * 1024 * 1024  # bytes of a model file
LARGEST_STATE = 4 * 1024 * 1024  # numbers of one input that is carried from note to note
MEMORY = 512 * 1024 * 1024  # bytes, of all models together
LOADING, FIRST_STEP = 30.0, 10.0  # seconds; a note of the flagship's takes a thousandth
CHECKED = 4096  # numbers of an output that is looked through; what is wrong reaches a small one
DTYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}
SIGNATURES = {codec.CODEC: codec.SIGNATURE, touch.CODEC: touch.SIGNATURE}

T = TypeVar("T")
Graph: TypeAlias = ort.InferenceSession
Inputs = Mapping[str, tuple[tuple[int | str, ...], type]]


class Model:
    """A loaded model: its card, the fingerprint of its file, and the graph, which can be run."""

    def __init__(self, path: Path, card: ModelCard, sha256: str, graph: Graph):
        """Use `Model.load`."""
        self.path = path
        self.card = card
        self.sha256 = sha256
        self._graph = graph
        self._has_run = False

    @classmethod
    def load(cls, path: Path) -> Self:
        """Load and check a model file. Raises Refusal with a sentence for the player."""
        data = _read(path)
        try:
            graph = graph_of(data)
            card = ModelCard.from_metadata(graph.get_modelmeta().custom_metadata_map)
            _check_fit(card, graph)
        except ValueError as reason:
            raise Refusal(f"{path} cannot be played: {reason}.") from None
        return cls(path, card, hashlib.sha256(data).hexdigest(), graph)

    @property
    def inputs(self) -> Inputs:
        """What the graph reads, by name: the type of each input, and its shape.

        A size that differs from run to run is a name.
        """
        return {
            tensor.name: (tuple(tensor.shape), DTYPES[tensor.type])
            for tensor in self._graph.get_inputs()
        }

    def run(self, outputs: list[str], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """What the graph says. Raises Refusal where it fails, or says what is not a number."""
        try:
            said = self._run(outputs, inputs)
        except TimeoutError:
            raise Refusal(f"{self.path} cannot be played: its first note does not come.") from None
        except Exception as reason:  # onnxruntime's exceptions share no narrower class
            raise Refusal(f"{self.path} failed while playing: {_first_line(reason)}") from None
        if not all(_is_finite(part) for part in said if part.size <= CHECKED):
            raise Refusal(f"{self.path} failed while playing: it said what is not a number.")
        return said

    def _run(self, outputs: list[str], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        if self._has_run:
            return list(self._graph.run(outputs, dict(inputs)))
        said = _in_time(FIRST_STEP, lambda terms: self._graph.run(outputs, dict(inputs), terms))
        self._has_run = True
        return list(said)


def graph_of(data: bytes) -> Graph:
    """A file as a graph that can be run. Raises ValueError where it is not to be trusted."""
    onnx_file.check(data)
    try:
        return _in_time(LOADING, lambda _: _graph(data))
    except TimeoutError:
        raise ValueError("it takes too long to load") from None


def _is_finite(part: np.ndarray) -> bool:
    """True where no number is NaN or infinite; least odds, minus infinity, are odds."""
    return part.size == 0 or part.dtype.kind != "f" or bool(part.max() < inf)


def _in_time(seconds: float, work: Callable[[ort.RunOptions], T]) -> T:
    """What comes of some work. Raises TimeoutError; work that will not stop is left behind."""
    terms = ort.RunOptions()
    done: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def do() -> None:
        try:
            done.put((work(terms), None))
        except Exception as failure:  # for whoever waits
            done.put((None, failure))

    threading.Thread(target=do, name="a model's first step", daemon=True).start()
    try:
        came, failure = done.get(timeout=seconds)
    except queue.Empty:
        terms.terminate = True
        raise TimeoutError from None
    if failure is not None:
        raise failure
    return came  # type: ignore[return-value]


@cache
def _bound_memory() -> None:
    """Let all models share one store of memory, which has an end; done once in a process."""
    store = ort.OrtMemoryInfo(
        "Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT
    )
    ort.create_and_register_allocator(store, ort.OrtArenaCfg({"max_mem": MEMORY}))


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise Refusal(f"{path} is {size >> 20} MB large, more than any model of ours.")
        return path.read_bytes()
    except OSError as reason:
        raise Refusal(f"The model {path} cannot be read: {reason.strerror}.") from None


def _graph(data: bytes) -> Graph:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a note is too small to share
    options.log_severity_level = 4
    _bound_memory()
    options.add_session_config_entry("session.use_env_allocators", "1")
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as reason:  # onnxruntime's exceptions share no narrower class
        raise ValueError(
            f"it is no whole, self-contained ONNX file ({_first_line(reason)})"
        ) from None


def _check_fit(card: ModelCard, graph: Graph) -> None:
    signature = SIGNATURES.get(card.codec)
    if signature is None:
        known = " and ".join(repr(name) for name in SIGNATURES)
        raise ValueError(f"it was made for the codec {card.codec!r}, and this program has {known}")
    inputs = {tensor.name: list(tensor.shape) for tensor in graph.get_inputs()}
    outputs = {tensor.name: list(tensor.shape) for tensor in graph.get_outputs()}
    for name, shape in signature.inputs.items():
        if name not in inputs or not _fits(inputs[name], shape):
            raise ValueError(f"it does not read {name!r} of shape {_written(shape)}")
    for name, shape in signature.outputs.items():
        if name not in outputs or not _fits(outputs[name], shape):
            raise ValueError(f"it has no output {name!r} of shape {_written(shape)}")
    for name in set(inputs) - set(signature.inputs):
        raise ValueError(f"it reads {name!r}, which nobody gives it")
    for name, shape in {**signature.carried, **signature.remembered}.items():
        sizes = _sizes(inputs[name])
        named = [size for size in shape if isinstance(size, str)]
        if len(sizes) + len(named) < len(shape) or prod(sizes) > LARGEST_STATE:
            raise ValueError(f"its {name!r} is of no size that can be carried along")
    for name in signature.carried:
        if _sizes(outputs[f"next_{name}"]) != _sizes(inputs[name]):
            raise ValueError(f"it does not carry on its {name!r}")
    if any(tensor.type not in DTYPES for tensor in graph.get_inputs()):
        raise ValueError("it reads numbers of a strange kind")


def _sizes(shape: Iterable[object]) -> list[int]:
    """Those that are the same in every run."""
    return [size for size in shape if isinstance(size, int)]


def _fits(shape: list[object], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        want is None or size == want for size, want in zip(shape, wanted, strict=True)
    )


def _written(shape: Shape) -> str:
    return " x ".join("any" if size is None else str(size) for size in shape)


def _first_line(reason: Exception) -> str:
    return str(reason).strip().splitlines()[0][:200] if str(reason).strip() else repr(reason)
