"""Serving calls: who reads, who runs a handler, who writes.

Twins: procwire-runtime/src/worker, workers/typescript/src/worker. The only part with threads in it.

    reader    one thread receives, runs plain handlers itself and answers; another takes over when one runs long
    threads   the threads that do not read
    tasks     the asyncio loop, for ``async def`` handlers
    writer    frames from everyone, sent in order, many at a time
    call      one method: its handler and its codecs
    dispatch  from a request to a handler and from its outcome to an answer
    worker    start, shutdown, exit
"""
