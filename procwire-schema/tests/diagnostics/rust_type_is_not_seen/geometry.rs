#[derive(procwire::Type)]
pub struct Rect {
    w: f64,
}
