"""The worker of the module `pdf`. This file is yours: procwire-gen wrote it once and leaves it alone."""

from __future__ import annotations

from collections.abc import Iterator

from procwire import Context, serve

from pdf import (
    Block,
    BlocksArgs,
    Document,
    IndexArgs,
    OpenArgs,
    Page,
    PdfWorker,
    RenderArgs,
    SetLogLevelArgs,
)


class Pdf(PdfWorker):
    """Opens, renders and searches PDF files."""

    def open(self, req: OpenArgs, ctx: Context) -> Document:
        """Opens a file and reads its metadata."""
        raise NotImplementedError("open is not written yet")

    def render(self, req: RenderArgs, ctx: Context) -> Page:
        """Renders one page to an image."""
        raise NotImplementedError("render is not written yet")

    def blocks(self, req: BlocksArgs, ctx: Context) -> Iterator[Block]:
        """Everything on the page, in reading order."""
        raise NotImplementedError("blocks is not written yet")

    def index(self, req: IndexArgs, ctx: Context) -> None:
        raise NotImplementedError("index is not written yet")

    def set_log_level(self, req: SetLogLevelArgs, ctx: Context) -> None:
        raise NotImplementedError("set_log_level is not written yet")


if __name__ == "__main__":
    serve(Pdf)
