#[derive(procwire::Type)]
pub enum Level {
    Low,
    #[unknown]
    Other,
    High,
}

#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn open(&self) -> Level;
}
