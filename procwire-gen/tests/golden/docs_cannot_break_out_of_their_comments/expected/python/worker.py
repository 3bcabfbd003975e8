"""The worker of the module `prose`. This file is yours: procwire-gen wrote it once and leaves it alone."""

from __future__ import annotations

from procwire import Context, serve

from prose import FindArgs, ProseWorker, Thing


class Prose(ProseWorker):
    """Quotes: \"\"\" and ''' and " at the end"
    Ends of comments: */ and --> and # and //
    A backslash at the end \\
    Escapes: \\n \\u0041 \\x41 \\N{BULLET} {braces} ${dollar} `tick` %s %(name)s
    Not ASCII: naïve ☃ 𝄞 Grüße, 日本語
    @deprecated {@link nothing} <b>html</b> &amp; [link](x) [Type] [`Type`]

        indented code must not be run: panic!()

    ```
    fn fenced() { panic!() }
    ```
    \"\"\"
    */
    \\
    """

    def find(self, req: FindArgs, ctx: Context) -> Thing:
        """Quotes: \"\"\" and ''' and " at the end"
        Ends of comments: */ and --> and # and //
        A backslash at the end \\
        Escapes: \\n \\u0041 \\x41 \\N{BULLET} {braces} ${dollar} `tick` %s %(name)s
        Not ASCII: naïve ☃ 𝄞 Grüße, 日本語
        @deprecated {@link nothing} <b>html</b> &amp; [link](x) [Type] [`Type`]

            indented code must not be run: panic!()

        ```
        fn fenced() { panic!() }
        ```
        \"\"\"
        */
        \\
        """
        raise NotImplementedError("find is not written yet")


if __name__ == "__main__":
    serve(Prose)
