"""The Python worker: what ``schemas/texts.toml`` promises, kept with scikit-learn and matplotlib."""

from collections.abc import Iterator

from procwire import Context, serve

import analysis
import drawing
from texts import DrawArgs, Findings, Related, StudyArgs, TextsWorker


class Texts(TextsWorker):
    """Reads the texts of a folder together, and draws the map of them."""

    def study(self, req: StudyArgs, ctx: Context) -> Iterator[Findings]:
        paths = [text.path for text in req.texts]
        wanted = paths if req.only is None else req.only
        total = len(paths) + len(wanted)

        def read(done: int) -> None:
            ctx.raise_if_cancelled()
            self.events.progress(done=done, total=total, doing=f"reading {paths[done - 1]}")

        corpus = analysis.Corpus([text.markdown for text in req.texts], read)
        index_of = {path: index for index, path in enumerate(paths)}
        for done, path in enumerate(wanted, start=len(paths) + 1):
            found = corpus.report(index_of[path])
            self.events.progress(done=done, total=total, doing=f"comparing {path}")
            yield Findings(
                path=path,
                words=found.words,
                keywords=found.keywords,
                related=[Related(path=paths[index], likeness=likeness) for index, likeness in found.related],
                group=found.group,
                place=found.place,
            )

    def draw(self, req: DrawArgs, ctx: Context) -> str:
        index_of = {dot.found.path: index for index, dot in enumerate(req.dots)}
        return drawing.draw(
            [
                drawing.Dot(
                    title=dot.title,
                    href=dot.href,
                    words=dot.found.words,
                    group=dot.found.group,
                    place=dot.found.place,
                    related=[index_of[kin.path] for kin in dot.found.related[:2] if kin.path in index_of],
                )
                for dot in req.dots
            ]
        )


if __name__ == "__main__":
    serve(Texts())
