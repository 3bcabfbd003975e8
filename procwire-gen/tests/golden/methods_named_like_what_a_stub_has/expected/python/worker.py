"""The worker of the module `stub`. This file is yours: procwire-gen wrote it once and leaves it alone."""

from __future__ import annotations

from procwire import Context, serve

from stub import (
    AbortArgs,
    BuilderArgs,
    CallArgs,
    CloneArgs,
    CloseArgs,
    ContractArgs,
    DropArgs,
    EmitArgs,
    InitArgs,
    InMemoryArgs,
    ModuleArgs,
    RunArgs,
    ScriptedArgs,
    ServeArgs,
    ShutdownArgs,
    StartArgs,
    StopArgs,
    StubWorker,
)


class Stub(StubWorker):
    """Methods and events named like what a stub, a worker or a sink has of its own."""

    def start(self, req: StartArgs, ctx: Context) -> int:
        raise NotImplementedError("start is not written yet")

    def stop(self, req: StopArgs, ctx: Context) -> int:
        raise NotImplementedError("stop is not written yet")

    def run(self, req: RunArgs, ctx: Context) -> int:
        raise NotImplementedError("run is not written yet")

    def serve(self, req: ServeArgs, ctx: Context) -> int:
        raise NotImplementedError("serve is not written yet")

    def clone(self, req: CloneArgs, ctx: Context) -> int:
        raise NotImplementedError("clone is not written yet")

    def drop(self, req: DropArgs, ctx: Context) -> int:
        raise NotImplementedError("drop is not written yet")

    def init(self, req: InitArgs, ctx: Context) -> int:
        raise NotImplementedError("init is not written yet")

    def call(self, req: CallArgs, ctx: Context) -> int:
        raise NotImplementedError("call is not written yet")

    def close(self, req: CloseArgs, ctx: Context) -> int:
        raise NotImplementedError("close is not written yet")

    def abort(self, req: AbortArgs, ctx: Context) -> int:
        raise NotImplementedError("abort is not written yet")

    def contract(self, req: ContractArgs, ctx: Context) -> int:
        raise NotImplementedError("contract is not written yet")

    def builder(self, req: BuilderArgs, ctx: Context) -> int:
        raise NotImplementedError("builder is not written yet")

    def in_memory(self, req: InMemoryArgs, ctx: Context) -> int:
        raise NotImplementedError("in_memory is not written yet")

    def scripted(self, req: ScriptedArgs, ctx: Context) -> int:
        raise NotImplementedError("scripted is not written yet")

    def module(self, req: ModuleArgs, ctx: Context) -> int:
        raise NotImplementedError("module is not written yet")

    def shutdown(self, req: ShutdownArgs, ctx: Context) -> int:
        raise NotImplementedError("shutdown is not written yet")

    def emit(self, req: EmitArgs, ctx: Context) -> None:
        raise NotImplementedError("emit is not written yet")


if __name__ == "__main__":
    serve(Stub)
