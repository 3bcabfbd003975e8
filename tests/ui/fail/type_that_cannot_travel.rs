pub struct Plain;

#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn open(&self, plain: Plain) -> u32;
}

fn main() {}
