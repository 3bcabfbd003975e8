//! Optionals, lists, arrays, maps and tuples.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, SerializeTuple};
use serde::{Deserializer, Serializer};

use super::check::{At, Violations};
use super::record::{at_index, at_key};
use super::types::{As, AsRef, Type, shape};
use crate::contract::Shape;

impl<T: Type> Type for Option<T> {
    const SHAPE: &'static Shape = &Shape {
        identity: "",
        text: "$0?",
        refs: &[shape::<T>],
    };

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(serializer),
            None => serializer.serialize_unit(),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Maybe<T>(PhantomData<T>);
        impl<'de, T: Type> Visitor<'de> for Maybe<T> {
            type Value = Option<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or nil")
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
                T::read(inner).map(Some)
            }
        }
        deserializer.deserialize_option(Maybe(PhantomData))
    }

    fn check(&self, at: &At<'_>, found: &mut Violations) {
        if let Some(value) = self {
            value.check(at, found);
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Type> Type for Vec<T> {
    const SHAPE: &'static Shape = &Shape {
        identity: "",
        text: "[$0]",
        refs: &[shape::<T>],
    };

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_list(self, serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(List(PhantomData))
    }

    fn check(&self, at: &At<'_>, found: &mut Violations) {
        check_list(self, at, found);
    }
}

impl<T: Type, const N: usize> Type for [T; N] {
    const SHAPE: &'static Shape = &Shape {
        identity: "",
        text: ArrayText::<N>::TEXT.as_str(),
        refs: &[shape::<T>],
    };

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_list(self, serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list: Vec<T> = deserializer.deserialize_seq(List(PhantomData))?;
        let len = list.len();
        list.try_into()
            .map_err(|_| D::Error::invalid_length(len, &format!("{N} elements").as_str()))
    }

    fn check(&self, at: &At<'_>, found: &mut Violations) {
        check_list(self, at, found);
    }
}

fn write_list<T: Type, S: Serializer>(list: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    let mut seq = serializer.serialize_seq(Some(list.len()))?;
    for value in list {
        seq.serialize_element(&AsRef(value))?;
    }
    seq.end()
}

fn check_list<T: Type>(list: &[T], at: &At<'_>, found: &mut Violations) {
    for (index, value) in list.iter().enumerate() {
        value.check(&at.index(index), found);
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: Type> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::with_capacity(cautious::<T>(seq.size_hint()));
        while let Some(As(value)) = seq
            .next_element()
            .map_err(|error| at_index(list.len(), &error))?
        {
            list.push(value);
        }
        Ok(list)
    }
}

/// The announced size, unless it would take more than 64 KiB: anyone can announce anything.
fn cautious<T>(hint: Option<usize>) -> usize {
    hint.unwrap_or(0).min((64 << 10) / size_of::<T>().max(1))
}

/// `[$0;N]`, written at compile time.
struct ArrayText<const N: usize> {
    bytes: [u8; 26],
    len: usize,
}

impl<const N: usize> ArrayText<N> {
    const TEXT: &'static Self = &Self::new();

    const fn new() -> Self {
        let mut bytes = *b"[$0;                      ";
        let (mut digits, mut rest) = (1, N / 10);
        while rest > 0 {
            digits += 1;
            rest /= 10;
        }
        let (mut at, mut rest) = (4 + digits, N);
        while at > 4 {
            at -= 1;
            bytes[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        bytes[4 + digits] = b']';
        Self {
            bytes,
            len: 5 + digits,
        }
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "[$0;?]", // not reachable: only ASCII is written above
        }
    }
}

/// What may be the key of a map: strings, integers, enums and newtypes of those.
macro_rules! maps {
    ($map:ident, $($bound:path),+; $($hasher:ident)?) => {
        impl<K: Type + Eq + fmt::Debug $(+ $bound)+, V: Type $(, $hasher: BuildHasher + Default + Send + 'static)?> Type for $map<K, V $(, $hasher)?> {
            const SHAPE: &'static Shape = &Shape { identity: "", text: "{$0:$1}", refs: &[shape::<K>, shape::<V>] };

            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(self.len()))?;
                for (key, value) in self {
                    map.serialize_entry(&AsRef(key), &AsRef(value))?;
                }
                map.end()
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut map = Self::default();
                deserializer.deserialize_map(Entries(|key: K, value: V| {
                    map.insert(key, value);
                }, PhantomData))?;
                Ok(map)
            }

            fn check(&self, at: &At<'_>, found: &mut Violations) {
                for (key, value) in self {
                    let shown = format!("{key:?}");
                    let shown = shown.trim_matches('"');
                    let here = at.key(&shown);
                    key.check(&here, found);
                    value.check(&here, found);
                }
            }
        }
    };
}

maps!(BTreeMap, Ord; );
maps!(HashMap, Hash; H);

struct Entries<F, K, V>(F, PhantomData<(K, V)>);

impl<'de, F: FnMut(K, V), K: Type + fmt::Debug, V: Type> Visitor<'de> for Entries<F, K, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(As(key)) = map.next_key::<As<K>>()? {
            let As(value) = map.next_value().map_err(|error| at_key(&key, &error))?;
            (self.0)(key, value);
        }
        Ok(())
    }
}

macro_rules! tuples {
    ($($len:literal $text:literal ($($name:ident $index:tt)+))*) => {$(
        impl<$($name: Type),+> Type for ($($name,)+) {
            const SHAPE: &'static Shape = &Shape { identity: "", text: $text, refs: &[$(shape::<$name>),+] };

            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut tuple = serializer.serialize_tuple($len)?;
                $(tuple.serialize_element(&AsRef(&self.$index))?;)+
                tuple.end()
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Tuple<$($name),+>(PhantomData<($($name,)+)>);
                impl<'de, $($name: Type),+> Visitor<'de> for Tuple<$($name),+> {
                    type Value = ($($name,)+);

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("a list of ", $len, " values"))
                    }

                    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                        let value = ($(
                            match seq.next_element::<As<$name>>().map_err(|error| at_index($index, &error))? {
                                Some(As(value)) => value,
                                None => return Err(A::Error::invalid_length($index, &self)),
                            },
                        )+);
                        // A longer list is an error too, and is found here rather than by the format.
                        match seq.next_element::<serde::de::IgnoredAny>()? {
                            None => Ok(value),
                            Some(_) => Err(A::Error::invalid_length($len + 1, &self)),
                        }
                    }
                }
                deserializer.deserialize_tuple($len, Tuple(PhantomData))
            }

            fn check(&self, at: &At<'_>, found: &mut Violations) {
                $(self.$index.check(&at.index($index), found);)+
            }
        }
    )*};
}

tuples! {
    1 "($0)" (T0 0)
    2 "($0,$1)" (T0 0 T1 1)
    3 "($0,$1,$2)" (T0 0 T1 1 T2 2)
    4 "($0,$1,$2,$3)" (T0 0 T1 1 T2 2 T3 3)
    5 "($0,$1,$2,$3,$4)" (T0 0 T1 1 T2 2 T3 3 T4 4)
    6 "($0,$1,$2,$3,$4,$5)" (T0 0 T1 1 T2 2 T3 3 T4 4 T5 5)
    7 "($0,$1,$2,$3,$4,$5,$6)" (T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6)
    8 "($0,$1,$2,$3,$4,$5,$6,$7)" (T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7)
    9 "($0,$1,$2,$3,$4,$5,$6,$7,$8)" (T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7 T8 8)
    10 "($0,$1,$2,$3,$4,$5,$6,$7,$8,$9)" (T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7 T8 8 T9 9)
    11 "($0,$1,$2,$3,$4,$5,$6,$7,$8,$9,$10)" (T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7 T8 8 T9 9 T10 10)
    12 "($0,$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)" (T0 0 T1 1 T2 2 T3 3 T4 4 T5 5 T6 6 T7 7 T8 8 T9 9 T10 10 T11 11)
}
