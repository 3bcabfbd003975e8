//! Types that contain themselves: which of them can never be finished, and which need a pointer in between.

use std::collections::{BTreeMap, HashSet};

use crate::check::walk;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Decl, DeclIndex, DeclKind, Decls, Type, VariantBody};

/// Reports every type of which no value could be finished.
pub(super) fn check(decls: &Decls, found: &mut Diagnostics) {
    if !newtype_cycles(decls, found) {
        newtype_sizes(decls, found);
    }
    let finite = finite(decls);
    let endless: Edges = by_value(decls)
        .into_iter()
        .enumerate()
        .map(|(owner, mut targets)| {
            if finite[owner] {
                targets.clear();
            }
            targets.retain(|target| !finite[target.0 as usize]);
            targets
        })
        .collect();
    for cycle in cycles(&endless) {
        let Some((first, others)) = cycle.split_first() else {
            continue;
        };
        let Some(decl) = decls.get(*first) else {
            continue;
        };
        let others: Vec<String> = others
            .iter()
            .map(|other| format!("`{}`", decls.entry(*other).name))
            .collect();
        let through = if others.is_empty() {
            String::new()
        } else {
            format!(" through {}", others.join(", "))
        };
        found.push(
            Diagnostic::new(
                Code::InfiniteType,
                format!(
                    "{} `{}` contains itself without end{through}",
                    walk::kind(decl),
                    decl.name.text
                ),
            )
            .at(decl.name.span, "no value of it could ever be finished")
            .help("make the reference optional (`T?`), a list (`[T]`) or a map"),
        );
    }
}

/// A newtype is nothing but what it wraps, so one that wraps itself, even in a list, has no shape to write down. Says
/// whether there are such.
fn newtype_cycles(decls: &Decls, found: &mut Diagnostics) -> bool {
    let is_newtype = |index| {
        matches!(
            decls.get(index).map(|decl| &decl.kind),
            Some(DeclKind::Newtype(_))
        )
    };
    let edges: Edges = decls
        .iter()
        .map(|(_, entry)| {
            let mut wrapped = Vec::new();
            if let Some(DeclKind::Newtype(newtype)) = entry.decl.as_ref().map(|decl| &decl.kind) {
                newtype.ty.ty.each_ref(&mut |target| wrapped.push(target));
            }
            wrapped.retain(|target| is_newtype(*target));
            wrapped
        })
        .collect();
    let cycles = cycles(&edges);
    for cycle in &cycles {
        let Some(decl) = cycle.first().and_then(|first| decls.get(*first)) else {
            continue;
        };
        found.push(
            Diagnostic::new(
                Code::InfiniteType,
                format!("newtype `{}` wraps itself", decl.name.text),
            )
            .at(
                decl.name.span,
                "a newtype is only a name for what it wraps: put a struct or union in between",
            ),
        );
    }
    !cycles.is_empty()
}

/// The most types that a newtype may unfold to. Newtypes of newtypes multiply: forty pairs of pairs are 2⁴⁰ types.
const UNFOLDED: usize = 10_000;

/// A newtype stands for all that it wraps wherever it is mentioned, so that must have an end one can write down.
fn newtype_sizes(decls: &Decls, found: &mut Diagnostics) {
    let mut size = vec![0usize; decls.iter().count()];
    loop {
        let mut grew = false;
        for (index, entry) in decls.iter() {
            let Some(DeclKind::Newtype(newtype)) = entry.decl.as_ref().map(|decl| &decl.kind)
            else {
                continue;
            };
            let mut sum = 1usize;
            newtype.ty.ty.each_ref(&mut |target| {
                sum = sum
                    .saturating_add(size[target.0 as usize])
                    .saturating_add(1)
            });
            // Beyond the bound it is all the same, and newtypes in a circle end there.
            let sum = sum.min(UNFOLDED + 1);
            grew |= std::mem::replace(&mut size[index.0 as usize], sum) != sum;
        }
        if !grew {
            break;
        }
    }
    let first = decls
        .iter()
        .find(|(index, _)| size[index.0 as usize] > UNFOLDED);
    if let Some(decl) = first.and_then(|(_, entry)| entry.decl.as_ref()) {
        found.push(
            Diagnostic::new(
                Code::InfiniteType,
                format!(
                    "newtype `{}` unfolds to more than {UNFOLDED} types",
                    decl.name.text
                ),
            )
            .at(
                decl.name.span,
                "newtypes of newtypes multiply: put a struct in between",
            ),
        );
    }
}

/// Pairs of an owner and a type it holds by value that leads back to the owner.
pub(super) fn boxed(decls: &Decls) -> HashSet<(DeclIndex, DeclIndex)> {
    let edges = by_value(decls);
    let component = components(&edges);
    edges
        .iter()
        .enumerate()
        .flat_map(|(owner, targets)| {
            targets
                .iter()
                .map(move |target| (DeclIndex(owner as u32), *target))
        })
        .filter(|(owner, target)| component[owner.0 as usize] == component[target.0 as usize])
        .collect()
}

/// For each declaration, others that it leads to.
type Edges = Vec<Vec<DeclIndex>>;

/// Which declarations have values that can be finished: the least set closed under "made of finished parts only".
fn finite(decls: &Decls) -> Vec<bool> {
    let all: Vec<(DeclIndex, &Decl)> = decls
        .iter()
        .filter_map(|(index, entry)| Some((index, entry.decl.as_ref()?)))
        .collect();
    let mut finite = vec![false; decls.iter().count()];
    loop {
        let mut grew = false;
        // Both ways, since types are declared before or after their parts.
        for (index, decl) in all.iter().rev().chain(&all) {
            let at = index.0 as usize;
            if !finite[at] && is_finite_decl(decl, decls, &finite) {
                finite[at] = true;
                grew = true;
            }
        }
        if !grew {
            return finite;
        }
    }
}

/// The groups of declarations that lead to each other, and single ones that lead to themselves, each in order.
fn cycles(edges: &Edges) -> Vec<Vec<DeclIndex>> {
    let component = components(edges);
    let mut members: BTreeMap<usize, Vec<DeclIndex>> = BTreeMap::new();
    for (at, component) in component.iter().enumerate() {
        members
            .entry(*component)
            .or_default()
            .push(DeclIndex(at as u32));
    }
    let mut cycles: Vec<Vec<DeclIndex>> = members
        .into_values()
        .filter(|group| {
            group.len() > 1 || group.iter().any(|one| edges[one.0 as usize].contains(one))
        })
        .collect();
    cycles.sort();
    cycles
}

/// The strongly connected component of each declaration (Tarjan's algorithm with a stack of its own, since schemas
/// may be deeper than ours).
fn components(edges: &Edges) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let mut order = vec![NEW; edges.len()];
    let mut low = vec![NEW; edges.len()];
    let mut component = vec![NEW; edges.len()];
    let (mut next, mut held) = (0, Vec::new());
    for root in 0..edges.len() {
        if order[root] != NEW {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((at, edge)) = path.pop() {
            if edge == 0 {
                (order[at], low[at]) = (next, next);
                next += 1;
                held.push(at);
            }
            if let Some(target) = edges[at].get(edge) {
                let target = target.0 as usize;
                path.push((at, edge + 1));
                if order[target] == NEW {
                    path.push((target, 0));
                } else if component[target] == NEW {
                    low[at] = low[at].min(order[target]);
                }
                continue;
            }
            if low[at] == order[at] {
                while let Some(member) = held.pop() {
                    component[member] = at;
                    if member == at {
                        break;
                    }
                }
            }
            if let Some((parent, _)) = path.last() {
                low[*parent] = low[*parent].min(low[at]);
            }
        }
    }
    component
}

fn is_finite_decl(decl: &Decl, decls: &Decls, finite: &[bool]) -> bool {
    let ty = |ty: &Type| is_finite(ty, decls, finite);
    match &decl.kind {
        DeclKind::Newtype(newtype) => ty(&newtype.ty.ty),
        DeclKind::Enum(_) | DeclKind::Table(_) => true,
        DeclKind::Struct(record) => record.fields.iter().all(|field| ty(&field.ty.ty)),
        DeclKind::Union(union) => {
            union.variants.is_empty()
                || union.variants.iter().any(|variant| match &variant.body {
                    VariantBody::Fields(fields) => fields.iter().all(|field| ty(&field.ty.ty)),
                    VariantBody::Struct(body) => ty(&body.ty),
                })
        }
    }
}

fn is_finite(ty: &Type, decls: &Decls, finite: &[bool]) -> bool {
    match ty {
        Type::Array(item, _) => is_finite(item, decls, finite),
        Type::Tuple(items) => items.iter().all(|item| is_finite(item, decls, finite)),
        Type::Ref(index) => decls.get(*index).is_none() || finite[index.0 as usize],
        _ => true,
    }
}

/// For each declaration, the declarations it holds by value.
fn by_value(decls: &Decls) -> Edges {
    decls
        .iter()
        .map(|(_, entry)| {
            let mut held = Vec::new();
            if let Some(decl) = &entry.decl {
                match &decl.kind {
                    DeclKind::Newtype(newtype) => hold(&newtype.ty.ty, &mut held),
                    DeclKind::Union(union) => {
                        for variant in &union.variants {
                            if let VariantBody::Struct(ty) = &variant.body {
                                hold(&ty.ty, &mut held);
                            }
                        }
                    }
                    DeclKind::Enum(_) | DeclKind::Struct(_) | DeclKind::Table(_) => {}
                }
                for list in walk::fields_of(decl) {
                    list.fields
                        .iter()
                        .for_each(|field| hold(&field.ty.ty, &mut held));
                }
            }
            held
        })
        .collect()
}

fn hold(ty: &Type, held: &mut Vec<DeclIndex>) {
    match ty {
        Type::Optional(inner) | Type::Array(inner, _) => hold(inner, held),
        Type::Tuple(items) => items.iter().for_each(|item| hold(item, held)),
        Type::Ref(index) if !held.contains(index) => held.push(*index),
        _ => {}
    }
}
