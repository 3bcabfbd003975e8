"""The floor: the least Python that answers typed calls over a socket. No contract, no errors, no threads."""

from __future__ import annotations

import os
import socket
import sys
from struct import Struct

import msgspec

HEADER = Struct(">HBII")
SIZE = HEADER.size


class Small(msgspec.Struct, gc=False):
    id: int
    name: str
    values: list[float]


class Count(msgspec.Struct):
    n: int


def main() -> None:
    path = f"/tmp/procwire-floor-{os.getpid()}.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    methods = {name: {"id": at, "response": "result"} for at, name in enumerate(("echo", "_", "blob", "stream"), 1)}
    init = {"method": "$init", "params": {"pipe": path, "schema": {"methods": methods, "events": {}}}}
    sys.stdout.write(msgspec.json.encode(init).decode() + "\n")
    sys.stdout.flush()
    connection, _ = listener.accept()
    os.unlink(path)
    run(connection)


def run(connection: socket.socket) -> None:
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Small).decode
    capacity = 256 << 10
    store = bytearray(capacity)
    view = memoryview(store)
    unpack, pack = HEADER.unpack_from, HEADER.pack
    at = end = 0
    out: list[bytes] = []
    values = [0.5, -1.25, 3.75, 1e9, 2.5e-3, 42.0, -7.125, 0.1]
    while True:
        while end - at >= SIZE:
            method, _, request, length = unpack(store, at)
            stop = at + SIZE + length
            if stop > end:
                break
            body = view[at + SIZE : stop]
            at = stop
            if method == 1:
                reply = encode(decode(body))
                out.append(pack(method, 3, request, len(reply)) + reply)
            elif method == 4:
                size = 0
                for i in range(msgspec.msgpack.decode(body, type=Count).n):
                    reply = encode(Small(1_000_000 + i, "sensor-000042", values))
                    out.append(pack(method, 11, request, len(reply)) + reply)
                    size += len(reply) + SIZE
                    if size >= 64 << 10:
                        connection.sendall(b"".join(out))
                        out.clear()
                        size = 0
                out.append(pack(method, 27, request, 0))
        if out:
            connection.sendall(out[0] if len(out) == 1 else b"".join(out))
            out.clear()
        if end - at >= SIZE and unpack(store, at)[3] + SIZE > capacity:
            method, _, request, length = unpack(store, at)
            large = memoryview(bytearray(length))
            got = end - at - SIZE
            large[:got] = view[at + SIZE : end]
            while got < length:
                got += connection.recv_into(large[got:])
            at = end = 0
            connection.sendall(pack(method, 3, request, length))
            connection.sendall(large)
            continue
        if at == end:
            at = end = 0
        elif end == capacity:
            store[: end - at] = store[at:end]
            at, end = 0, end - at
        count = connection.recv_into(view[end:])
        if not count:
            return
        end += count


main()
