#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    #[range(1..=5)]
    async fn open(&self, #[timeout("5s")] path: String) -> u32;
}

fn main() {}
