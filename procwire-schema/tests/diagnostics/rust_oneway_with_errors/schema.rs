#[derive(procwire::Type)]
pub enum Failure {
    Broken {},
}

#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    #[timeout("3s")]
    async fn level(&self, a: u8) -> Result<Oneway, Failure>;
}
