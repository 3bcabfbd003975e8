//! What the simulated workers serve. The bytes of an answer follow from the call and the process, so that no answer can be mistaken.

use bytes::Bytes;

use crate::codec::{Never, Type};
use crate::contract::{Codec, Contract, Event, Keep, Kind, Method, SpawnDefaults, Timeout};
use crate::module::{Call, Client, Module};

pub(super) static CONTRACT: Contract = Contract {
    name: "simulated",
    version: "1.0.0",
    methods: &[
        method("run", Kind::Result, false),
        method("look", Kind::Result, true),
        method("flow", Kind::Stream, false),
        method("tour", Kind::Stream, true),
        method("tell", Kind::None, false),
    ],
    events: &[Event {
        name: "tick",
        codec: Codec::Raw,
        keep: Keep::All,
        payload: || <Bytes as Type>::SHAPE,
    }],
};

// Ids on the wire, one more than the place in the contract.
const LOOK: u16 = 2;
pub(super) const FLOW: u16 = 3;
pub(super) const TOUR: u16 = 4;
pub(super) const TELL: u16 = 5;

const fn method(name: &'static str, kind: Kind, idempotent: bool) -> Method {
    Method {
        name,
        kind,
        args_codec: Codec::Raw,
        answer_codec: Codec::Raw,
        cancellable: true,
        idempotent,
        timeout: Timeout::Default,
        args: || <Bytes as Type>::SHAPE,
        answer: || <Bytes as Type>::SHAPE,
        error: None,
    }
}

pub(super) const fn is_idempotent(id: u16) -> bool {
    matches!(id, LOOK | TOUR)
}

/// The client, as it would be generated.
pub(super) struct Simulated(Module);

impl Client for Simulated {
    const CONTRACT: &'static Contract = &CONTRACT;
    const SPAWN: Option<&'static SpawnDefaults> = None;

    fn from_module(module: Module) -> Self {
        Self(module)
    }
}

impl Simulated {
    pub(super) const fn module(&self) -> &Module {
        &self.0
    }
}

/// Call number `call` of a method by its id, with so many bytes beside.
pub(super) fn call(module: &Module, id: u16, call: u64, size: usize) -> Call<Bytes, Bytes, Never> {
    let mut args = call.to_be_bytes().to_vec();
    args.resize(8 + size, 7);
    Call::new(module, usize::from(id - 1), Bytes::from(args))
}

/// Which call a request is.
pub(super) fn call_of(payload: &[u8]) -> u64 {
    payload
        .first_chunk()
        .map_or(u64::MAX, |bytes| u64::from_be_bytes(*bytes))
}

/// What a process answers to a call; of a stream, the item at `index`.
pub(super) fn answer(call: u64, pid: u32, index: u64) -> Vec<u8> {
    [call, u64::from(pid), index, digest(call, pid, index)]
        .map(u64::to_be_bytes)
        .concat()
}

/// The process and the index of an answer, if it is one to this call.
pub(super) fn read_answer(call: u64, bytes: &[u8]) -> Option<(u32, u64)> {
    let word = |at: usize| Some(u64::from_be_bytes(*bytes.get(at * 8..)?.first_chunk()?));
    let (pid, index) = (u32::try_from(word(1)?).ok()?, word(2)?);
    let fits = bytes.len() == 32 && word(0)? == call && word(3)? == digest(call, pid, index);
    fits.then_some((pid, index))
}

const fn digest(call: u64, pid: u32, index: u64) -> u64 {
    let mixed = call.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (pid as u64) << 32 ^ index;
    crate::chance::seeded::next(mixed).1
}
