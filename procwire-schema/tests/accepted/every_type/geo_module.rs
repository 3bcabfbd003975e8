//! The types of `geo.toml`.

/// A place.
#[derive(Clone, Copy, Debug, procwire::Type)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

pub struct NotOfTheContract<'a, T>(&'a T);

impl<T> NotOfTheContract<'_, T> {
    pub const fn nothing(&self) -> bool {
        const { true }
    }
}
