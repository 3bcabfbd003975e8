"""The worker of the module `keywords`. This file is yours: procwire-gen wrote it once and leaves it alone."""

from __future__ import annotations

from procwire import Context, serve

from keywords import (
    AsyncArgs,
    AwaitArgs,
    CallArgs,
    Choice,
    ClassArgs,
    CrateArgs,
    DefaultArgs,
    DeleteArgs,
    DynArgs,
    FnArgs,
    FromArgs,
    FunctionArgs,
    GetArgs,
    ImplArgs,
    ImportArgs,
    KeywordsWorker,
    LambdaArgs,
    MatchArgs,
    MoveArgs,
    NewArgs,
    OfArgs,
    ReturnArgs,
    SelfArgs,
    SetArgs,
    SpreadArgs,
    SpreadOptionalsArgs,
    SuperArgs,
    ThisArgs,
    TryArgs,
    TypeArgs,
    YieldArgs,
)


class Keywords(KeywordsWorker):
    """Every word that some language keeps for itself, as a field, an argument, a variant and an enum value, and many as a method."""

    def call(self, req: CallArgs, ctx: Context) -> Choice:
        raise NotImplementedError("call is not written yet")

    def spread(self, req: SpreadArgs, ctx: Context) -> int:
        raise NotImplementedError("spread is not written yet")

    def spread_optionals(self, req: SpreadOptionalsArgs, ctx: Context) -> int:
        raise NotImplementedError("spread_optionals is not written yet")

    def async_(self, req: AsyncArgs, ctx: Context) -> int:
        raise NotImplementedError("async_ is not written yet")

    def await_(self, req: AwaitArgs, ctx: Context) -> int:
        raise NotImplementedError("await_ is not written yet")

    def class_(self, req: ClassArgs, ctx: Context) -> int:
        raise NotImplementedError("class_ is not written yet")

    def crate(self, req: CrateArgs, ctx: Context) -> int:
        raise NotImplementedError("crate is not written yet")

    def default(self, req: DefaultArgs, ctx: Context) -> int:
        raise NotImplementedError("default is not written yet")

    def delete(self, req: DeleteArgs, ctx: Context) -> int:
        raise NotImplementedError("delete is not written yet")

    def dyn(self, req: DynArgs, ctx: Context) -> int:
        raise NotImplementedError("dyn is not written yet")

    def fn(self, req: FnArgs, ctx: Context) -> int:
        raise NotImplementedError("fn is not written yet")

    def from_(self, req: FromArgs, ctx: Context) -> int:
        raise NotImplementedError("from_ is not written yet")

    def function(self, req: FunctionArgs, ctx: Context) -> int:
        raise NotImplementedError("function is not written yet")

    def get(self, req: GetArgs, ctx: Context) -> int:
        raise NotImplementedError("get is not written yet")

    def import_(self, req: ImportArgs, ctx: Context) -> int:
        raise NotImplementedError("import_ is not written yet")

    def impl(self, req: ImplArgs, ctx: Context) -> int:
        raise NotImplementedError("impl is not written yet")

    def lambda_(self, req: LambdaArgs, ctx: Context) -> int:
        raise NotImplementedError("lambda_ is not written yet")

    def match(self, req: MatchArgs, ctx: Context) -> int:
        raise NotImplementedError("match is not written yet")

    def move(self, req: MoveArgs, ctx: Context) -> int:
        raise NotImplementedError("move is not written yet")

    def new(self, req: NewArgs, ctx: Context) -> int:
        raise NotImplementedError("new is not written yet")

    def of(self, req: OfArgs, ctx: Context) -> int:
        raise NotImplementedError("of is not written yet")

    def return_(self, req: ReturnArgs, ctx: Context) -> int:
        raise NotImplementedError("return_ is not written yet")

    def self(self, req: SelfArgs, ctx: Context) -> int:
        raise NotImplementedError("self is not written yet")

    def set(self, req: SetArgs, ctx: Context) -> int:
        raise NotImplementedError("set is not written yet")

    def super(self, req: SuperArgs, ctx: Context) -> int:
        raise NotImplementedError("super is not written yet")

    def this(self, req: ThisArgs, ctx: Context) -> int:
        raise NotImplementedError("this is not written yet")

    def try_(self, req: TryArgs, ctx: Context) -> int:
        raise NotImplementedError("try_ is not written yet")

    def type(self, req: TypeArgs, ctx: Context) -> int:
        raise NotImplementedError("type is not written yet")

    def yield_(self, req: YieldArgs, ctx: Context) -> int:
        raise NotImplementedError("yield_ is not written yet")


if __name__ == "__main__":
    serve(Keywords)
