"""The worker of the module `answers`. This file is yours: procwire-gen wrote it once and leaves it alone."""

from __future__ import annotations

from collections.abc import Iterator

from procwire import Context, serve

from answers import AckArgs, AnswersWorker, OnewayArgs, Receipt, ResultArgs, StreamArgs


class Answers(AnswersWorker):
    """One method for each way to answer, with and without arguments, with and without errors."""

    def result(self, req: ResultArgs, ctx: Context) -> Receipt:
        raise NotImplementedError("result is not written yet")

    def result_of_nothing(self, ctx: Context) -> int:
        raise NotImplementedError("result_of_nothing is not written yet")

    def stream(self, req: StreamArgs, ctx: Context) -> Iterator[Receipt]:
        raise NotImplementedError("stream is not written yet")

    def ack(self, req: AckArgs, ctx: Context) -> None:
        raise NotImplementedError("ack is not written yet")

    def ack_with_receipt(self, ctx: Context) -> Receipt:
        raise NotImplementedError("ack_with_receipt is not written yet")

    def oneway(self, req: OnewayArgs, ctx: Context) -> None:
        raise NotImplementedError("oneway is not written yet")


if __name__ == "__main__":
    serve(Answers)
