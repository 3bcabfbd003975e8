#[derive(procwire::Type)]
pub struct Page<T> {
    index: T,
}

#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn open<T>(&self, a: Page<u8>) -> String;
    async fn lend(&self, a: impl Clone) -> String;
}
