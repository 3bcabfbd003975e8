#!/usr/bin/env run-cargo-script
//! The same module as `every_type.toml`, with what else stands in a file.
#![allow(dead_code)]

use std::collections::{BTreeMap, HashMap};

#[path = "geo_module.rs"]
pub mod geo;
mod absent;

use geo::Point;

const LIMIT: usize = { 5 };

macro_rules! anything {
    ($($t:tt)*) => { $($t)* };
}

/// A handle.
#[derive(procwire::Type)]
pub struct Handle(
    #[pattern("^h_[0-9a-f]{4}$")]
    #[len(6)]
    pub String,
);

#[derive(procwire::Type)]
pub struct Percent(#[range(0..=100)] u8);

#[derive(procwire::Type)]
pub struct Shorts(#[len(..=8)] Vec<i16>);

#[derive(procwire::Type)]
pub struct Owner(Handle);

mod choices {
    use procwire::Type;

    #[derive(Clone, Default, Type)]
    pub(crate) enum Level {
        #[default]
        Debug,
        HighDpi,
    }

    #[derive(::procwire::Type)]
    pub(crate) enum Format {
        Png,
        Webp,
        #[unknown]
        Unknown(String),
    }

    #[cfg(test)]
    mod tests {
        #[derive(procwire::Type)]
        struct OnlyInTests;
    }
}

#[derive(procwire::Type)]
pub struct Scalars {
    a: bool,
    b: procwire::Int,
    c: i8,
    d: i16,
    e: i32,
    f: i64,
    g: u8,
    h: u16,
    i: u32,
    j: u64,
    k: f32,
    l: f64,
    m: std::string::String,
    n: bytes::Bytes,
    o: std::time::SystemTime,
    p: std::time::Duration,
    q: procwire::Decimal,
    r: uuid::Uuid,
    s: serde_json::Value,
}

#[derive(procwire::Type)]
pub struct Defaults {
    #[default(true)]
    a: bool,
    #[default(-9_007_199_254_740_991)]
    b: Int,
    #[default(-128)]
    c: i8,
    #[default(18_446_744_073_709_551_615)]
    d: u64,
    #[default(0.5)]
    e: f32,
    #[default(2)]
    f: f64,
    #[default("a \"quoted\" \\ back\nslash, naïve ☃")]
    g: String,
    #[default("AAEC/w==")]
    h: Bytes,
    #[default("2026-01-02T03:04:05.25Z")]
    i: SystemTime,
    #[default("1500ms")]
    j: Duration,
    #[default("12.30")]
    k: Decimal,
    #[default("00112233-4455-6677-8899-aabbccddeeff")]
    l: Uuid,
    #[default(Level::HighDpi)]
    m: Level,
    #[default("h_00ff")]
    n: Handle,
    #[default(50)]
    o: Percent,
    #[default([1, 2, 3])]
    p: Vec<u32>,
    #[default([Level::Debug])]
    q: Vec<Level>,
    #[default((7, "seven"))]
    r: (u8, String),
    #[default([0, 0.5, 1])]
    s: [f32; 3],
    #[default([("a", "b")])]
    t: BTreeMap<String, String>,
    #[default([(5, true)])]
    u: HashMap<u64, bool>,
    #[default({})]
    v: BTreeMap<String, u32>,
    #[default("here")]
    #[deprecated(since = "0.1.0", note = "use g")]
    w: Option<String>,
}

#[derive(procwire::Type)]
pub struct Constraints {
    #[range(36..=1200)]
    #[default(150)]
    dpi: u32,
    #[range(-5..5)]
    below: i64,
    #[range(0..=1)]
    ratio: f64,
    #[range(0.5..)]
    least: f32,
    #[len(1..=5)]
    title: String,
    #[len(..5)]
    blob: Bytes,
    #[len(2..)]
    list: Vec<String>,
    #[len(3)]
    #[pattern(r"^[A-Z]{2}\d$")]
    code: Option<String>,
}

#[derive(procwire::Type)]
pub struct Containers {
    list: Vec<Vec<u16>>,
    optional: Option<Vec<Option<u16>>>,
    fixed: [geo::Point; 2],
    by_text: BTreeMap<String, u32>,
    by_level: HashMap<Level, Vec<Handle>>,
    triple: (Point, Vec<Level>, Option<SystemTime>),
    owner: Box<Owner>,
    shorts: Shorts,
    format: Format,
}

#[derive(procwire::Type)]
pub struct Node {
    value: Int,
    r#type: String,
    #[default([])]
    children: Vec<Node>,
    next: Option<Box<Node>>,
}

#[derive(procwire::Type)]
pub struct Circle {
    centre: Point,
}

#[derive(procwire::Type)]
pub enum Shape {
    /// Round.
    Circle(Circle),
    /// Made of corners.
    Polygon {
        points: Vec<Point>,
        #[default(true)]
        closed: bool,
    },
    Nothing,
    #[unknown]
    Unknown(procwire::RawValue),
}

#[derive(procwire::Type)]
pub enum Expr {
    Number { value: f64 },
    Sum { left: Box<Expr>, right: Box<Expr> },
}

#[derive(procwire::Type)]
pub enum Failure {
    /// No such thing.
    NotFound { path: String },
    Busy {},
}

/// Every type, default and constraint, every way to answer.
#[procwire::module(version = "0.1.0-beta.2")]
pub trait EveryType {
    #[timeout("1m")]
    #[idempotent]
    #[deprecated = "use everything"]
    async fn scalars(&self, #[payload] all: Scalars) -> Result<Defaults, Failure>;
    #[timeout("none")]
    async fn everything(&self, constraints: Constraints, containers: Option<Containers>, node: Node) -> (Shape, Expr);
    async fn nothing(&self) -> Option<String>;
    #[codec(msgpack)]
    fn raw(&self, #[payload] data: Bytes) -> Answers<Bytes, Failure>;
    #[cancellable(false)]
    async fn take(&self, class: Vec<u32>) -> Result<procwire::Ack<()>, Failure>;
    async fn receipt(&self) -> Ack<Scalars>;
    async fn fire(&self, #[default(Level::Debug)] level: Level) -> Oneway;
    #[event]
    fn found(#[payload] shape: Shape);
    #[event]
    #[keep(latest)]
    #[deprecated = "nobody listens"]
    fn tick();
    #[event]
    fn moved(from: geo::Point, #[default(1)] by: u8);
}
