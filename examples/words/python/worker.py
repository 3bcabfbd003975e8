from collections import Counter
from collections.abc import Iterator

from procwire import Context, serve
from words import Count, CountArgs, Empty, SplitArgs, WordsWorker


class Words(WordsWorker):
    def count(self, req: CountArgs, ctx: Context) -> list[Count]:
        words = req.text.lower().split()
        if not words:
            raise Empty()
        return [Count(word=word, times=times) for word, times in Counter(words).most_common(req.top)]

    def split(self, req: SplitArgs, ctx: Context) -> Iterator[str]:
        yield from req.text.split()


if __name__ == "__main__":
    serve(Words)
