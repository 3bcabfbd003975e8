//! The list of stages, in the order they run: the quick ones that fail often first.

use super::{Stage, chaos, examples, generated, python, rust, typescript};
use crate::prepare::Need;

/// All of `cargo xtask test`.
pub(super) const STAGES: &[Stage] = &[
    Stage {
        name: "fmt",
        proves: "the Rust sources are formatted",
        needs: &[],
        run: rust::fmt,
    },
    Stage {
        name: "clippy",
        proves: "no warning in any Rust target",
        needs: &[],
        run: rust::clippy,
    },
    Stage {
        name: "features",
        proves: "no warning in any feature set of procwire-schema and procwire-gen",
        needs: &[],
        run: rust::features,
    },
    Stage {
        name: "docs",
        proves: "every public item documented, no broken link",
        needs: &[],
        run: rust::docs,
    },
    Stage {
        name: "nextest",
        proves: "every Rust test, real workers of all languages included",
        needs: &[Need::Nextest, Need::Node, Need::Python],
        run: rust::nextest,
    },
    Stage {
        name: "chaos",
        proves: "what callers are told when workers die is true, and nothing outlives a killed parent",
        needs: &[Need::Node, Need::Python],
        run: chaos::run,
    },
    Stage {
        name: "doctest",
        proves: "every example in the documentation compiles and runs",
        needs: &[],
        run: rust::doctest,
    },
    Stage {
        name: "generated",
        proves: "checked-in generated code is what the generator makes now",
        needs: &[],
        run: generated::fresh,
    },
    Stage {
        name: "examples",
        proves: "every example runs to its end",
        needs: &[Need::Node, Need::Python],
        run: examples::run,
    },
    Stage {
        name: "ruff",
        proves: "Python sources are linted and formatted, generated ones linted",
        needs: &[Need::Python],
        run: python::ruff,
    },
    Stage {
        name: "mypy",
        proves: "`mypy --strict` on the Python sources",
        needs: &[Need::Python],
        run: python::mypy,
    },
    Stage {
        name: "pyright",
        proves: "pyright strict on the Python sources",
        needs: &[Need::Python],
        run: python::pyright,
    },
    Stage {
        name: "pytest",
        proves: "the Python worker, with real processes",
        needs: &[Need::Node, Need::Python],
        run: python::pytest,
    },
    Stage {
        name: "tsc",
        proves: "the strictest `tsc` on the TypeScript sources",
        needs: &[Need::Node],
        run: typescript::tsc,
    },
    Stage {
        name: "lint",
        proves: "the linter on the TypeScript sources",
        needs: &[Need::Node],
        run: typescript::lint,
    },
    Stage {
        name: "node",
        proves: "the TypeScript worker on Node, with real processes",
        needs: &[Need::Node, Need::Python],
        run: typescript::node,
    },
    Stage {
        name: "bun",
        proves: "the TypeScript worker on Bun",
        needs: &[Need::Node],
        run: typescript::bun,
    },
    Stage {
        name: "golden-py",
        proves: "ruff, mypy --strict and pyright strict accept every golden Python file",
        needs: &[Need::Python],
        run: generated::golden_python,
    },
    Stage {
        name: "golden-ts",
        proves: "the strictest tsc accepts every golden TypeScript file",
        needs: &[Need::Node],
        run: generated::golden_typescript,
    },
];
