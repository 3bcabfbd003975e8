#[derive(procwire::Type)]
pub struct Page { index u32 }

#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn open(&self) -> Page;
}
