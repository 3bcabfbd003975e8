#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn open(&self, (a, b): (u8, u8), mut c: u8) -> String;
}
