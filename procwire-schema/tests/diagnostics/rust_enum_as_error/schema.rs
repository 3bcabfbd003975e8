#[derive(procwire::Type)]
pub enum Failure {
    Broken,
}

#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn open(&self) -> Result<String, Failure>;
}
