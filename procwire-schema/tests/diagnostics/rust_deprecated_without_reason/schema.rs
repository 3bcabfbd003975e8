#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    #[deprecated]
    async fn open(&self) -> String;
}
