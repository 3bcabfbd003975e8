//! The one table of diagnostic codes: id, severity, title and explanation of each.
//!
//! Codes are stable: one that is no longer used is never given a new meaning. P00xx are about files, P01xx about
//! names and types, P02xx about methods, events and modules, P03xx about values, P04xx about Rust source; P05xx
//! are warnings. Nothing is looked up by message text.

use super::report::Severity;

macro_rules! codes {
    ($( $variant:ident $id:literal $title:literal $explanation:literal )*) => {
        /// A kind of finding; see the table in this file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $( #[doc = $title] $variant, )*
        }

        impl Code {
            /// Every code, ascending.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// `P0103`
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $( Self::$variant => $id, )* }
            }

            /// A few words: what is wrong.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $( Self::$variant => $title, )* }
            }

            /// Some sentences: why it is refused and what to write instead.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $( Self::$variant => $explanation, )* }
            }
        }
    };
}

impl Code {
    /// Warnings are the codes P05xx; all others are errors.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self.id().starts_with("P05") {
            Severity::Warning
        } else {
            Severity::Error
        }
    }

    /// The code with that id, in either case.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.id().eq_ignore_ascii_case(id))
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

codes! {
    // ── files ────────────────────────────────────────────────────────────────
    SyntaxToml "P0001" "not valid TOML"
        "The file is not valid TOML, so nothing in it could be read. Fix the place shown; the TOML specification is at https://toml.io."
    Unreadable "P0002" "a file cannot be read"
        "The schema, or a file that it imports, does not exist or cannot be read. Import paths are relative to the file that imports."
    NotUtf8 "P0003" "not UTF-8 text"
        "Schemas are UTF-8 text. Save the file in that encoding."
    UnknownFormat "P0004" "neither .toml nor .rs"
        "A schema is a TOML file (`.toml`) or a Rust file (`.rs`) that holds a trait under `#[procwire::module]`."
    LanguageMissing "P0005" "language version missing"
        "Every TOML schema says which version of the schema language it is written in. Put `procwire = 1` at the top."
    LanguageUnknown "P0006" "unknown language version"
        "This version of Procwire knows language version 1 only. Write `procwire = 1`, or use a newer Procwire."
    UnknownKey "P0007" "unknown key"
        "The key means nothing here. An unknown key is an error and not ignored, because it is nearly always a typing error that would silently change what is generated."
    WrongValue "P0008" "wrong kind of value"
        "The key expects another kind of value: a string where there is a number, a table where there is a list, and so on."
    MissingKey "P0009" "a required key is missing"
        "The table lacks a key that it cannot do without."
    ImportCycle "P0010" "files import each other"
        "A file imports itself, directly or through others. Move what both need into a third file."
    ImportAlias "P0011" "an import alias is not unique"
        "An alias stands for one file in the whole schema, because generated code names imported types by it. Two files may not share one, and one file may not be imported twice by the same file."
    ImportModule "P0012" "an imported file is a module"
        "Only types are imported. Move the shared types into a file without `[module]`, `[method]` and `[event]` and import that from both."
    ReservedKey "P0013" "a key starts with `_`"
        "Names that start with `_` are reserved for the generator's own."
    NoModule "P0014" "no module"
        "The file declares methods, events or a way to spawn a worker, or it is a Rust file, and has no module to which they belong."
    TwoModules "P0015" "more than one module in a file"
        "A schema describes one module. Put the other one into a file of its own."
    SyntaxRust "P0016" "not valid Rust"
        "The file is not valid Rust, so nothing in it could be read. `cargo check` says more."
    // ── names and types ──────────────────────────────────────────────────────
    NameShape "P0101" "a name is spelled wrong"
        "Types are PascalCase; modules, methods, events, fields, variants, enum values and import aliases are snake_case: ASCII letters and digits, a letter first. Each target language gets its own spelling from that, and gets back the same name on the wire."
    Duplicate "P0102" "a name is declared twice"
        "Names are identity here: two of the same kind cannot share one."
    UnknownType "P0103" "unknown type"
        "No type of that name is built in, declared in this file, or imported. Imported types are written with the alias of their file: `geo.Rect`."
    TypeSyntax "P0104" "a type cannot be read"
        "Types are written: a built-in name (`bool int i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 string bytes timestamp duration decimal uuid json`), `T?`, `[T]`, `[T; N]`, `{K: V}`, `(A, B)`, or a declared name."
    Collision "P0105" "names collide in a target language"
        "Two names differ in the schema and become the same name in a generated language (`a_b` and `aB` in TypeScript, `HttpError` and `HTTPError` after conversion). Rename one."
    GeneratedName "P0106" "a name is taken by generated code"
        "The generator makes types of its own next to yours (`OpenArgs`, `ProgressEvent`, `PdfClient`, `PdfWorker`, …). A declared type may not have the name of one of them."
    ReservedName "P0107" "a name is reserved"
        "The name has a meaning in a target language or in the runtime that renaming cannot get around."
    InfiniteType "P0108" "a type contains itself without end"
        "No value of the type could ever be finished. Make the reference optional (`T?`), a list (`[T]`) or a map, or give a union a variant that does not contain it."
    MapKey "P0109" "not a map key"
        "Keys of maps are strings, whole numbers, enums, or newtypes of those: what every target language can use as a key and compare exactly."
    TableInside "P0110" "a table inside another type"
        "A table is a whole payload: it travels as one Arrow stream and cannot be a part of another value. Use it directly: `args = \"Table\"`, `returns = \"Table\"`, `streams = \"Table\"`."
    TableColumn "P0111" "not a column type"
        "Columns of tables are numbers, `bool`, `string`, `bytes`, `timestamp`, a fixed vector of numbers (`[f32; 384]`), an optional of those (`T?`) or a list of those (`[T]`)."
    ThrowsNotUnion "P0112" "`throws` needs a union"
        "What a method may raise is a union: each error has a name and its own data. Wrap the type: `[union.PdfError]`."
    ArrayLength "P0113" "array length out of bounds"
        "A fixed array has between 1 and 4294967295 elements. For any number of them write `[T]`."
    VariantNotStruct "P0114" "a variant names something other than a struct"
        "A variant carries named fields beside its tag: write them in place, or name a struct that has them."
    TagField "P0115" "a field of a variant is called `type`"
        "On the wire a union is one map, and the key `type` holds the name of the variant. A field of that name would overwrite it."
    EmptyChoice "P0116" "nothing to choose from"
        "An enum needs at least one value and a union at least one variant beside `...`."
    OpenMarker "P0117" "`...` in the wrong place"
        "`...` stands last in an enum or union, once, and says that more may come."
    Optional "P0118" "an optional where none can be"
        "`T?` inside `T?` has no meaning of its own on the wire, where absent and nil are alike. A newtype names a value that is there: write `Name?` where it may be absent."
    TupleSize "P0119" "tuple size out of bounds"
        "A tuple has between 2 and 12 elements. For more, declare a struct: its fields have names."
    ModuleName "P0120" "bad module name"
        "A module's name is snake_case and starts with a letter, and becomes file and type names in each language."
    // ── methods, events, the module ──────────────────────────────────────────
    TwoAnswers "P0201" "a method answers in more than one way"
        "A method has exactly one of `returns`, `streams`, `acks` and `oneway`."
    CodecMismatch "P0202" "the codec does not fit the types"
        "Codecs follow from types: `bytes` travels raw, a table as Arrow, everything else as MessagePack. `codec` may only repeat that, or put `bytes` into MessagePack."
    OnewayExtra "P0203" "a oneway method cannot have this"
        "Nothing comes back from a oneway method: it cannot throw, time out, be cancelled or be sent again."
    StreamIdempotent "P0204" "a stream cannot be idempotent"
        "`idempotent` lets the runtime send a call again after a crash. A stream has already given items to the caller by then, who would see them twice."
    EventPayload "P0205" "an event cannot carry this"
        "An event carries fields or one struct, union, enum, newtype or built-in value. It has no answer and no table."
    AnswerValue "P0206" "an answer is written wrong"
        "`acks` is `true` or the type of a receipt, `oneway` is `true`. To say that a method does not, leave the key out."
    NoAnswer "P0207" "a method does not say how it answers"
        "A method has exactly one of `returns`, `streams`, `acks` and `oneway`. It is never implied, because changing it later breaks every caller."
    Version "P0208" "not a version"
        "A module's version has three numbers, as in Semantic Versioning: `1.4.0`, `0.1.0-beta.2`."
    TableNotEmitted "P0209" "tables cannot be emitted yet"
        "Tables are declared and checked, and code that carries them is not generated yet: Arrow transport comes later. Leave the method out, or send a list of structs."
    Deprecated "P0210" "`deprecated` needs a reason"
        "`deprecated` says what to use instead; the text shows up in every generated language."
    // ── values ───────────────────────────────────────────────────────────────
    DefaultType "P0301" "a default does not fit its type"
        "A default is a value of the field's type. Enums take one of their values, durations and timestamps a string; structs, unions and tables have no literal: make the field optional instead."
    RangeType "P0302" "`range` on something without order"
        "`range` bounds numbers, and newtypes and optionals of them. Use `len` for the size of strings, bytes, lists and maps."
    LenType "P0303" "`len` on something without size"
        "`len` bounds the size of strings (in code points), bytes, lists and maps."
    PatternType "P0304" "`pattern` on something other than a string"
        "`pattern` is checked on strings."
    RangeSyntax "P0305" "a range cannot be read"
        "A range is written as in Rust: \"36..=1200\", \"1..\", \"..=100\", \"0.0..1.0\"."
    LenSyntax "P0306" "a length cannot be read"
        "A length is a range of whole numbers from 0 on: \"1..=500\", \"1..\", or one number."
    EmptyRange "P0307" "nothing fits the range"
        "The least value lies above the greatest."
    Pattern "P0308" "not a regular expression"
        "The pattern cannot be read as a regular expression."
    PatternShared "P0309" "the pattern is not understood alike everywhere"
        "A pattern is checked in Rust, Python and JavaScript and must mean the same in each: literals, classes, groups `(…)` and `(?:…)`, alternatives, the repetitions `* + ? {m,n}` and their lazy forms, `^ $ \\b \\B \\d \\w \\s` and their negations. Look-around, back-references, named groups, inline flags, `\\p{…}`, `\\A`, `\\z` and `\\Z` are not in all three."
    DurationSyntax "P0310" "not a duration"
        "A duration is a number and a unit, `us`, `ms`, `s`, `m`, `h` or `d`: \"250ms\", \"30s\", \"2m\". A timeout may also be \"none\"."
    RangeDefault "P0311" "a range does not hold its own default"
        "The default lies outside `range`, so the value that a reader fills in would be refused."
    LenDefault "P0312" "a length or pattern does not hold its own default"
        "The default breaks `len` or `pattern`, so the value that a reader fills in would be refused."
    SizeSyntax "P0313" "not a size"
        "A size is a number of bytes with a unit: \"64 KiB\", \"256 MiB\", \"1 GiB\", \"500 kB\", or a plain whole number."
    RangeWider "P0314" "a range reaches beyond its type"
        "A bound of `range` is a number that the type cannot hold."
    SpawnValue "P0315" "a spawn setting makes no sense"
        "The value is well-formed and impossible: an empty command, no time, a window of nothing, a first delay above the greatest."
    // ── Rust source ──────────────────────────────────────────────────────────
    RustGenerics "P0401" "generics and lifetimes are not in the contract"
        "Workers in other languages see the trait too: no type parameters, lifetimes, `impl Trait` or `where`. Write the types out."
    RustAsync "P0402" "`async` is missing, or one too many"
        "A method that answers once is an `async fn`; a stream is a plain `fn` that returns `Answers<T, E>`; an event is a plain `fn` without a return type."
    RustReturn "P0403" "a return type does not say how the method answers"
        "`T` or `Result<T, E>` for one value, `Answers<T, E>` for a stream, `Ack` or `Result<Ack<T>, E>` for \"taken\", `Oneway` for nothing."
    RustAttribute "P0404" "an attribute is written wrong"
        "The attribute stands in the wrong place or has the wrong arguments."
    RustType "P0405" "a Rust type that has no place on the wire"
        "Use `bool`, `i8` to `i64`, `u8` to `u64`, `Int`, `f32`, `f64`, `String`, `Bytes`, `SystemTime`, `Duration`, `Decimal`, `Uuid`, `Value`, `Option<T>`, `Vec<T>`, `[T; N]`, `BTreeMap<K, V>`, `HashMap<K, V>`, tuples, `Box<T>`, or a type with `#[derive(procwire::Type)]`."
    RustUnseen "P0406" "a type cannot be seen"
        "Source files are read, not compiled: a type must stand, under `#[derive(procwire::Type)]`, in the file of the trait or in a module that this file reaches through `mod name;`."
    RustReceiver "P0407" "a receiver is missing, or one too many"
        "Methods take `&self`; events take none."
    RustItem "P0408" "an item that has no place in the contract"
        "The trait holds methods and events only, and derived types are structs with named fields, structs with one unnamed field (newtypes) and enums."
    RustParameter "P0409" "a parameter without a plain name"
        "The name of a parameter is its name on the wire: write `name: Type`."
    // ── warnings ─────────────────────────────────────────────────────────────
    UnusedType "P0501" "a type is never used"
        "No method and no event reaches the type. It is generated all the same."
    Keyword "P0502" "a name is a keyword in a target language"
        "The name is kept on the wire; in that language it is generated with a `_` at its end (in Rust as a raw identifier where that is possible)."
    UnusedImport "P0503" "an import is never used"
        "No type of the imported file is used here."
    InlineTableLines "P0504" "an inline table over several lines"
        "TOML 1.1 allows it, and Python's `tomllib` and most editors do not know it yet. Use a table header: `[method.name.args]`."
    LostDocs "P0505" "a `##` comment that documents nothing"
        "`##` documents the item below it. Here there is none: move it, or write `#` for a comment."
    ByteList "P0506" "a list of `u8`"
        "A list of `u8` travels as one number after the other, and Rust's `Vec<u8>` is such a list. `bytes` (in Rust `Bytes`) travels as it is and is many times faster."
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn ids_ascend_and_are_unique() {
        for pair in Code::ALL.windows(2) {
            assert!(
                pair[0].id() < pair[1].id(),
                "{} before {}",
                pair[0],
                pair[1]
            );
        }
        assert_eq!(Code::parse("p0103"), Some(Code::UnknownType));
    }
}
