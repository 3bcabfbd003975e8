"""Compares the runtime with the floor: ``python bench/bench.py``. Both run in turn, several times; medians.

Only the ratios mean anything: the machine's other work is in every figure.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import msgspec

from parent import Parent
from procwire.wire.header import HEADER

HERE = Path(__file__).parent
SMALL = {"id": 1_000_000, "name": "sensor-000042", "values": [0.5, -1.25, 3.75, 1e9, 2.5e-3, 42.0, -7.125, 0.1]}
BODY = msgspec.msgpack.encode(SMALL)


def latency(parent: Parent, method: int) -> float:
    """Microseconds of one call after another, median."""
    connection = parent.socket
    assert connection is not None
    request = HEADER.pack(method, 0, 7, len(BODY)) + BODY
    times: list[float] = []
    clock = time.perf_counter
    for _ in range(12_000):
        began = clock()
        connection.send(request)
        connection.recv(4096)
        times.append(clock() - began)
    return statistics.median(times[2000:]) * 1e6


def throughput(parent: Parent, method: int) -> float:
    """Calls per second with 64 in flight. The parent sends batches, so that the worker is what is measured."""
    connection = parent.socket
    assert connection is not None
    batch = (HEADER.pack(method, 0, 7, len(BODY)) + BODY) * 64
    size = len(batch)
    buffer = bytearray(size)
    count = 0
    began = time.perf_counter()
    while (took := time.perf_counter() - began) < 1.0:
        connection.sendall(batch)
        got = 0
        while got < size:
            got += connection.recv_into(buffer, size - got)
        count += 64
    return count / took


def stream(parent: Parent, method: int) -> float:
    """Items per second of streams of 100,000."""
    connection = parent.socket
    assert connection is not None
    payload = msgspec.msgpack.encode({"n": 100_000})
    size = 100_000 * (len(BODY) + 11) + 11
    count = 0
    buffer = bytearray(1 << 20)
    began = time.perf_counter()
    while (took := time.perf_counter() - began) < 1.0:
        connection.sendall(HEADER.pack(method, 0, 9, len(payload)) + payload)
        got = 0
        while got < size:
            got += connection.recv_into(buffer)
        count += 100_000
    return count / took


def blob(parent: Parent, method: int) -> float:
    """MB/s of 64 MiB echoed, both directions counted."""
    connection = parent.socket
    assert connection is not None
    size = 64 << 20
    data = bytes(size)
    target = memoryview(bytearray(size + 11))
    times: list[float] = []
    for _ in range(5):
        began = time.perf_counter()
        connection.sendall(HEADER.pack(method, 0, 8, size))
        connection.sendall(data)
        got = 0
        while got < size + 11:
            got += connection.recv_into(target[got:])
        times.append(time.perf_counter() - began)
    return 2 * size / statistics.median(times) / 1e6


def ready(script: str) -> float:
    """Milliseconds from the start of the process to the first answer."""
    began = time.perf_counter()
    with Parent(sys.executable, str(HERE / script)) as parent:
        latency_once(parent)
    return (time.perf_counter() - began) * 1e3


def latency_once(parent: Parent) -> None:
    parent.call("echo", SMALL)


def main() -> None:
    measures: list[tuple[str, str, Callable[[Parent, int], float], str, str]] = [
        ("latency, def", "us", latency, "echo", "echo"),
        ("latency, async def", "us", latency, "echo_async", "echo"),
        ("64 in flight, def", "/s", throughput, "echo", "echo"),
        ("64 in flight, async def", "/s", throughput, "echo_async", "echo"),
        ("stream", "/s", stream, "stream", "stream"),
        ("64 MiB", "MB/s", blob, "blob", "blob"),
    ]
    for name, unit, measure, ours, theirs in measures:
        product: list[float] = []
        floor: list[float] = []
        for _ in range(3):
            for script, method, results in (("echo_worker.py", ours, product), ("floor_worker.py", theirs, floor)):
                with Parent(sys.executable, str(HERE / script)) as parent:
                    results.append(measure(parent, parent.methods[method]))
        a, b = statistics.median(product), statistics.median(floor)
        print(f"{name:26} {a:12.1f} {unit:5} floor {b:12.1f}   {a / b:5.2f}x")
    a, b = (statistics.median(ready(script) for _ in range(5)) for script in ("echo_worker.py", "floor_worker.py"))
    print(f"{'spawn to first answer':26} {a:12.1f} ms    floor {b:12.1f}   {a / b:5.2f}x")


if __name__ == "__main__":
    main()
