#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn open(&self) -> String;
}

#[procwire::module(version = "1.0.0")]
pub trait Audio {
    async fn play(&self) -> String;
}
