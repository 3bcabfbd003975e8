"""The text side of the protocol: one JSON object per line over stdin and stdout. Pure.

Twins: procwire-runtime/src/control, workers/typescript/src/control. Knows no descriptor and no clock.
"""
