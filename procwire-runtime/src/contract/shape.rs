//! The shape of a type as text, and its expansion: the part of a contract that both ends must agree on.
//!
//! Owns the local form (`$k` stands for the k-th type mentioned) and the expanded form (`#n` stands for a
//! declared type met before). It knows nothing of values, codecs or names on the wire beyond field names.

/// What a type looks like on the wire, without its name.
///
/// `text` is the local form: built-in types are spelled out, another declared type is `$k` and stands in
/// `refs[k]`. References are functions, so that a recursive type is no cycle of constants.
#[derive(Debug)]
pub struct Shape {
    /// Tells one declared type from another: its full path. Empty where nothing is numbered: built-in types, newtypes,
    /// and fields that nobody declared (arguments, payloads of events).
    pub identity: &'static str,
    /// The local form, for example `struct(children?:[$0],page:u32)`.
    pub text: &'static str,
    /// What `$0`, `$1`, … stand for.
    pub refs: &'static [fn() -> &'static Self],
}

impl Shape {
    /// The shape of a built-in type, which mentions no other.
    #[must_use]
    pub const fn builtin(text: &'static str) -> Self {
        Self {
            identity: "",
            text,
            refs: &[],
        }
    }

    /// Whether this shape belongs to a declaration that is numbered when first entered.
    fn is_declared(&self) -> bool {
        !self.identity.is_empty()
    }
}

/// Writes the expanded form of several shapes with one numbering, as one method or event needs it.
#[derive(Debug, Default)]
pub struct Expansion {
    seen: Vec<&'static str>,
}

impl Expansion {
    /// Starts with number 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the expanded form of `shape` to `out`.
    pub fn write(&mut self, shape: &'static Shape, out: &mut String) {
        self.enter(shape, out, 0);
    }

    fn enter(&mut self, shape: &'static Shape, out: &mut String, depth: usize) {
        if shape.is_declared() {
            if let Some(number) = self.seen.iter().position(|one| *one == shape.identity) {
                out.push('#');
                out.push_str(&number.to_string());
                return;
            }
            self.seen.push(shape.identity);
        }
        // Only newtypes that wrap themselves get this deep, and no value of such a type can exist.
        if depth > MAX_DEPTH {
            out.push('!');
            return;
        }
        self.body(shape, shape.text, out, depth);
    }

    /// Writes `text`, which is that of `shape` or a part of it, with its references expanded.
    fn body(&mut self, shape: &'static Shape, text: &'static str, out: &mut String, depth: usize) {
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let is_variant = rest[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let digits = rest[at + 1..]
                .bytes()
                .take_while(u8::is_ascii_digit)
                .count();
            let number = rest[at + 1..at + 1 + digits].parse::<usize>();
            match number.ok().and_then(|k| shape.refs.get(k)) {
                // `tag$k`: a variant that holds the fields of a struct and does not enter it.
                Some(inner) if is_variant => {
                    let inner = inner();
                    self.body(
                        inner,
                        inner.text.trim_start_matches("struct"),
                        out,
                        depth + 1,
                    );
                }
                Some(inner) => self.enter(inner(), out, depth + 1),
                None => out.push('!'),
            }
            rest = &rest[at + 1 + digits..];
        }
        out.push_str(rest);
    }
}

const MAX_DEPTH: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    static LEAF: Shape = Shape {
        identity: "a::Leaf",
        text: "struct(x:u8)",
        refs: &[],
    };
    static TREE: Shape = Shape {
        identity: "a::Tree",
        text: "struct(kids:[$0],leaf:$1,other?:$1?)",
        refs: &[|| &TREE, || &LEAF],
    };
    static ID: Shape = Shape {
        identity: "",
        text: "string",
        refs: &[],
    };

    fn expand(shapes: &[&'static Shape]) -> String {
        let (mut expansion, mut out) = (Expansion::new(), String::new());
        for shape in shapes {
            expansion.write(shape, &mut out);
            out.push(' ');
        }
        out
    }

    #[test]
    fn a_declared_type_is_spelled_once_and_then_numbered() {
        assert_eq!(
            expand(&[&TREE]),
            "struct(kids:[#0],leaf:struct(x:u8),other?:#1?) "
        );
        assert_eq!(
            expand(&[&LEAF, &TREE]),
            "struct(x:u8) struct(kids:[#1],leaf:#0,other?:#0?) "
        );
    }

    #[test]
    fn a_newtype_is_what_it_wraps() {
        static HOLDER: Shape = Shape {
            identity: "a::H",
            text: "struct(id:$0,old:$0)",
            refs: &[|| &ID],
        };
        assert_eq!(expand(&[&HOLDER]), "struct(id:string,old:string) ");
    }

    #[test]
    fn a_variant_holds_the_fields_of_a_struct_and_does_not_enter_it() {
        static UNION: Shape = Shape {
            identity: "a::U",
            text: "union(bare()|leaf$0|own(l:$0))",
            refs: &[|| &LEAF],
        };
        assert_eq!(
            expand(&[&UNION]),
            "union(bare()|leaf(x:u8)|own(l:struct(x:u8))) "
        );
    }

    #[test]
    fn fields_that_nobody_declared_take_no_number() {
        static ARGS: Shape = Shape {
            identity: "",
            text: "struct(a:$0,b:$0)",
            refs: &[|| &LEAF],
        };
        assert_eq!(expand(&[&ARGS]), "struct(a:struct(x:u8),b:#0) ");
    }

    #[test]
    fn a_newtype_of_itself_ends() {
        static LOOP: Shape = Shape {
            identity: "",
            text: "[$0]",
            refs: &[|| &LOOP],
        };
        assert!(expand(&[&LOOP]).contains('!'));
    }
}
