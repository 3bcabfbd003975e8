#[derive(procwire::Type)]
pub struct Wrapper<T> {
    inner: T,
}

#[derive(procwire::Type)]
pub struct Pair(u32, u32);

#[derive(procwire::Type)]
pub struct Limits {
    #[range(1..=10)]
    name: String,
    #[len(3..=1)]
    title: String,
    #[pattern("(")]
    code: String,
    #[default("x")]
    count: u32,
    #[default(20)]
    #[range(36..=1200)]
    dpi: u32,
    size: usize,
}

#[derive(procwire::Type)]
pub enum Shape {
    Circle { radius: f64 },
    #[unknown]
    Other,
    Point(f64, f64),
}

fn takes(limits: Limits) -> impl procwire::Type {
    limits
}

fn main() {}
