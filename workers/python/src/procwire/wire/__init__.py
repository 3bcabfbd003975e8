"""The binary side of the protocol: an 11-byte header, then the payload. Pure: bytes in, values out.

Twins: procwire-runtime/src/wire, workers/typescript/src/wire. Knows no socket, no clock and no codec.
"""
