mod geometry;
mod gone;

pub type Name = String;

pub struct Plain {
    w: f64,
}

#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn area(&self, a: geometry::Rect, b: Plain, c: Recd, d: Name) -> f64;
}
